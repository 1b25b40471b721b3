# SPDX-License-Identifier: Apache-2.0
"""Bodies of the attachments resource."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.schemas import common
from cinder_lite.api.validation import Body

_UUID: dict[str, Any] = {"type": "string", "format": "uuid"}
_CREATE: dict[str, Any] = {
    "instance_uuid": _UUID,
    "connector": {"type": ["object", "null"]},
    "volume_uuid": _UUID,
}
_MODE: dict[str, Any] = {"mode": {"type": "string", "enum": ["rw", "ro"]}}


def _create(properties: dict[str, Any]) -> dict[str, Any]:
    return common.envelope(
        "attachment",
        {
            "type": "object",
            "properties": properties,
            "required": ["volume_uuid"],
            "additionalProperties": False,
        },
    )


CREATE = Body({0: _create(_CREATE), 54: _create({**_CREATE, **_MODE})})

UPDATE = Body(
    {
        0: common.envelope(
            "attachment",
            {
                "type": "object",
                "properties": {"connector": {"type": "object", "minProperties": 1}},
                "required": ["connector"],
                "additionalProperties": False,
            },
        )
    }
)

COMPLETE = Body({0: common.envelope("os-complete", {})})
"""What the action carries is not looked at, as in Cinder."""
