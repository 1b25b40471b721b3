# SPDX-License-Identifier: Apache-2.0
"""The calls of volume transfers, group types, groups and group snapshots."""

from __future__ import annotations

from cinder_lite.api.router import Route
from cinder_lite.api.schemas import group_types as type_bodies
from cinder_lite.api.schemas import groups as group_bodies
from cinder_lite.api.schemas import volume_transfers as transfer_bodies
from cinder_lite.api.v3 import (
    consistencygroups,
    group_actions,
    group_snapshots,
    group_types,
    groups,
    volume_transfers,
)
from cinder_lite.policies import group_snapshots as snapshot_rules
from cinder_lite.policies import group_types as type_rules
from cinder_lite.policies import groups as group_rules
from cinder_lite.policies import volume_transfers as transfer_rules

_OLD = "/os-volume-transfer"
_NEW = "/volume-transfers"

TRANSFERS = [
    Route("GET", _OLD, volume_transfers.index_old, policy=transfer_rules.GET_ALL),
    Route("GET", f"{_OLD}/detail", volume_transfers.detail_old, policy=transfer_rules.GET_ALL),
    Route(
        "POST",
        _OLD,
        volume_transfers.create_old,
        status=202,
        body=transfer_bodies.CREATE_OLD,
    ),
    Route("GET", _NEW, volume_transfers.index, policy=transfer_rules.GET_ALL),
    Route("GET", f"{_NEW}/detail", volume_transfers.detail, policy=transfer_rules.GET_ALL),
    Route("POST", _NEW, volume_transfers.create, status=202, body=transfer_bodies.CREATE),
    *(
        route
        for path in (_OLD, _NEW)
        for route in (
            Route(
                "GET",
                f"{path}/{{transfer_id}}",
                volume_transfers.show,
                policy=transfer_rules.GET,
            ),
            Route("DELETE", f"{path}/{{transfer_id}}", volume_transfers.delete, status=202),
            Route(
                "POST",
                f"{path}/{{transfer_id}}/accept",
                volume_transfers.accept,
                status=202,
                body=transfer_bodies.ACCEPT,
            ),
        )
    ),
]

_TYPE = "/group_types/{group_type_id}"
_SPECS = f"{_TYPE}/group_specs"
_SPEC = f"{_SPECS}/{{key}}"

TYPES = [
    Route("GET", "/group_types", group_types.index, since=11),
    Route(
        "POST",
        "/group_types",
        group_types.create,
        status=202,
        policy=type_rules.CREATE,
        since=11,
        body=type_bodies.CREATE,
    ),
    Route("GET", _TYPE, group_types.show, since=11),
    Route(
        "PUT",
        _TYPE,
        group_types.update,
        policy=type_rules.UPDATE,
        since=11,
        body=type_bodies.UPDATE,
    ),
    Route("DELETE", _TYPE, group_types.delete, status=202, policy=type_rules.DELETE, since=11),
    Route("GET", _SPECS, group_types.specs_index, policy=type_rules.SPECS_INDEX, since=11),
    Route(
        "POST",
        _SPECS,
        group_types.specs_create,
        status=202,
        policy=type_rules.SPECS_CREATE,
        since=11,
        body=type_bodies.SPECS,
    ),
    Route("GET", _SPEC, group_types.specs_show, policy=type_rules.SPECS_SHOW, since=11),
    Route(
        "PUT",
        _SPEC,
        group_types.specs_update,
        policy=type_rules.SPECS_UPDATE,
        since=11,
        body=type_bodies.SPEC,
    ),
    Route(
        "DELETE",
        _SPEC,
        group_types.specs_delete,
        status=202,
        policy=type_rules.SPECS_DELETE,
        since=11,
    ),
]

_GROUP = "/groups/{group_id}"

GROUPS = [
    Route("GET", "/groups", groups.index, policy=group_rules.GET_ALL, since=13),
    Route("GET", "/groups/detail", groups.detail, policy=group_rules.GET_ALL, since=13),
    Route(
        "POST",
        "/groups",
        groups.create,
        status=202,
        policy=group_rules.CREATE,
        since=13,
        body=group_bodies.CREATE,
    ),
    Route("POST", "/groups/action", group_actions.create_from_src, status=202, since=13),
    Route("GET", _GROUP, groups.show, since=13),
    Route(
        "PUT",
        _GROUP,
        groups.update,
        status=202,
        since=13,
        body=group_bodies.UPDATE,
        bare=True,
    ),
    Route("POST", f"{_GROUP}/action", group_actions.act, status=202, since=13, bare=True),
]

_TAKEN = "/group_snapshots/{group_snapshot_id}"

SNAPSHOTS = [
    Route(
        "GET", "/group_snapshots", group_snapshots.index, policy=snapshot_rules.GET_ALL, since=14
    ),
    Route(
        "GET",
        "/group_snapshots/detail",
        group_snapshots.detail,
        policy=snapshot_rules.GET_ALL,
        since=14,
    ),
    Route(
        "POST",
        "/group_snapshots",
        group_snapshots.create,
        status=202,
        since=14,
        body=group_bodies.SNAPSHOT_CREATE,
    ),
    Route("GET", _TAKEN, group_snapshots.show, since=14),
    Route("DELETE", _TAKEN, group_snapshots.delete, status=202, since=14),
    Route("POST", f"{_TAKEN}/action", group_snapshots.act, status=202, since=14, bare=True),
]

_CG = "/consistencygroups"
_CGS = "/cgsnapshots"

CONSISTENCY_GROUPS = [
    Route("GET", _CG, consistencygroups.index, policy=group_rules.GET_ALL),
    Route("GET", f"{_CG}/detail", consistencygroups.detail, policy=group_rules.GET_ALL),
    Route(
        "POST",
        _CG,
        consistencygroups.create,
        status=202,
        policy=group_rules.CREATE,
        body=group_bodies.CG_CREATE,
    ),
    Route(
        "POST",
        f"{_CG}/create_from_src",
        consistencygroups.create_from_src,
        status=202,
        body=group_bodies.CG_COPY,
    ),
    Route("GET", f"{_CG}/{{group_id}}", consistencygroups.show),
    *(
        Route(
            "PUT",
            f"{_CG}/{{group_id}}{end}",
            consistencygroups.update,
            status=202,
            body=group_bodies.CG_UPDATE,
            bare=True,
        )
        for end in ("", "/update")
    ),
    Route("POST", f"{_CG}/{{group_id}}/delete", consistencygroups.delete, status=202, bare=True),
    Route("DELETE", f"{_CG}/{{group_id}}", consistencygroups.delete, status=202),
    Route("GET", _CGS, consistencygroups.snapshots_index, policy=snapshot_rules.GET_ALL),
    Route(
        "GET", f"{_CGS}/detail", consistencygroups.snapshots_detail, policy=snapshot_rules.GET_ALL
    ),
    Route(
        "POST",
        _CGS,
        consistencygroups.snapshots_create,
        status=202,
        body=group_bodies.CGSNAPSHOT_CREATE,
    ),
    Route("GET", f"{_CGS}/{{cgsnapshot_id}}", consistencygroups.snapshots_show),
    Route("DELETE", f"{_CGS}/{{cgsnapshot_id}}", consistencygroups.snapshots_delete, status=202),
]

ROUTES = [*TRANSFERS, *TYPES, *GROUPS, *SNAPSHOTS, *CONSISTENCY_GROUPS]
