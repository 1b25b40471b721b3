# SPDX-License-Identifier: Apache-2.0
"""Bodies of POST /volumes/{id}/action."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.schemas import common
from cinder_lite.api.validation import Body

_HOST: dict[str, Any] = {"type": "string", "maxLength": 255}
_NULLABLE_NAME: dict[str, Any] = {"type": ["string", "null"], "maxLength": 255}
_OPTIONS = {
    "force_host_copy": common.BOOLEAN,
    "lock_volume": common.BOOLEAN,
    "offline_servers": common.BOOLEAN,
}

MIGRATE = Body(
    {
        0: common.envelope(
            "os-migrate_volume",
            {
                "type": "object",
                "properties": {"host": _HOST, **_OPTIONS},
                "required": ["host"],
                "additionalProperties": False,
            },
        ),
        16: common.envelope(
            "os-migrate_volume",
            {
                "type": "object",
                "properties": {"host": _NULLABLE_NAME, "cluster": _NULLABLE_NAME, **_OPTIONS},
                "additionalProperties": False,
            },
        ),
    }
)

MIGRATE_COMPLETION = Body(
    {
        0: common.envelope(
            "os-migrate_volume_completion",
            {
                "type": "object",
                "properties": {
                    "new_volume": {"type": "string", "format": "uuid"},
                    "error": {"type": ["string", "null", "boolean"]},
                },
                "required": ["new_volume"],
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
                "properties": {
                    "status": common.TEXT_OR_NULL,
                    "attach_status": common.TEXT_OR_NULL,
                    "migration_status": common.TEXT_OR_NULL,
                },
                "additionalProperties": False,
            },
        )
    }
)

RETYPE = Body(
    {
        0: common.envelope(
            "os-retype",
            {
                "type": "object",
                "properties": {
                    "new_type": {"type": "string"},
                    "migration_policy": {
                        "type": ["string", "null"],
                        "enum": ["on-demand", "never"],
                    },
                    "offline_servers": common.BOOLEAN,
                },
                "required": ["new_type"],
                "additionalProperties": False,
            },
        )
    }
)

FORCE_DELETE = Body({0: common.envelope("os-force_delete", {})})
"""What the action carries is not looked at, as in Cinder."""
