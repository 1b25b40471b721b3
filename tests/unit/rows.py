# SPDX-License-Identifier: Apache-2.0
"""Rows that tests put into the database."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from cinder_lite import states
from cinder_lite.db import services, snapshots, volume_migrations, volumes
from cinder_lite.objects import Migration, Service, Snapshot, Volume, utcnow

GIB = 1024**3
PROJECT = "project-1"


def volume(**values: Any) -> Volume:
    """Create a volume: available, 1 GiB, on ``one@file#file`` unless told otherwise."""
    return volumes.create(
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
