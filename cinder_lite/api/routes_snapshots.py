# SPDX-License-Identifier: Apache-2.0
"""The calls of snapshots, and of what a backend has that could be taken over."""

from __future__ import annotations

from cinder_lite.api.router import Route
from cinder_lite.api.schemas import manageable as manageable_bodies
from cinder_lite.api.schemas import snapshots as bodies
from cinder_lite.api.schemas import volumes as volume_bodies
from cinder_lite.api.v3 import manageable, snapshot_actions, snapshot_metadata, snapshots
from cinder_lite.policies import manageable as manageable_rules
from cinder_lite.policies import snapshots as rules

_ONE = "/snapshots/{snapshot_id}"
_METADATA = f"{_ONE}/metadata"
_ITEM = f"{_METADATA}/{{key}}"

SNAPSHOTS = [
    Route("GET", "/snapshots", snapshots.index, policy=rules.GET_ALL),
    Route("GET", "/snapshots/detail", snapshots.detail, policy=rules.GET_ALL),
    Route("POST", "/snapshots", snapshots.create, status=202, body=bodies.CREATE),
    Route("GET", _ONE, snapshots.show),
    Route("PUT", _ONE, snapshots.update, body=bodies.UPDATE),
    Route("DELETE", _ONE, snapshots.delete, status=202),
    Route("POST", f"{_ONE}/action", snapshot_actions.action, status=202),
    Route("GET", _METADATA, snapshot_metadata.index),
    Route("POST", _METADATA, snapshot_metadata.create, body=volume_bodies.METADATA),
    Route("PUT", _METADATA, snapshot_metadata.replace, body=volume_bodies.METADATA),
    Route("GET", f"{_METADATA}/{{key}}", snapshot_metadata.show),
    Route(
        "PUT", f"{_METADATA}/{{key}}", snapshot_metadata.update, body=volume_bodies.METADATA_ITEM
    ),
    Route("DELETE", f"{_METADATA}/{{key}}", snapshot_metadata.delete),
]

_VOLUMES = (("/os-volume-manage", 0), ("/manageable_volumes", 8))
_SNAPSHOTS = (("/os-snapshot-manage", 0), ("/manageable_snapshots", 8))

MANAGEABLE = [
    route
    for path, since in _VOLUMES
    for route in (
        Route(
            "GET", path, manageable.volumes_index, policy=manageable_rules.LIST_VOLUMES, since=since
        ),
        Route(
            "GET",
            f"{path}/detail",
            manageable.volumes_detail,
            policy=manageable_rules.LIST_VOLUMES,
            since=since,
        ),
        Route(
            "POST",
            path,
            manageable.manage_volume,
            status=202,
            policy=manageable_rules.MANAGE_VOLUME,
            since=since,
            body=manageable_bodies.VOLUME,
        ),
    )
] + [
    route
    for path, since in _SNAPSHOTS
    for route in (
        Route(
            "GET",
            path,
            manageable.snapshots_index,
            policy=manageable_rules.LIST_SNAPSHOTS,
            since=since,
        ),
        Route(
            "GET",
            f"{path}/detail",
            manageable.snapshots_detail,
            policy=manageable_rules.LIST_SNAPSHOTS,
            since=since,
        ),
        Route(
            "POST",
            path,
            manageable.manage_snapshot,
            status=202,
            since=since,
            body=manageable_bodies.SNAPSHOT,
        ),
    )
]

ROUTES = [*SNAPSHOTS, *MANAGEABLE]
