# SPDX-License-Identifier: Apache-2.0
"""Bodies of /backups."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.schemas import common
from cinder_lite.api.validation import Body

_TEXT: dict[str, Any] = {"type": ["string", "null"], "maxLength": 255}
_CREATE: dict[str, Any] = {
    "volume_id": {"type": "string", "format": "uuid"},
    "container": {"type": ["string", "null"], "maxLength": 255},
    "description": _TEXT,
    "incremental": common.BOOLEAN,
    "force": common.BOOLEAN,
    "name": _TEXT,
    "snapshot_id": common.UUID_OR_NULL,
}
_UPDATE: dict[str, Any] = {"name": _TEXT, "description": _TEXT}
_METADATA: dict[str, Any] = {**common.METADATA, "type": ["object", "null"]}


def _create(**further: dict[str, Any]) -> dict[str, Any]:
    return common.envelope(
        "backup",
        {
            "type": "object",
            "properties": {**_CREATE, **further},
            "required": ["volume_id"],
            "additionalProperties": False,
        },
    )


def _optional(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    return common.envelope(
        name,
        {
            "type": ["object", "null"],
            "properties": properties,
            "additionalProperties": False,
        },
    )


CREATE = Body(
    {
        0: _create(),
        43: _create(metadata=_METADATA),
        51: _create(metadata=_METADATA, availability_zone=_TEXT),
    }
)

UPDATE = Body(
    {
        9: _optional("backup", _UPDATE),
        43: _optional("backup", {**_UPDATE, "metadata": common.METADATA}),
    }
)

RESTORE = Body({0: _optional("restore", {"name": _TEXT, "volume_id": common.UUID_OR_NULL})})

IMPORT = Body(
    {
        0: common.envelope(
            "backup-record",
            {
                "type": "object",
                "properties": {
                    "backup_service": {"type": "string", "minLength": 1, "maxLength": 255},
                    "backup_url": {"type": "string", "minLength": 1},
                },
                "required": ["backup_service", "backup_url"],
                "additionalProperties": False,
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
                "properties": {"status": {"type": "string", "format": "backup_status"}},
                "required": ["status"],
                "additionalProperties": False,
            },
        )
    }
)

FORCE_DELETE = Body({0: common.envelope("os-force_delete", {})})
