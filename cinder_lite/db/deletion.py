# SPDX-License-Identifier: Apache-2.0
"""Queries that begin the deletion of a volume, with its snapshots or only without any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cinder_lite import states
from cinder_lite.db import conditions as cond
from cinder_lite.db import engine, models, volumes
from cinder_lite.objects import utcnow

S = models.snapshots

_DELETABLE = (states.AVAILABLE, states.ERROR, states.DELETING)


@engine.retried
def begin(
    volume_id: str,
    values: Mapping[str, Any],
    rules: Sequence[cond.Condition],
    *,
    cascade: bool = False,
    force: bool = False,
    project_id: str | None = None,
    at_once: bool = False,
) -> list[str]:
    """Mark a volume, and its snapshots if they go with it; all or nothing.

    :param values: columns of the volume that mark it
    :param rules: what must hold of the volume
    :param cascade: its snapshots go with it; otherwise it must have none
    :param force: snapshots go whatever their status
    :param project_id: snapshots of other projects forbid it; None: they go, too
    :param at_once: the volume's row goes now: no service has data of it
    :returns: a sentence for every rule that refuses
    :raises VolumeNotFound: the volume has gone
    """
    if not cascade:
        rules = [*rules, cond.NoSnapshots("the volume has snapshots.")]
    with engine.transaction() as connection:
        volumes.lock(connection, volume_id)
        refused = volumes.check(connection, volume_id, rules)
        if cascade:
            refused += _refusals(connection, volume_id, force=force, project_id=project_id)
        if refused:
            return refused
        volumes.swap(connection, volume_id, values, ())
        # The volume's deletion, and nobody else, takes them up should it be interrupted.
        marked = {"status": states.DELETING, "scheduled_at": None, "updated_at": utcnow()}
        if cascade:
            connection.execute(sa.update(S).where(*_live(volume_id)).values(marked))
        if at_once:
            volumes.remove(connection, volume_id)
    return []


def _live(volume_id: str) -> list[sa.ColumnElement[bool]]:
    return [S.c.volume_id == volume_id, S.c.deleted == sa.false()]


def _refusals(
    connection: sa.Connection, volume_id: str, *, force: bool, project_id: str | None
) -> list[str]:
    query = sa.select(
        S.c.id, S.c.status, S.c.project_id, S.c.group_snapshot_id, S.c.cgsnapshot_id
    ).where(*_live(volume_id))
    refused = []
    for row in connection.execute(query.order_by(S.c.created_at, S.c.id)):
        if not force and row.status not in _DELETABLE:
            refused.append(
                f"its snapshot {row.id} must be available or in error, but is {row.status}."
            )
        if row.group_snapshot_id or row.cgsnapshot_id:
            group = row.group_snapshot_id or row.cgsnapshot_id
            refused.append(f"its snapshot {row.id} belongs to the group snapshot {group}.")
        if project_id is not None and row.project_id != project_id:
            refused.append(f"its snapshot {row.id} belongs to another project.")
    return refused
