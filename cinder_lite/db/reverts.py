# SPDX-License-Identifier: Apache-2.0
"""Queries about volumes that are reverted: a volume and its snapshot are marked together."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import sqlalchemy as sa

from cinder_lite import exception, states
from cinder_lite.db import conditions as cond
from cinder_lite.db import engine, snapshots, volumes
from cinder_lite.objects import Snapshot, utcnow

T = snapshots.T
_FREED = {"status": states.AVAILABLE, "scheduled_at": None}


def begin(snapshot: Snapshot, rules: Sequence[cond.Condition]) -> list[str]:
    """Mark a snapshot as restoring and its volume as reverting, both or neither.

    :param rules: what must hold of the volume
    :returns: a sentence for every rule that refuses
    :raises InvalidSnapshot: the snapshot is not available
    :raises VolumeNotFound: the volume has gone
    """
    return _begin(snapshot, rules, utcnow())


@engine.retried
def _begin(
    snapshot: Snapshot, rules: Sequence[cond.Condition], asked_at: datetime.datetime
) -> list[str]:
    with engine.transaction() as connection:
        volume = volumes.lock(connection, snapshot.volume_id)
        now = snapshots.read(connection, snapshot.id)
        if (now.status, now.scheduled_at) == (states.RESTORING, asked_at):
            return []  # only the answer to the first try was lost
        refused = volumes.check(connection, volume.id, rules)
        if refused:
            return refused
        # Of a reverting whose volume's status an administrator has reset.
        others = sa.update(T).where(_restoring(volume.id), T.c.id != snapshot.id)
        connection.execute(others.values(updated_at=asked_at, **_FREED))
        restoring = {"status": states.RESTORING, "scheduled_at": asked_at}
        if not snapshots.swap(connection, snapshot.id, restoring, [states.AVAILABLE]):
            raise exception.InvalidSnapshot(
                reason=f"volume {volume.id} can not be reverted: its snapshot {snapshot.id} must "
                "be available."
            )
        reverting = {"status": states.REVERTING, "previous_status": volume.status}
        volumes.swap(connection, volume.id, reverting, ())
    return []


@engine.retried
def end(volume_id: str, status: str, snapshot_id: str | None = None) -> bool:
    """Make a snapshot available, and give its volume a status; each if it is still marked.

    A volume that is to be reverted to another snapshot stays marked.

    :param snapshot_id: None: only the volume
    :returns: whether the volume was changed
    :raises VolumeNotFound: the volume has gone
    """
    with engine.transaction() as connection:
        volume = volumes.lock(connection, volume_id)
        if snapshot_id is not None:
            snapshots.swap(connection, snapshot_id, _FREED, [states.RESTORING])
        another = sa.select(T.c.id).where(_restoring(volume_id)).limit(1)
        if volume.status != states.REVERTING or connection.execute(another).first() is not None:
            return False
        return volumes.swap(connection, volume_id, {"status": status}, ())


def _restoring(volume_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        T.c.volume_id == volume_id,
        T.c.deleted == sa.false(),
        T.c.status == states.RESTORING,
    )
