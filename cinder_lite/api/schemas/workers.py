# SPDX-License-Identifier: Apache-2.0
"""The body of POST /workers/cleanup."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.schemas import common
from cinder_lite.api.validation import Body

_HOST: dict[str, Any] = {
    "type": ["string", "null"],
    "minLength": 1,
    "maxLength": 255,
    "pattern": "^[a-zA-Z0-9-._#@:/+]*$",
}

CLEANUP = Body(
    {
        0: {
            "type": "object",
            "properties": {
                "cluster_name": _HOST,
                "disabled": common.BOOLEAN,
                "host": _HOST,
                "is_up": common.BOOLEAN,
                "binary": {"enum": ["cinder-volume", "cinder-scheduler"]},
                "resource_id": common.UUID_OR_NULL,
                "resource_type": {"type": ["string", "null"], "maxLength": 40},
                "service_id": {
                    "type": ["integer", "string", "null"],
                    "pattern": "^[0-9]*$",
                    "maxLength": 11,
                },
            },
            "additionalProperties": False,
        }
    }
)
