# SPDX-License-Identifier: Apache-2.0
"""Queries of ``group_snapshots``: a snapshot of every volume of a group, as one thing."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import engine, groups, models, pages, snapshots, volumes
from cinder_lite.objects import GroupSnapshot, Snapshot, utcnow

T = models.group_snapshots
G = models.groups
S = models.snapshots
_FIELDS = tuple(field.name for field in dataclasses.fields(GroupSnapshot))
_COLUMNS = [T.c[name] for name in _FIELDS]
_LIVE = T.c.deleted == sa.false()

FILTERS = frozenset(T.c.keys())
"""Columns by which a list may be filtered or sorted."""


def _from_row(row: Sequence[Any]) -> GroupSnapshot:
    return GroupSnapshot(**dict(zip(_FIELDS, row, strict=True)))


# --- reading ---------------------------------------------------------------------------------


@engine.retried
def get(context: RequestContext, group_snapshot_id: str) -> GroupSnapshot:
    """Return a group snapshot.

    :param context: whose project must match, unless it is an administrator's
    :raises GroupSnapshotNotFound: there is none that this caller may see
    """
    query = sa.select(*_COLUMNS).where(T.c.id == group_snapshot_id, _LIVE)
    if not context.is_admin:
        query = query.where(T.c.project_id == context.project_id)
    with engine.statement() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise exception.GroupSnapshotNotFound(group_snapshot_id=group_snapshot_id)
    return _from_row(row)


@engine.retried
def listing(
    project_id: str | None, filters: Mapping[str, str], window: pages.Window
) -> list[GroupSnapshot]:
    """Return one page of group snapshots.

    :param project_id: only this project's; None: every project's
    :raises GroupSnapshotNotFound: the marker is none of them
    """
    where = [_LIVE]
    if project_id is not None:
        where.append(T.c.project_id == project_id)
    with engine.statement() as connection:
        try:
            clauses = pages.clauses(T, filters, FILTERS)
            rows = pages.rows(connection, T, _COLUMNS, where, window, clauses)
        except pages.MarkerNotFound:
            raise exception.GroupSnapshotNotFound(group_snapshot_id=window.marker) from None
    return [_from_row(row) for row in rows]


@engine.retried
def for_host(service_host: str, status: str) -> list[GroupSnapshot]:
    """Return the group snapshots of one status of a volume service's groups.

    :param service_host: ``host@backend``
    """
    here = G.c.host.startswith(f"{service_host}#", autoescape=True)
    query = (
        sa.select(*_COLUMNS)
        .join(G, G.c.id == T.c.group_id)
        .where(_LIVE, T.c.status == status, sa.or_(G.c.host == service_host, here))
    )
    with engine.statement() as connection:
        return [_from_row(row) for row in connection.execute(query)]


@engine.retried
def snapshots_of(group_snapshot_id: str) -> list[Snapshot]:
    """Return the snapshots that a group snapshot is made of, the oldest first."""
    with engine.statement() as connection:
        return read_snapshots(connection, group_snapshot_id)


def read_snapshots(connection: sa.Connection, group_snapshot_id: str) -> list[Snapshot]:
    """Return the snapshots of a group snapshot inside a transaction, the oldest first."""
    query = sa.select(S.c.id).where(
        S.c.group_snapshot_id == group_snapshot_id, S.c.deleted == sa.false()
    )
    ids = connection.execute(query.order_by(S.c.created_at, S.c.id)).scalars().all()
    return [snapshots.read(connection, snapshot_id) for snapshot_id in ids]


# --- writing ---------------------------------------------------------------------------------


def create(
    group_id: str, values: Mapping[str, Any], rules: Sequence[cond.Condition]
) -> GroupSnapshot:
    """Write the row of a group's snapshot and one for each of its volumes, or none at all.

    :param values: columns of the group snapshot
    :param rules: what must hold of every volume
    :raises InvalidGroup: the group's status forbids it
    :raises InvalidVolume: a rule refuses a volume
    :raises SnapshotLimitExceeded, VolumeSizeExceedsAvailableQuota: the quota is used up
    """
    row = {"id": str(uuid.uuid4()), "created_at": utcnow(), "deleted": False, **values}
    return _create({**row, "group_id": group_id, "status": states.CREATING}, rules)


@engine.retried
def _create(values: Mapping[str, Any], rules: Sequence[cond.Condition]) -> GroupSnapshot:
    group_id = values["group_id"]
    mine = sa.select(*_COLUMNS).where(T.c.id == values["id"])
    with engine.transaction() as connection:
        group = groups.lock(connection, group_id)
        stored = connection.execute(mine).one_or_none()
        if stored is not None:  # only the answer to the first try was lost
            return _from_row(stored)
        if group.status != states.AVAILABLE:
            raise exception.InvalidGroup(
                reason=f"no snapshot can be made of group {group_id}: its status must be "
                f"available, but is {group.status}."
            )
        row = {**values, "group_type_id": group.group_type_id}
        connection.execute(sa.insert(T), row)
        for volume in groups.read_volumes(connection, group_id):
            locked = volumes.lock(connection, volume.id)
            refused = volumes.check(connection, volume.id, rules)
            if refused:
                raise exception.InvalidVolume(
                    reason=f"no snapshot can be made of volume {volume.id} in group {group_id}: "
                    + " Also, ".join(refused)
                )
            snapshots.insert(connection, locked, _of_volume(row))
        return _from_row(connection.execute(mine).one())


def _of_volume(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of one volume's snapshot."""
    return {
        "user_id": row["user_id"],
        "project_id": row["project_id"],
        "group_snapshot_id": row["id"],
        "display_name": row["name"],
        "display_description": row["description"],
    }


@engine.retried
def begin_delete(group_snapshot_id: str) -> list[str]:
    """Mark a group snapshot and its snapshots as deleting.

    :returns: why nothing was done
    """
    refused: list[str] = []
    with engine.transaction() as connection:
        row = connection.execute(sa.select(*_COLUMNS).where(T.c.id == group_snapshot_id)).one()
        groups.lock(connection, row.group_id)
        now = utcnow()
        marked = connection.execute(
            sa.update(T)
            .where(T.c.id == group_snapshot_id, _LIVE)
            .where(T.c.status.in_((states.AVAILABLE, states.ERROR)))
            .values(status=states.DELETING, updated_at=now)
        )
        if not marked.rowcount:
            refused.append(f"its status must be available or error, but is {row.status}.")
        if groups.is_being_copied(connection, snapshot_id=group_snapshot_id):
            refused.append("a group is being created from it.")
        parts = (S.c.group_snapshot_id == group_snapshot_id, S.c.deleted == sa.false())
        connection.execute(
            sa.update(S)
            .where(*parts, S.c.status != states.RESTORING)
            .values(status=states.DELETING, updated_at=now)
        )
        read = sa.select(S.c.id, S.c.volume_id).where(*parts, S.c.status == states.RESTORING)
        refused += [
            f"volume {part.volume_id} is being reverted to its snapshot {part.id}."
            for part in connection.execute(read.order_by(S.c.id))
        ]
        if refused:
            connection.rollback()
    return refused


@engine.retried
def update(group_snapshot_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of a group snapshot, whatever its state."""
    with engine.statement() as connection:
        connection.execute(
            sa.update(T)
            .where(T.c.id == group_snapshot_id, _LIVE)
            .values(updated_at=utcnow(), **values)
        )


@engine.retried
def finish_create(group_snapshot_id: str, updates: Mapping[str, Mapping[str, Any]]) -> bool:
    """Mark a group snapshot and its snapshots available, all at once.

    :param updates: columns that the driver wants kept, by snapshot
    :returns: False when it is not being created any more
    """
    now = utcnow()
    made = {"status": states.AVAILABLE, "updated_at": now}
    with engine.transaction() as connection:
        if not _end_creating(connection, group_snapshot_id, made):
            return False
        for snapshot_id, values in updates.items():
            connection.execute(
                sa.update(S)
                .where(S.c.id == snapshot_id, S.c.deleted == sa.false())
                .values({**made, "progress": "100%", **values})
            )
    return True


@engine.retried
def fail_create(group_snapshot_id: str) -> bool:
    """Set a group snapshot that is being created, and its snapshots, to error.

    :returns: False when it is not being created any more
    """
    failed = {"status": states.ERROR, "updated_at": utcnow()}
    with engine.transaction() as connection:
        if not _end_creating(connection, group_snapshot_id, failed):
            return False
        connection.execute(
            sa.update(S)
            .where(S.c.group_snapshot_id == group_snapshot_id, S.c.deleted == sa.false())
            .values(failed)
        )
    return True


def _end_creating(
    connection: sa.Connection, group_snapshot_id: str, values: Mapping[str, Any]
) -> bool:
    ended = connection.execute(
        sa.update(T)
        .where(T.c.id == group_snapshot_id, _LIVE, T.c.status == states.CREATING)
        .values(values)
    )
    return bool(ended.rowcount)


@engine.retried
def destroy(group_snapshot_id: str) -> bool:
    """Delete a group snapshot's row softly, unless a snapshot of it is left.

    :returns: False when one is, or it was deleted before
    """
    left = sa.exists().where(S.c.group_snapshot_id == T.c.id, S.c.deleted == sa.false())
    gone = {"deleted": True, "deleted_at": utcnow(), "status": "deleted"}
    with engine.statement() as connection:
        changed = connection.execute(
            sa.update(T).where(T.c.id == group_snapshot_id, _LIVE, sa.not_(left)).values(gone)
        )
        return bool(changed.rowcount)
