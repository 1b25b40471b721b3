# SPDX-License-Identifier: Apache-2.0
"""Rows that tests put into the database."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from cinder_lite import context as request_context
from cinder_lite import states
from cinder_lite.db import (
    group_types,
    groups,
    services,
    snapshots,
    volume_migrations,
    volume_types,
    volumes,
)
from cinder_lite.objects import (
    Group,
    GroupType,
    Migration,
    Service,
    Snapshot,
    Volume,
    VolumeType,
    utcnow,
)

GIB = 1024**3
PROJECT = "project-1"


def volume(**values: Any) -> Volume:
    """Create a volume: available, 1 GiB, on ``one@file#file`` unless told otherwise.

    Its ``group_id`` may be of a group that takes no volumes, or that there is not.
    """
    group_id = values.pop("group_id", None)
    made = volumes.create(
        {
            "user_id": "user-1",
            "project_id": PROJECT,
            "size": 1,
            "host": "one@file#file",
            "status": states.AVAILABLE,
            "attach_status": states.DETACHED,
            "availability_zone": "nova",
            "display_name": "data",
            "bootable": False,
            "multiattach": False,
            "use_quota": True,
            **values,
        }
    )
    if group_id is None:
        return made
    volumes.update(made.id, {"group_id": group_id})
    return volumes.get(request_context.admin_context(), made.id)


def snapshot(of: Volume, **values: Any) -> Snapshot:
    """Create a snapshot of a volume: available unless told otherwise."""
    metadata = values.pop("metadata", None)
    row = {
        "user_id": "user-1",
        "project_id": of.project_id,
        "status": states.AVAILABLE,
        "progress": "100%",
        "display_name": "snap",
        **values,
    }
    made, refused = snapshots.create(of.id, (), row, metadata)
    assert made is not None, refused
    return made


def volume_type(name: str = "silver", **specs: str) -> VolumeType:
    """Create a public volume type."""
    return volume_types.create({"name": name}, specs)


def group_type(name: str = "flock", **specs: str | None) -> GroupType:
    """Create a public group type."""
    return group_types.create({"name": name, "is_public": True}, specs)


def group(kind: GroupType, *allowed: VolumeType, **values: Any) -> Group:
    """Create a group: available and on ``one@file#file`` unless told otherwise.

    :param allowed: the types of volumes that it takes
    """
    row = {
        "user_id": "user-1",
        "project_id": PROJECT,
        "name": "herd",
        "status": states.AVAILABLE,
        "host": "one@file#file",
        "availability_zone": "nova",
        "group_type_id": kind.id,
        "replication_status": "disabled",
        **values,
    }
    return groups.create(row, [one.id for one in allowed])


def service(host: str = "one@file", binary: str = services.VOLUME, zone: str = "nova") -> Service:
    """Register a service."""
    return services.register(
        host=host, binary=binary, topic="t", availability_zone=zone, rpc_version="1.0"
    )


def migration(moving: Volume, **values: Any) -> Migration:
    """Admit a move of a volume; without ``phase`` it is scheduled."""
    mark = values.pop("volume_values", {"migration_status": states.MIGRATION_STARTING})
    record = volume_migrations.begin(
        moving.id,
        (),
        mark,
        {
            "source_host": moving.host,
            "dest_host": "two@file#file",
            "status": states.RECORD_RUNNING,
            "phase": states.PHASE_SCHEDULED,
            "bytes_total": moving.size * GIB,
            **values,
        },
    )
    assert record is not None
    return record


def new_id() -> str:
    """Return an id that nothing has."""
    return str(uuid.uuid4())


def later(*, hours: int) -> datetime.datetime:
    """Return a time in so many hours."""
    return utcnow() + datetime.timedelta(hours=hours)
