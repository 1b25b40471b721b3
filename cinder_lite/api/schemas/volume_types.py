# SPDX-License-Identifier: Apache-2.0
"""Bodies of /types and of their extra specs."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.schemas import common
from cinder_lite.api.validation import Body

_SPEC_VALUE: dict[str, Any] = {"type": ["string", "null"], "maxLength": 255}
_SPEC_KEY = "^[a-zA-Z0-9-_:.]{1,255}$"
_DESCRIPTION: dict[str, Any] = {"type": ["string", "null"], "maxLength": 255}


def _specs(key: str, **limits: int) -> dict[str, Any]:
    return {
        "type": "object",
        "patternProperties": {key: _SPEC_VALUE},
        "additionalProperties": False,
        **limits,
    }


CREATE = Body(
    {
        0: common.envelope(
            "volume_type",
            {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "minLength": 1, "maxLength": 255},
                    "description": _DESCRIPTION,
                    "extra_specs": _specs(common.METADATA_KEY),
                    "os-volume-type-access:is_public": common.BOOLEAN,
                },
                "required": ["name"],
                "additionalProperties": False,
            },
        )
    }
)

UPDATE = Body(
    {
        0: common.envelope(
            "volume_type",
            {
                "type": "object",
                "properties": {
                    "name": {"type": ["string", "null"], "minLength": 1, "maxLength": 255},
                    "description": _DESCRIPTION,
                    "is_public": common.BOOLEAN,
                },
                "additionalProperties": False,
            },
        )
    }
)

_PROJECT: dict[str, Any] = {
    "type": "object",
    "properties": {"project": {"type": "string", "minLength": 1, "maxLength": 255}},
    "required": ["project"],
    "additionalProperties": False,
}

ADD_ACCESS = Body({0: common.envelope("addProjectAccess", _PROJECT)})
REMOVE_ACCESS = Body({0: common.envelope("removeProjectAccess", _PROJECT)})


def _encryption(*required: str) -> Body:
    return Body(
        {
            0: common.envelope(
                "encryption",
                {
                    "type": "object",
                    "properties": {
                        "key_size": {
                            "type": ["string", "integer", "null"],
                            "minimum": 0,
                            "maximum": 2**31 - 1,
                            "pattern": r"^\s*[0-9]{1,9}\s*$",
                        },
                        "provider": {"type": "string", "maxLength": 255},
                        "control_location": {"enum": ["front-end", "back-end"]},
                        "cipher": {"type": ["string", "null"], "maxLength": 255},
                    },
                    **({"required": list(required)} if required else {}),
                    "additionalProperties": True,
                },
            )
        }
    )


ENCRYPTION_CREATE = _encryption("provider", "control_location")
ENCRYPTION_UPDATE = _encryption()

DEFAULT_TYPE = Body(
    {
        0: common.envelope(
            "default_type",
            {
                "type": "object",
                "properties": {"volume_type": {"type": "string", "minLength": 1, "maxLength": 255}},
                "required": ["volume_type"],
                "additionalProperties": False,
            },
        )
    }
)

EXTRA_SPECS = Body({0: common.envelope("extra_specs", _specs(_SPEC_KEY))})

EXTRA_SPEC = Body({0: _specs(_SPEC_KEY, minProperties=1, maxProperties=1)})
