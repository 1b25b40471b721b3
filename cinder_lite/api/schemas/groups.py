# SPDX-License-Identifier: Apache-2.0
"""Bodies of /groups, /group_snapshots, /consistencygroups and /cgsnapshots."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.schemas import common
from cinder_lite.api.validation import Body

_WORDS: dict[str, Any] = {"name": common.NAME_OR_NULL, "description": common.DESCRIPTION}
_STATUS: dict[str, Any] = {"type": "string", "format": "group_status"}


def _object(
    properties: dict[str, Any], required: tuple[str, ...] = (), *, strict: bool = True, **more: Any
) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties, **more}
    if required:
        schema["required"] = list(required)
    if strict:
        schema["additionalProperties"] = False
    return schema


CREATE = Body(
    {
        0: common.envelope(
            "group",
            _object(
                {
                    **_WORDS,
                    "group_type": {"type": "string", "format": "name"},
                    "volume_types": {
                        "type": "array",
                        "minItems": 1,
                        "items": {"type": "string", "maxLength": 255},
                        "uniqueItems": True,
                    },
                    "availability_zone": {"type": ["string", "null"], "format": "name"},
                },
                ("group_type", "volume_types"),
            ),
        )
    }
)

UPDATE = Body(
    {
        0: common.envelope(
            "group",
            _object(
                {
                    **_WORDS,
                    "add_volumes": common.TEXT_OR_NULL,
                    "remove_volumes": common.TEXT_OR_NULL,
                },
                anyOf=[
                    {"required": [name]}
                    for name in ("name", "description", "add_volumes", "remove_volumes")
                ],
            ),
        )
    }
)

COPY = Body(
    {
        0: common.envelope(
            "create-from-src",
            _object(
                {**_WORDS, "source_group_id": common.UUID, "group_snapshot_id": common.UUID},
                oneOf=[{"required": ["group_snapshot_id"]}, {"required": ["source_group_id"]}],
            ),
        )
    }
)

DELETE = Body({0: common.envelope("delete", _object({"delete-volumes": common.BOOLEAN}))})

RESET_STATUS = Body({0: common.envelope("reset_status", _object({"status": _STATUS}, ("status",)))})

ENABLE_REPLICATION = Body({0: common.envelope("enable_replication", {"type": "object"})})
DISABLE_REPLICATION = Body({0: common.envelope("disable_replication", {"type": "object"})})
LIST_TARGETS = Body({0: common.envelope("list_replication_targets", {"type": "object"})})
FAILOVER_REPLICATION = Body(
    {
        0: common.envelope(
            "failover_replication",
            _object(
                {
                    "allow_attached_volume": common.BOOLEAN,
                    "secondary_backend_id": {"type": ["string", "null"], "maxLength": 255},
                }
            ),
        )
    }
)

SNAPSHOT_CREATE = Body(
    {
        0: common.envelope(
            "group_snapshot", _object({**_WORDS, "group_id": common.UUID}, ("group_id",))
        )
    }
)

# --- the older names -------------------------------------------------------------------------
# What these do not name is let pass, as in Cinder.


def _open(name: str, properties: dict[str, Any], *required: str) -> dict[str, Any]:
    content = _object(properties, required, strict=False)
    return _object({name: content}, (name,), strict=False)


_CHANGES = {**_WORDS, "add_volumes": common.TEXT_OR_NULL, "remove_volumes": common.TEXT_OR_NULL}

CG_CREATE = Body(
    {
        0: _open(
            "consistencygroup",
            {
                **_WORDS,
                "volume_types": common.TEXT_OR_NULL,
                "availability_zone": common.TEXT_OR_NULL,
            },
            "volume_types",
        )
    }
)
CG_UPDATE = Body({0: _open("consistencygroup", _CHANGES)})
CG_DELETE = Body(
    {
        0: {
            "oneOf": [
                _open("consistencygroup", {"force": common.BOOLEAN}),
                _object({}),
                {"type": "null"},
            ]
        }
    }
)
CG_COPY = Body(
    {
        0: _open(
            "consistencygroup-from-src",
            {**_WORDS, "cgsnapshot_id": {"type": "string"}, "source_cgid": {"type": "string"}},
        )
    }
)
CGSNAPSHOT_CREATE = Body(
    {
        0: _open(
            "cgsnapshot",
            {
                "consistencygroup_id": {"type": "string"},
                "name": {"type": "string", "maxLength": 255},
                "description": {"type": "string", "maxLength": 255},
            },
            "consistencygroup_id",
        )
    }
)
