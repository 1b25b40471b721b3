# SPDX-License-Identifier: Apache-2.0
"""What calls about groups, their types and snapshots, transfers and attachments answer."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.answers.shape import (
    BOOLEAN,
    LINKS,
    OBJECT,
    TEXT,
    TEXT_OR_NULL,
    TEXTS_OR_NULLS,
    TIME,
    UUID,
    UUID_OR_NULL,
    Shape,
    array,
    either,
    holding,
    one_of,
    page,
    since,
    sometimes,
)

# --- group types -----------------------------------------------------------------------------

_TYPE = Shape(
    "group-type",
    {
        "id": UUID,
        "name": TEXT,
        "description": TEXT_OR_NULL,
        "is_public": BOOLEAN,
        "group_specs": sometimes(TEXTS_OR_NULLS),
    },
)
_SPECS = holding("group_specs", TEXTS_OR_NULLS)
_SPEC = {**TEXTS_OR_NULLS, "minProperties": 1}

# --- groups and their snapshots --------------------------------------------------------------

_SUMMARY: dict[str, Any] = {"id": UUID, "name": TEXT_OR_NULL}
_DESCRIBED: dict[str, Any] = {
    **_SUMMARY,
    "status": TEXT,
    "created_at": TIME,
    "description": TEXT_OR_NULL,
}
_GROUP_SUMMARY = Shape("group-summary", _SUMMARY)
_GROUP = Shape(
    "group",
    {
        **_DESCRIBED,
        "availability_zone": TEXT_OR_NULL,
        "group_type": UUID,
        "volume_types": array(UUID),
        "group_snapshot_id": since(14, UUID_OR_NULL),
        "source_group_id": since(14, UUID_OR_NULL),
        "volumes": sometimes(array(UUID), 25),
        "replication_status": since(38, TEXT_OR_NULL),
        "project_id": sometimes(TEXT, 58),
    },
)
_TAKEN_SUMMARY = Shape("group-snapshot-summary", _SUMMARY)
_TAKEN_CREATED = Shape("group-snapshot-created", {**_SUMMARY, "group_type_id": UUID})
_TAKEN = Shape(
    "group-snapshot",
    {
        **_DESCRIBED,
        "group_id": UUID,
        "group_type_id": UUID,
        "project_id": sometimes(TEXT, 58),
    },
)
_CONSISTENCY_GROUP = Shape(
    "consistencygroup",
    {**_DESCRIBED, "availability_zone": TEXT_OR_NULL, "volume_types": array(UUID)},
)
_CGSNAPSHOT = Shape("cgsnapshot", {**_DESCRIBED, "consistencygroup_id": UUID})

# --- transfers -------------------------------------------------------------------------------

_OFFER_SUMMARY = Shape(
    "transfer-summary", {"id": UUID, "volume_id": UUID, "name": TEXT_OR_NULL, "links": LINKS}
)
_OFFERED: dict[str, Any] = {
    "id": UUID,
    "created_at": TIME,
    "name": TEXT_OR_NULL,
    "volume_id": UUID,
    "links": LINKS,
    "no_snapshots": since(55, BOOLEAN),
    "destination_project_id": since(57, TEXT_OR_NULL),
    "source_project_id": since(57, TEXT_OR_NULL),
    "accepted": since(57, BOOLEAN),
}
_OFFER = Shape("transfer", _OFFERED)
_OFFER_CREATED = Shape("transfer-created", {**_OFFERED, "auth_key": TEXT})

# --- attachments -----------------------------------------------------------------------------

_ATTACHMENT_BRIEF: dict[str, Any] = {
    "id": UUID,
    "status": TEXT,
    "instance": TEXT_OR_NULL,
    "volume_id": UUID,
}
_TIME_OR_EMPTY = either(TIME, one_of(""))
_ATTACHMENT_SUMMARY = Shape("attachment-summary", _ATTACHMENT_BRIEF)
_ATTACHMENT = Shape(
    "attachment",
    {
        **_ATTACHMENT_BRIEF,
        "attached_at": _TIME_OR_EMPTY,
        "detached_at": _TIME_OR_EMPTY,
        "attach_mode": TEXT_OR_NULL,
        "connection_info": {**OBJECT, "type": ["object", "null"]},
    },
)

_ONE_TYPE = "/group_types/{group_type_id}"
_ONE_TAKEN = "/group_snapshots/{group_snapshot_id}"
_ONE_ATTACHMENT = "/attachments/{attachment_id}"

ANSWERS: dict[tuple[str, str], Any] = {
    ("GET", "/group_types"): page("group_types", _TYPE, "group_type_links"),
    ("POST", "/group_types"): holding("group_type", _TYPE),
    ("GET", _ONE_TYPE): holding("group_type", _TYPE),
    ("PUT", _ONE_TYPE): holding("group_type", _TYPE),
    ("GET", f"{_ONE_TYPE}/group_specs"): _SPECS,
    ("POST", f"{_ONE_TYPE}/group_specs"): _SPECS,
    ("GET", f"{_ONE_TYPE}/group_specs/{{key}}"): _SPEC,
    ("PUT", f"{_ONE_TYPE}/group_specs/{{key}}"): _SPEC,
    ("GET", "/groups"): page("groups", _GROUP_SUMMARY, "group_links"),
    ("GET", "/groups/detail"): page("groups", _GROUP, "group_links"),
    ("POST", "/groups"): holding("group", _GROUP_SUMMARY),
    ("GET", "/groups/{group_id}"): holding("group", _GROUP),
    ("GET", "/group_snapshots"): page("group_snapshots", _TAKEN_SUMMARY, "group_snapshot_links"),
    ("GET", "/group_snapshots/detail"): page("group_snapshots", _TAKEN, "group_snapshot_links"),
    ("POST", "/group_snapshots"): holding("group_snapshot", _TAKEN_CREATED),
    ("GET", _ONE_TAKEN): holding("group_snapshot", _TAKEN),
    ("GET", "/consistencygroups"): page(
        "consistencygroups", _GROUP_SUMMARY, "consistencygroup_links"
    ),
    ("GET", "/consistencygroups/detail"): page(
        "consistencygroups", _CONSISTENCY_GROUP, "consistencygroup_links"
    ),
    ("POST", "/consistencygroups"): holding("consistencygroup", _GROUP_SUMMARY),
    ("POST", "/consistencygroups/create_from_src"): holding("consistencygroup", _GROUP_SUMMARY),
    ("GET", "/consistencygroups/{group_id}"): holding("consistencygroup", _CONSISTENCY_GROUP),
    ("GET", "/cgsnapshots"): holding("cgsnapshots", array(_TAKEN_SUMMARY)),
    ("GET", "/cgsnapshots/detail"): holding("cgsnapshots", array(_CGSNAPSHOT)),
    ("POST", "/cgsnapshots"): holding("cgsnapshot", _TAKEN_SUMMARY),
    ("GET", "/cgsnapshots/{cgsnapshot_id}"): holding("cgsnapshot", _CGSNAPSHOT),
    ("GET", "/attachments"): page("attachments", _ATTACHMENT_SUMMARY),
    ("GET", "/attachments/detail"): page("attachments", _ATTACHMENT),
    ("POST", "/attachments"): holding("attachment", _ATTACHMENT),
    ("GET", _ONE_ATTACHMENT): holding("attachment", _ATTACHMENT),
    ("PUT", _ONE_ATTACHMENT): holding("attachment", _ATTACHMENT),
    ("DELETE", _ONE_ATTACHMENT): page("attachments", _ATTACHMENT_SUMMARY),
}
for _path, _links in (("/os-volume-transfer", None), ("/volume-transfers", "transfers_links")):
    ANSWERS |= {
        ("GET", _path): page("transfers", _OFFER_SUMMARY, _links),
        ("GET", f"{_path}/detail"): page("transfers", _OFFER, _links),
        ("POST", _path): holding("transfer", _OFFER_CREATED),
        ("GET", f"{_path}/{{transfer_id}}"): holding("transfer", _OFFER),
        ("POST", f"{_path}/{{transfer_id}}/accept"): holding("transfer", _OFFER_SUMMARY),
    }

ACTIONS: dict[str, tuple[int, Any]] = {"create-from-src": (202, holding("group", _GROUP_SUMMARY))}
"""Status and answer of each action on groups that answers more than 202."""
