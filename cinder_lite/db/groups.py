# SPDX-License-Identifier: Apache-2.0
"""Queries of ``groups``: volumes of one backend that are looked after together.

What decides about a group's volumes holds the group's row until its transaction ends, so a volume
can not join a group that is being deleted or snapshotted at the same moment.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import engine, models, pages, quotas, volumes
from cinder_lite.objects import Group, Volume, utcnow

T = models.groups
M = models.group_volume_type_mapping
V = models.volumes
S = models.group_snapshots
_FIELDS = tuple(f.name for f in dataclasses.fields(Group) if f.name != "volume_types")
_COLUMNS = [T.c[name] for name in _FIELDS]
_LIVE = T.c.deleted == sa.false()

FILTERS = frozenset(T.c.keys())
"""Columns by which a list may be filtered or sorted."""


def _whole(connection: sa.Connection, rows: Sequence[Sequence[Any]]) -> list[Group]:
    """Return the groups of rows, each with its volume types."""
    types: dict[str, list[str]] = {row[0]: [] for row in rows}
    if rows:
        query = sa.select(M.c.group_id, M.c.volume_type_id).where(M.c.group_id.in_(types))
        for group_id, type_id in connection.execute(query.order_by(M.c.id)):
            types[group_id].append(type_id)
    return [
        Group(**dict(zip(_FIELDS, row, strict=True)), volume_types=tuple(types[row[0]]))
        for row in rows
    ]


# --- reading ---------------------------------------------------------------------------------


@engine.retried
def get(context: RequestContext, group_id: str) -> Group:
    """Return a group.

    :param context: whose project must match, unless it is an administrator's
    :raises GroupNotFound: there is none that this caller may see
    """
    query = sa.select(*_COLUMNS).where(T.c.id == group_id, _LIVE)
    if not context.is_admin:
        query = query.where(T.c.project_id == context.project_id)
    with engine.statement() as connection:
        found = _whole(connection, connection.execute(query).all())
    if not found:
        raise exception.GroupNotFound(group_id=group_id)
    return found[0]


@engine.retried
def listing(
    project_id: str | None, filters: Mapping[str, str], window: pages.Window
) -> list[Group]:
    """Return one page of groups.

    :param project_id: only this project's; None: every project's
    :param filters: values by column, see :func:`pages.clauses`; ``host`` may name a node or backend
    :raises GroupNotFound: the marker is none of them
    """
    plain = dict(filters)
    host = plain.pop("host", None)
    clauses = pages.clauses(T, plain, FILTERS)
    if host:
        within = T.c.host.startswith(f"{host}#", autoescape=True)
        clauses.append(sa.or_(T.c.host == host, within))
    where = [_LIVE]
    if project_id is not None:
        where.append(T.c.project_id == project_id)
    with engine.statement() as connection:
        try:
            rows = pages.rows(connection, T, _COLUMNS, where, window, clauses)
        except pages.MarkerNotFound:
            raise exception.GroupNotFound(group_id=window.marker) from None
        return _whole(connection, rows)


@engine.retried
def for_host(service_host: str, statuses: Sequence[str]) -> list[Group]:
    """Return a volume service's groups of some statuses.

    :param service_host: ``host@backend``
    """
    here = T.c.host.startswith(f"{service_host}#", autoescape=True)
    query = sa.select(*_COLUMNS).where(
        _LIVE, T.c.status.in_(statuses), sa.or_(T.c.host == service_host, here)
    )
    with engine.statement() as connection:
        return _whole(connection, connection.execute(query).all())


@engine.retried
def unplaced(before: datetime.datetime) -> list[str]:
    """Return the ids of groups that are being created and have no host.

    :param before: only those that were asked for before this moment
    """
    query = sa.select(T.c.id).where(
        _LIVE, T.c.status == states.CREATING, T.c.host.is_(None), T.c.created_at < before
    )
    with engine.statement() as connection:
        return list(connection.execute(query).scalars())


@engine.retried
def volumes_of(group_id: str) -> list[Volume]:
    """Return a group's volumes, the oldest first."""
    with engine.statement() as connection:
        return read_volumes(connection, group_id)


def read_volumes(connection: sa.Connection, group_id: str) -> list[Volume]:
    """Return a group's volumes inside a transaction, the oldest first."""
    query = sa.select(V.c.id).where(V.c.group_id == group_id, V.c.deleted == sa.false())
    ids = connection.execute(query.order_by(V.c.created_at, V.c.id)).scalars().all()
    return [volumes.read(connection, volume_id) for volume_id in ids]


def lock_volumes(connection: sa.Connection, group_id: str) -> list[Volume]:
    """Return the volumes of a group that is held, and keep them as they are too."""
    query = sa.select(V.c.id).where(V.c.group_id == group_id, V.c.deleted == sa.false())
    locked = []
    for volume_id in connection.execute(query.order_by(V.c.id)).scalars().all():
        with contextlib.suppress(exception.VolumeNotFound):  # deleted at this moment
            locked.append(volumes.lock(connection, volume_id))
    return locked


@engine.retried
def volume_ids(group_ids: Collection[str]) -> dict[str, list[str]]:
    """Return the ids of the volumes of each of some groups."""
    found: dict[str, list[str]] = {group_id: [] for group_id in group_ids}
    query = sa.select(V.c.group_id, V.c.id).where(
        V.c.group_id.in_(found), V.c.deleted == sa.false()
    )
    with engine.statement() as connection:
        for group_id, volume_id in connection.execute(query.order_by(V.c.created_at, V.c.id)):
            found[group_id].append(volume_id)
    return found


# --- writing ---------------------------------------------------------------------------------


def create(values: Mapping[str, Any], type_ids: Iterable[str]) -> Group:
    """Create a group's row and count it against its project's quota, in one transaction.

    :raises GroupLimitExceeded: the quota is used up
    """
    return _create({"id": str(uuid.uuid4()), **values}, list(type_ids))


@engine.retried
def _create(values: Mapping[str, Any], type_ids: Sequence[str]) -> Group:
    with engine.transaction() as connection:
        # There where only the answer to the first try was lost.
        return find(connection, values["id"]) or insert(connection, values, type_ids)


def insert(connection: sa.Connection, values: Mapping[str, Any], type_ids: Iterable[str]) -> Group:
    """Do what :func:`create` does inside a transaction of the caller's."""
    row = {"id": str(uuid.uuid4()), "created_at": utcnow(), "deleted": False, **values}
    quotas.consume_group(connection, row["project_id"])
    connection.execute(sa.insert(T), row)
    mapping = [{"group_id": row["id"], "volume_type_id": kind} for kind in dict.fromkeys(type_ids)]
    if mapping:
        connection.execute(sa.insert(M), mapping)
    return read(connection, row["id"])


def find(connection: sa.Connection, group_id: str) -> Group | None:
    """Return a group, inside a transaction; None where there is none."""
    rows = connection.execute(sa.select(*_COLUMNS).where(T.c.id == group_id)).all()
    return next(iter(_whole(connection, rows)), None)


def read(connection: sa.Connection, group_id: str) -> Group:
    """Return a group that exists, inside a transaction."""
    group = find(connection, group_id)
    assert group is not None
    return group


def lock(connection: sa.Connection, group_id: str) -> Group:
    """Return a group, and keep its row until the transaction ends.

    :raises GroupNotFound: it has gone
    """
    kept = sa.update(T).where(T.c.id == group_id, _LIVE).values(updated_at=T.c.updated_at)
    if not connection.execute(kept).rowcount:
        raise exception.GroupNotFound(group_id=group_id)
    return read(connection, group_id)


@engine.retried
def update(group_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of a group, whatever its state."""
    with engine.statement() as connection:
        connection.execute(
            sa.update(T).where(T.c.id == group_id, _LIVE).values(updated_at=utcnow(), **values)
        )


@engine.retried
def conditional_update(group_id: str, values: Mapping[str, Any], statuses: Sequence[str]) -> bool:
    """Change columns of a live group if its status is one of these, in one UPDATE.

    :returns: False when it is not, and nothing was changed
    """
    with engine.statement() as connection:
        changed = connection.execute(
            sa.update(T)
            .where(T.c.id == group_id, _LIVE, T.c.status.in_(statuses))
            .values(updated_at=utcnow(), **values)
        )
        return bool(changed.rowcount)


@engine.retried
def destroy(group_id: str, statuses: Sequence[str] | None = None) -> bool:
    """Delete an empty group's row softly and give its quota back, in one transaction.

    :param statuses: only if its status is one of these
    :returns: False when it was deleted before, still has volumes, or has another status
    """
    with engine.transaction() as connection:
        return remove(connection, group_id, statuses)


def remove(connection: sa.Connection, group_id: str, statuses: Sequence[str] | None = None) -> bool:
    """Do what :func:`destroy` does inside a transaction of the caller's."""
    filled = sa.exists().where(V.c.group_id == T.c.id, V.c.deleted == sa.false())
    statement = sa.update(T).where(T.c.id == group_id, _LIVE, sa.not_(filled))
    if statuses is not None:
        statement = statement.where(T.c.status.in_(statuses))
    gone = statement.values(deleted=True, deleted_at=utcnow(), status="deleted")
    if not connection.execute(gone).rowcount:
        return False
    connection.execute(sa.delete(M).where(M.c.group_id == group_id))
    owner = connection.execute(sa.select(T.c.project_id).where(T.c.id == group_id)).scalar()
    if owner is not None:
        quotas.release_group(connection, owner)
    return True


def has_snapshots(connection: sa.Connection, group_id: str) -> bool:
    """Tell whether a group has snapshots, inside a transaction."""
    query = sa.select(S.c.id).where(S.c.group_id == group_id, S.c.deleted == sa.false())
    return connection.execute(query.limit(1)).first() is not None


def is_being_copied(
    connection: sa.Connection, *, group_id: str | None = None, snapshot_id: str | None = None
) -> bool:
    """Tell whether a new group is being made from a group or from a group's snapshot."""
    source = T.c.source_group_id == group_id if group_id else T.c.group_snapshot_id == snapshot_id
    query = sa.select(T.c.id).where(_LIVE, T.c.status == states.CREATING, source)
    return connection.execute(query.limit(1)).first() is not None
