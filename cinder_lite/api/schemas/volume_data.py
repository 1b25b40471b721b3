# SPDX-License-Identifier: Apache-2.0
"""Bodies of the actions that change a volume's size or data, or forget it."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.schemas import common
from cinder_lite.api.validation import Body

EXTEND = Body(
    {
        0: common.envelope(
            "os-extend",
            {
                "type": "object",
                "properties": {
                    "new_size": {
                        "type": ["integer", "string"],
                        "pattern": "^[0-9]+$",
                        "minimum": 1,
                        "maximum": 2**31 - 1,
                        "maxLength": 40,
                    }
                },
                "required": ["new_size"],
                "additionalProperties": False,
            },
        )
    }
)

EXTEND_COMPLETION = Body(
    {
        0: common.envelope(
            "os-extend_volume_completion",
            {
                "type": "object",
                "properties": {"error": {"type": ["string", "null", "boolean"]}},
                "additionalProperties": False,
            },
        )
    }
)

_REVERT: dict[str, Any] = {
    "type": "object",
    "properties": {"snapshot_id": {"type": ["string", "null"]}},
    "additionalProperties": True,
}

REVERT = Body({40: common.envelope("revert", _REVERT)})

UNMANAGE = Body({0: common.envelope("os-unmanage", {})})
"""What the action carries is not looked at, as in Cinder."""
