# SPDX-License-Identifier: Apache-2.0
"""Bodies of /snapshots and of a snapshot's actions."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.schemas import common
from cinder_lite.api.validation import Body

_TEXT: dict[str, Any] = {"type": ["string", "null"], "maxLength": 255}

CREATE = Body(
    {
        0: common.envelope(
            "snapshot",
            {
                "type": "object",
                "properties": {
                    "name": _TEXT,
                    "display_name": _TEXT,
                    "description": _TEXT,
                    "volume_id": common.UUID_OR_NULL,
                    "force": common.BOOLEAN,
                    "metadata": {**common.METADATA, "type": ["object", "null"]},
                },
                "required": ["volume_id"],
                "additionalProperties": False,
            },
        )
    }
)

_CHANGES = ("name", "description", "display_name", "display_description")

UPDATE = Body(
    {
        0: common.envelope(
            "snapshot",
            {
                "type": "object",
                "properties": dict.fromkeys(_CHANGES, _TEXT),
                "additionalProperties": False,
                "anyOf": [{"required": [name]} for name in _CHANGES],
            },
        )
    }
)

RESET_STATUS = Body(
    {
        0: common.envelope(
            "os-reset_status",
            {
                "type": "object",
                "properties": {"status": {"type": "string"}},
                "required": ["status"],
                "additionalProperties": False,
            },
        )
    }
)

UPDATE_STATUS = Body(
    {
        0: common.envelope(
            "os-update_snapshot_status",
            {
                "type": "object",
                "properties": {
                    "status": {"type": "string"},
                    "progress": {"type": ["string", "null"]},
                },
                "required": ["status"],
                "additionalProperties": False,
            },
        )
    }
)

FORCE_DELETE = Body({0: common.envelope("os-force_delete", {})})
"""What the action carries is not looked at, as in Cinder."""

UNMANAGE = Body({0: common.envelope("os-unmanage", {})})
