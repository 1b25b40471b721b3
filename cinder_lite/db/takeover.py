# SPDX-License-Identifier: Apache-2.0
"""Queries that give what is taken over its size, and count it, once the backend has told it."""

from __future__ import annotations

import sqlalchemy as sa

from cinder_lite.db import engine, models, quotas, snapshots, volumes
from cinder_lite.objects import utcnow


@engine.retried
def set_volume_size(volume_id: str, size: int) -> None:
    """Write the size of a volume that is being taken over and count it against the quota.

    :param size: GiB
    :raises VolumeNotFound: the volume has gone
    :raises VolumeSizeExceedsLimit, VolumeSizeExceedsAvailableQuota: the quota refuses
    """
    with engine.transaction() as connection:
        volume = volumes.lock(connection, volume_id)
        project, kind = str(volume.project_id), volume.volume_type_id
        more = size - volume.size
        quotas.reserve_growth(connection, project, size, more, kind)
        quotas.end_growth(connection, project, more, kind, grown=True)
        volumes.swap(connection, volume_id, {"size": size}, ())


@engine.retried
def give_back(volume_id: str) -> None:
    """Give back what :func:`set_volume_size` has counted; the volume could not be taken over."""
    with engine.transaction() as connection:
        volume = volumes.lock(connection, volume_id)
        quotas.release(connection, str(volume.project_id), 0, volume.size, volume.volume_type_id)
        volumes.swap(connection, volume_id, {"size": 0}, ())


@engine.retried
def set_snapshot_size(snapshot_id: str, size: int) -> None:
    """Write the size of a snapshot that is being taken over and count the difference.

    :param size: GiB
    :raises VolumeSizeExceedsAvailableQuota: the quota refuses
    """
    table = models.snapshots
    with engine.transaction() as connection:
        snapshot = snapshots.read(connection, snapshot_id)
        project, kind = str(snapshot.project_id), snapshot.volume_type_id
        quotas.release_snapshots(connection, project, 0, snapshot.volume_size, kind)
        quotas.consume_snapshots(connection, project, 0, size, kind)
        connection.execute(
            sa.update(table)
            .where(table.c.id == snapshot_id)
            .values(volume_size=size, updated_at=utcnow())
        )
