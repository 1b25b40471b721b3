# SPDX-License-Identifier: Apache-2.0
"""Bodies of /volumes and of a volume's metadata."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.schemas import common
from cinder_lite.api.validation import Body

_VOLUME: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": common.TEXT_OR_NULL,
        "description": common.TEXT_OR_NULL,
        "display_name": common.TEXT_OR_NULL,
        "display_description": common.TEXT_OR_NULL,
        "size": {
            "type": ["integer", "string", "null"],
            "pattern": "^[0-9]+$",
            "minimum": 1,
            "maximum": 2**31 - 1,
            "maxLength": 40,
        },
        "volume_type": {"type": ["string", "null"], "maxLength": 255},
        "availability_zone": {"type": ["string", "null"], "minLength": 1, "maxLength": 255},
        "metadata": {**common.METADATA, "type": ["object", "null"]},
        "multiattach": {"oneOf": [common.BOOLEAN, {"type": "null"}]},
        "snapshot_id": common.UUID_OR_NULL,
        "source_volid": common.UUID_OR_NULL,
        "consistencygroup_id": common.UUID_OR_NULL,
        "group_id": common.UUID_OR_NULL,
        "backup_id": common.UUID_OR_NULL,
        "imageRef": common.TEXT_OR_NULL,
        "image_id": common.TEXT_OR_NULL,
    },
    "additionalProperties": False,
}

CREATE = Body(
    {
        0: common.envelope(
            "volume", _VOLUME, **{"OS-SCH-HNT:scheduler_hints": {"type": ["object", "null"]}}
        )
    }
)

_CHANGES: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": common.TEXT_OR_NULL,
        "description": common.TEXT_OR_NULL,
        "display_name": common.TEXT_OR_NULL,
        "display_description": common.TEXT_OR_NULL,
        "metadata": common.METADATA,
    },
    "additionalProperties": False,
}

UPDATE = Body(
    {
        0: common.envelope("volume", _CHANGES),
        53: common.envelope(
            "volume",
            {
                **_CHANGES,
                "anyOf": [{"required": [name]} for name in _CHANGES["properties"]],
            },
        ),
    }
)

METADATA = Body({0: common.envelope("metadata", common.METADATA)})

METADATA_ITEM = Body(
    {0: common.envelope("meta", {**common.METADATA, "minProperties": 1, "maxProperties": 1})}
)
