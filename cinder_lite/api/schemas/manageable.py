# SPDX-License-Identifier: Apache-2.0
"""Bodies of the calls that take over volumes and snapshots."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.schemas import common
from cinder_lite.api.validation import Body

_TEXT: dict[str, Any] = {"type": ["string", "null"], "maxLength": 255}
_METADATA: dict[str, Any] = {**common.METADATA, "type": ["object", "null"]}


def _volume(**further: dict[str, Any]) -> dict[str, Any]:
    return common.envelope(
        "volume",
        {
            "type": "object",
            "properties": {
                "description": _TEXT,
                "availability_zone": _TEXT,
                "bootable": common.BOOLEAN,
                "volume_type": _TEXT,
                "name": _TEXT,
                "host": {
                    "type": ["string", "null"],
                    "minLength": 1,
                    "maxLength": 255,
                    "pattern": r"^[a-zA-Z0-9-._#@:/+\[\]]*$",
                },
                "ref": {"type": ["object", "string"]},
                "metadata": _METADATA,
                **further,
            },
            "required": ["ref"],
            "additionalProperties": False,
        },
    )


VOLUME = Body({0: _volume(), 16: _volume(cluster=_TEXT)})

SNAPSHOT = Body(
    {
        0: common.envelope(
            "snapshot",
            {
                "type": "object",
                "properties": {
                    "description": _TEXT,
                    "metadata": _METADATA,
                    "name": _TEXT,
                    "volume_id": {"type": "string", "format": "uuid"},
                    "ref": {"type": ["object", "null", "string"]},
                },
                "required": ["ref", "volume_id"],
                "additionalProperties": False,
            },
        )
    }
)
