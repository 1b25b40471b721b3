# SPDX-License-Identifier: Apache-2.0
"""Bodies of /group_types and of their specs."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.schemas import common
from cinder_lite.api.validation import Body

_SPECS: dict[str, Any] = {
    "type": "object",
    "patternProperties": {
        "^[a-zA-Z0-9-_:.]{1,255}$": {"type": ["string", "null"], "maxLength": 255}
    },
    "additionalProperties": False,
}

CREATE = Body(
    {
        0: common.envelope(
            "group_type",
            {
                "type": "object",
                "properties": {
                    "name": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 255,
                        "format": "name",
                    },
                    "description": common.DESCRIPTION,
                    "is_public": common.BOOLEAN,
                    "group_specs": {**common.METADATA, "type": ["object", "null"]},
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
            "group_type",
            {
                "type": "object",
                "properties": {
                    "name": common.NAME_OR_NULL,
                    "description": common.DESCRIPTION,
                    "is_public": common.BOOLEAN,
                },
                "additionalProperties": False,
            },
        )
    }
)

SPECS = Body({0: common.envelope("group_specs", _SPECS)})

SPEC = Body({0: {**_SPECS, "minProperties": 1, "maxProperties": 1}})
