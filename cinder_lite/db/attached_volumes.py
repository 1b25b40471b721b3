# SPDX-License-Identifier: Apache-2.0
"""What attachments make of their volumes: statuses that follow, and data that they go with."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from cinder_lite import states
from cinder_lite.db import engine, models, volumes
from cinder_lite.objects import Volume, utcnow

T = models.volume_attachment
V = models.volumes

_FURTHEST = (
    (states.ATTACHMENT_ATTACHED, states.IN_USE),
    (states.ATTACHMENT_ATTACHING, states.ATTACHING),
    (states.DETACHING, states.DETACHING),
    (states.ATTACHMENT_RESERVED, states.RESERVED),
)
"""Statuses of attachments, and what the volume's is while this one is the furthest of them."""
FOLLOWS = frozenset({states.IN_USE, states.ATTACHING, states.DETACHING, states.RESERVED})
"""Statuses of a volume that come of its attachments."""
BUSY = frozenset({states.EXTENDING, states.RETYPING})
"""Statuses of a volume that something is done to, which lets the status follow at its end."""


def follow(connection: sa.Connection, volume: Volume, *, over: bool = False) -> None:
    """Let a volume's statuses follow from its attachments, in the transaction that locked it.

    :param over: also where the volume counts as moving: the move ends in this transaction
    """
    query = sa.select(T.c.attach_status).where(
        T.c.volume_id == volume.id, T.c.deleted == sa.false()
    )
    found = set(connection.execute(query).scalars())
    furthest = next(((a, v) for a, v in _FURTHEST if a in found), None)
    attach_status, status = furthest or (states.DETACHED, states.AVAILABLE)
    values: dict[str, Any] = {"attach_status": attach_status}
    moves = volume.migration_status not in (None, states.MIGRATION_SUCCESS, states.MIGRATION_ERROR)
    busy = moves or volume.status == states.UPLOADING
    if over or (volume.status not in BUSY and (furthest is not None or not busy)):
        values["status"] = status
    connection.execute(sa.update(V).where(V.c.id == volume.id), {**values, "updated_at": utcnow()})


def end(connection: sa.Connection, *which: sa.ColumnElement[bool]) -> int:
    """End attachments, inside a transaction; return how many had not ended before."""
    now = utcnow()
    ended = connection.execute(
        sa.update(T)
        .where(T.c.deleted == sa.false(), *which)
        .values(
            deleted=True,
            deleted_at=now,
            detach_time=now,
            attach_status=states.ATTACHMENT_DELETED,
        )
    )
    return int(ended.rowcount)


def status_unreserved() -> Any:
    """Return the status of a volume whose old-style reservation is given back."""
    used = sa.exists().where(T.c.volume_id == V.c.id, T.c.deleted == sa.false())
    return sa.case((used, states.IN_USE), else_=states.AVAILABLE)


def repoint(connection: sa.Connection, source_id: str, dest_id: str) -> int:
    """Give all attachments of one volume to another, inside a transaction; return their number."""
    changed = connection.execute(
        sa.update(T)
        .where(T.c.volume_id == source_id, T.c.deleted == sa.false())
        .values(volume_id=dest_id, updated_at=utcnow())
    )
    return int(changed.rowcount)


def take_over(connection: sa.Connection, target_id: str, volume_id: str) -> None:
    """Make a target's attachments the volume's, when the two have exchanged their data.

    Those of the volume by which a host reached the old data end. One without a connector says only
    that the volume is attached, and stays.
    """
    end(connection, T.c.volume_id == volume_id, T.c.connector.is_not(None))
    repoint(connection, target_id, volume_id)
    for one in (volume_id, target_id):
        volume = volumes.read(connection, one)
        follow(connection, volume, over=one == volume_id)


def follow_at_the_end(connection: sa.Connection, volume_id: str) -> None:
    """Let a volume's statuses follow from its attachments where its move or new type ends.

    Meanwhile they stayed as they were, but its server may have let go of it.
    """
    volume = volumes.read(connection, volume_id)
    if volume.status in FOLLOWS:
        follow(connection, volume, over=True)


@engine.retried
def hand_over(source_id: str, dest_id: str) -> None:
    """Give all attachments of a volume to another one, and both their statuses with them.

    For two volumes that Nova has exchanged on a user's word.
    """
    with engine.transaction() as connection:
        # In the order of their ids: two that hand over to each other must not wait for ever.
        locked = {one: volumes.lock(connection, one) for one in sorted((source_id, dest_id))}
        if repoint(connection, source_id, dest_id):
            for volume in locked.values():
                follow(connection, volume)
