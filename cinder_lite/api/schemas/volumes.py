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
        "imageRef": common.TEXT_OR_NULL,
        "image_id": common.TEXT_OR_NULL,
    },
}


def _create(*, closed: bool = False, **more: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a creation.

    :param closed: it refuses what it does not name
    :param more: what it names besides
    """
    volume = {**_VOLUME, "properties": {**_VOLUME["properties"], **more}}
    if closed:
        volume["additionalProperties"] = False
    hints = {"OS-SCH-HNT:scheduler_hints": {"type": ["object", "null"]}}
    return common.envelope("volume", volume, **hints)


_GROUP: dict[str, Any] = {"group_id": common.NAME_OR_NULL}
_BACKUP: dict[str, Any] = {"backup_id": common.UUID_OR_NULL}

CREATE = Body(
    {
        0: _create(),
        13: _create(**_GROUP),
        47: _create(**_GROUP, **_BACKUP),
        53: _create(closed=True, **_GROUP, **_BACKUP),
    }
)
"""Before a microversion names group_id or backup_id, their values may be anything, as in Cinder."""

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
