# SPDX-License-Identifier: Apache-2.0
"""Queries of ``snapshots`` and ``snapshot_metadata``. The API's lists are in snapshot_views.py."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from oslo_config import cfg

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import engine, models, quotas, volumes
from cinder_lite.objects import SNAPSHOT_COLUMNS, Snapshot, Volume, utcnow

CONF = cfg.CONF

T = models.snapshots
M = models.snapshot_metadata
G = models.volume_glance_metadata
V = models.volumes
_FROM = T.join(V, V.c.id == T.c.volume_id)
_SELECT = sa.select(*(T.c[name] for name in SNAPSHOT_COLUMNS), V.c._name_id).select_from(_FROM)
_BY_ID = _SELECT.where(T.c.id == sa.bindparam("snapshot_id"))
_LIVE = T.c.deleted == sa.false()


def from_row(row: Sequence[Any]) -> Snapshot:
    """Build a :class:`Snapshot` of a row of our columns and the volume's ``_name_id``."""
    values = dict(zip(SNAPSHOT_COLUMNS, row[:-1], strict=True))
    name_id = row[-1] or values["volume_id"]
    return Snapshot(**values, volume_name=str(CONF.volume_name_template % name_id))


# --- reading ---------------------------------------------------------------------------------


@engine.retried
def get(context: RequestContext, snapshot_id: str) -> Snapshot:
    """Return a snapshot.

    :param context: whose project must match, unless it is an administrator's
    :raises SnapshotNotFound: there is none that this caller may see
    """
    with engine.statement() as connection:
        row = connection.execute(_BY_ID, {"snapshot_id": snapshot_id}).one_or_none()
    snapshot = from_row(row) if row is not None else None
    if snapshot is None or not context.may_see(snapshot.project_id, deleted=snapshot.deleted):
        raise exception.SnapshotNotFound(snapshot_id=snapshot_id)
    return snapshot


def read(connection: sa.Connection, snapshot_id: str) -> Snapshot:
    """Return a snapshot that exists, inside a transaction."""
    return from_row(connection.execute(_BY_ID, {"snapshot_id": snapshot_id}).one())


@engine.retried
def of_volume(volume_id: str) -> list[Snapshot]:
    """Return a volume's snapshots, the latest first."""
    query = _SELECT.where(T.c.volume_id == volume_id, _LIVE)
    with engine.statement() as connection:
        rows = connection.execute(query.order_by(T.c.created_at.desc(), T.c.id.desc()))
        return [from_row(row) for row in rows]


@engine.retried
def for_host(service_host: str, statuses: Sequence[str] | None = None) -> list[Snapshot]:
    """Return the snapshots of a volume service's volumes.

    :param service_host: ``host@backend``
    :param statuses: only those with one of these statuses
    """
    query = _SELECT.where(_LIVE, _on(service_host))
    if statuses is not None:
        query = query.where(T.c.status.in_(statuses))
    with engine.statement() as connection:
        return [from_row(row) for row in connection.execute(query)]


@engine.retried
def is_read_elsewhere(snapshot_id: str, service_host: str) -> bool:
    """Tell whether another volume service than a snapshot's own makes a volume of it now.

    :param service_host: ``host@backend`` of the snapshot's own
    """
    query = sa.select(V.c.id).where(
        V.c.snapshot_id == snapshot_id,
        V.c.deleted == sa.false(),
        V.c.status.in_(states.BEING_MADE),
        ~_on(service_host),
    )
    with engine.statement() as connection:
        return connection.execute(query.limit(1)).first() is not None


def _on(service_host: str) -> sa.ColumnElement[bool]:
    return sa.or_(
        V.c.host == service_host, V.c.host.startswith(f"{service_host}#", autoescape=True)
    )


# --- writing ---------------------------------------------------------------------------------


def create(
    volume_id: str,
    rules: Sequence[cond.Condition],
    values: Mapping[str, Any],
    metadata: Mapping[str, str] | None = None,
) -> tuple[Snapshot | None, list[str]]:
    """Create the row of a snapshot of a volume as it is now, and count it against the quota.

    All of it is one transaction, which holds the volume's row: a move or a deletion that begins
    at the same time sees the snapshot, or is seen by the rules.

    :param rules: what must hold of the volume
    :param values: columns; what the volume tells (size, type, key) is filled in
    :returns: the snapshot; or None and a sentence for every rule that refuses
    :raises VolumeNotFound: the volume has gone
    :raises SnapshotLimitExceeded, VolumeSizeExceedsAvailableQuota: the quota is used up
    """
    return _create(volume_id, rules, {"id": str(uuid.uuid4()), **values}, metadata)


@engine.retried
def _create(
    volume_id: str,
    rules: Sequence[cond.Condition],
    values: Mapping[str, Any],
    metadata: Mapping[str, str] | None,
) -> tuple[Snapshot | None, list[str]]:
    with engine.transaction() as connection:
        volume = volumes.lock(connection, volume_id)
        stored = connection.execute(_BY_ID, {"snapshot_id": values["id"]}).one_or_none()
        if stored is not None:  # only the answer to the first try was lost
            return from_row(stored), []
        refused = volumes.check(connection, volume_id, rules)
        if refused:
            return None, refused
        snapshot_id = insert(connection, volume, values, metadata)
        return read(connection, snapshot_id), []


def insert(
    connection: sa.Connection,
    volume: Volume,
    values: Mapping[str, Any],
    metadata: Mapping[str, str] | None = None,
) -> str:
    """Insert a snapshot's row and count it, inside a transaction that holds the volume's row.

    :returns: the snapshot's id
    :raises SnapshotLimitExceeded, VolumeSizeExceedsAvailableQuota: the quota is used up
    """
    row = {
        "id": str(uuid.uuid4()),
        "created_at": utcnow(),
        "deleted": False,
        "use_quota": True,
        "status": states.CREATING,
        "progress": "0%",
        "volume_id": volume.id,
        "volume_size": volume.size,
        "volume_type_id": volume.volume_type_id,
        "encryption_key_id": volume.encryption_key_id,
        "scheduled_at": utcnow(),
        **values,
    }
    if row["use_quota"]:
        quotas.consume_snapshots(
            connection, str(row["project_id"]), 1, row["volume_size"], row["volume_type_id"]
        )
    connection.execute(sa.insert(T), row)
    _write_metadata(connection, row["id"], metadata or {})
    return str(row["id"])


@engine.retried
def update(snapshot_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of a snapshot, whatever its state."""
    with engine.statement() as connection:
        connection.execute(
            sa.update(T).where(T.c.id == snapshot_id), {"updated_at": utcnow(), **values}
        )


@engine.retried
def conditional_update(
    snapshot_id: str,
    values: Mapping[str, Any],
    statuses: Sequence[str] | None,
    *,
    of_group: bool = True,
) -> bool:
    """Change columns of a live snapshot if its status is one of these, in one UPDATE.

    :param statuses: None: any
    :param of_group: also where it belongs to a group's snapshot
    :returns: False when it is not, and nothing was changed
    """
    with engine.statement() as connection:
        return swap(connection, snapshot_id, values, statuses, of_group=of_group)


def swap(
    connection: sa.Connection,
    snapshot_id: str,
    values: Mapping[str, Any],
    statuses: Sequence[str] | None,
    *,
    of_group: bool = True,
) -> bool:
    """Do what :func:`conditional_update` does inside a transaction of the caller's."""
    statement = sa.update(T).where(T.c.id == snapshot_id, _LIVE)
    if statuses is not None:
        statement = statement.where(T.c.status.in_(statuses))
    if not of_group:
        statement = statement.where(T.c.group_snapshot_id.is_(None), T.c.cgsnapshot_id.is_(None))
    return bool(connection.execute(statement.values(updated_at=utcnow(), **values)).rowcount)


@engine.retried
def fail(snapshot_id: str) -> bool:
    """Set a snapshot that is being made to error and give its quota back, in one transaction.

    :returns: False when it is not being made any more, and nothing was changed
    """
    failed = {"status": states.ERROR, "scheduled_at": None}
    with engine.transaction() as connection:
        if not swap(connection, snapshot_id, failed, [states.CREATING]):
            return False
        snapshot = read(connection, snapshot_id)
        if snapshot.use_quota:
            uncounted = sa.update(T).where(T.c.id == snapshot_id).values(use_quota=False)
            connection.execute(uncounted)
            _release(connection, snapshot)
    return True


def _release(connection: sa.Connection, snapshot: Snapshot) -> None:
    if snapshot.project_id is not None:
        quotas.release_snapshots(
            connection, snapshot.project_id, 1, snapshot.volume_size, snapshot.volume_type_id
        )


@engine.retried
def destroy(snapshot_id: str) -> bool:
    """Delete a snapshot's row softly and give its quota back, in one transaction.

    :returns: False when it was deleted before
    """
    with engine.transaction() as connection:
        gone = {"deleted": True, "deleted_at": utcnow(), "status": states.DELETED}
        changed = connection.execute(sa.update(T).where(T.c.id == snapshot_id, _LIVE).values(gone))
        if not changed.rowcount:
            return False
        # Read while it is held: it may have failed, and given its quota back, a moment ago.
        snapshot = read(connection, snapshot_id)
        for table in (M, G):
            connection.execute(sa.delete(table).where(table.c.snapshot_id == snapshot_id))
        if snapshot.use_quota:
            _release(connection, snapshot)
    return True


# --- metadata --------------------------------------------------------------------------------


@engine.retried
def metadata(snapshot_id: str) -> dict[str, str]:
    """Return a snapshot's metadata."""
    query = sa.select(M.c.key, M.c.value).where(M.c.snapshot_id == snapshot_id)
    with engine.statement() as connection:
        return {row.key: row.value for row in connection.execute(query)}


@engine.retried
def replace_metadata(snapshot_id: str, values: Mapping[str, str]) -> None:
    """Set a snapshot's metadata to exactly this."""
    with engine.transaction() as connection:
        connection.execute(sa.delete(M).where(M.c.snapshot_id == snapshot_id))
        _write_metadata(connection, snapshot_id, values)
        connection.execute(sa.update(T).where(T.c.id == snapshot_id).values(updated_at=utcnow()))


def _write_metadata(connection: sa.Connection, snapshot_id: str, values: Mapping[str, str]) -> None:
    if values:
        connection.execute(
            sa.insert(M),
            [{"snapshot_id": snapshot_id, "key": k, "value": v} for k, v in values.items()],
        )


# --- image metadata: what makes a copy bootable ----------------------------------------------


@engine.retried
def copy_image_metadata_from_volume(snapshot_id: str, volume_id: str) -> None:
    """Note on a snapshot the image metadata of its volume."""
    with engine.transaction() as connection:
        _copy_image_metadata(connection, G.c.volume_id == volume_id, snapshot_id=snapshot_id)


@engine.retried
def copy_image_metadata_to_volume(
    volume_id: str, *, from_snapshot: str | None = None, from_volume: str | None = None
) -> None:
    """Note on a new volume the image metadata of what it is made from."""
    source = G.c.snapshot_id == from_snapshot if from_snapshot else G.c.volume_id == from_volume
    with engine.transaction() as connection:
        connection.execute(sa.delete(G).where(G.c.volume_id == volume_id))
        _copy_image_metadata(connection, source, volume_id=volume_id)


def _copy_image_metadata(
    connection: sa.Connection, source: sa.ColumnElement[bool], **target: str
) -> None:
    rows = connection.execute(sa.select(G.c.key, G.c.value).where(source)).all()
    if rows:
        connection.execute(
            sa.insert(G), [{**target, "key": row.key, "value": row.value} for row in rows]
        )
