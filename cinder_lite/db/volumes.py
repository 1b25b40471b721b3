# SPDX-License-Identifier: Apache-2.0
"""Queries of ``volumes``: one volume at a time. The API's lists are in volume_views.py."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from cinder_lite import exception
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import engine, models, quotas, volume_glance_metadata
from cinder_lite.objects import VOLUME_COLUMNS, Volume, utcnow

T = models.volumes
_COLUMNS = [T.c[name] for name in VOLUME_COLUMNS]
_FIELDS = tuple("name_id_override" if name == "_name_id" else name for name in VOLUME_COLUMNS)
_BY_ID = sa.select(*_COLUMNS).where(T.c.id == sa.bindparam("volume_id"))


def from_row(row: Sequence[Any]) -> Volume:
    """Build a :class:`Volume` of a row that was selected in the order of its columns."""
    return Volume(**dict(zip(_FIELDS, row, strict=True)))


@engine.retried
def get(context: RequestContext, volume_id: str) -> Volume:
    """Return a volume.

    :param context: whose project must match, unless it is an administrator's
    :raises VolumeNotFound: there is none that this caller may see
    """
    with engine.statement() as connection:
        row = connection.execute(_BY_ID, {"volume_id": volume_id}).one_or_none()
    volume = from_row(row) if row is not None else None
    if volume is None or not context.may_see(volume.project_id, deleted=volume.deleted):
        raise exception.VolumeNotFound(volume_id=volume_id)
    return volume


def insert(connection: sa.Connection, values: Mapping[str, Any]) -> str:
    """Insert a row inside a transaction and return its id."""
    row = {"id": str(uuid.uuid4()), "created_at": utcnow(), "deleted": False, **values}
    connection.execute(sa.insert(T), row)
    return str(row["id"])


def read(connection: sa.Connection, volume_id: str) -> Volume:
    """Return a volume that exists, inside a transaction."""
    return from_row(connection.execute(_BY_ID, {"volume_id": volume_id}).one())


def lock(connection: sa.Connection, volume_id: str) -> Volume:
    """Return a live volume as it is now and keep it so until the caller's transaction ends.

    What is read after this sees every change that was admitted before: a move, a deletion and a
    new snapshot of one volume, which look at each other's rows, are decided one after another.

    :raises VolumeNotFound: it has gone
    """
    query = _BY_ID.where(T.c.deleted == sa.false()).with_for_update()
    row = connection.execute(query, {"volume_id": volume_id}).one_or_none()
    if row is None:
        raise exception.VolumeNotFound(volume_id=volume_id)
    return from_row(row)


def check(connection: sa.Connection, volume_id: str, rules: Sequence[cond.Condition]) -> list[str]:
    """Return a sentence for every rule that does not hold, inside a transaction of the caller's.

    :raises VolumeNotFound: the volume has gone
    """
    facts = [rule for rule in rules if isinstance(rule, cond.Fact)]
    query = sa.select(*_COLUMNS, cond.snapshots_exist(), *(rule.clause() for rule in facts)).where(
        T.c.id == volume_id, T.c.deleted == sa.false()
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise exception.VolumeNotFound(volume_id=volume_id)
    width = len(_COLUMNS)
    volume, has_snapshots = from_row(row[:width]), bool(row[width])
    known = dict(zip(map(id, facts), row[width + 1 :], strict=True))
    return [
        rule.explain(volume)
        for rule in rules
        if not (known[id(rule)] if id(rule) in known else rule.holds(volume, has_snapshots))
    ]


def create(
    values: Mapping[str, Any],
    metadata: Mapping[str, str] | None = None,
    image_metadata: Mapping[str, str] | None = None,
) -> Volume:
    """Create a volume's row and count it against its project's quota, in one transaction.

    :param values: columns; without ``use_quota`` the volume is counted
    :param image_metadata: what is known of the image that it is made of
    :raises VolumeLimitExceeded, VolumeSizeExceedsAvailableQuota: the quota is used up
    :raises InvalidGroup: the group that it was to be in is being deleted
    """
    return _create({"id": str(uuid.uuid4()), **values}, metadata, image_metadata)


@engine.retried
def _create(
    values: Mapping[str, Any],
    metadata: Mapping[str, str] | None,
    image_metadata: Mapping[str, str] | None,
) -> Volume:
    with engine.transaction() as connection:
        stored = connection.execute(_BY_ID, {"volume_id": values["id"]}).one_or_none()
        if stored is not None:  # only the answer to the first try was lost
            return from_row(stored)
        if values.get("group_id"):
            _hold_group(connection, values["group_id"])
        if values.get("use_quota", True):
            quotas.consume(
                connection,
                str(values["project_id"]),
                1,
                int(values["size"]),
                values.get("volume_type_id"),
            )
        volume_id = insert(connection, values)
        if metadata:
            connection.execute(
                sa.insert(models.volume_metadata),
                [{"volume_id": volume_id, "key": k, "value": v} for k, v in metadata.items()],
            )
        if image_metadata:
            volume_glance_metadata.insert(connection, volume_id, image_metadata)
        return read(connection, volume_id)


def _hold_group(connection: sa.Connection, group_id: str) -> None:
    """Keep a group that takes volumes as it is until the transaction ends."""
    group = models.groups
    kept = connection.execute(
        sa.update(group)
        .where(
            group.c.id == group_id,
            group.c.deleted == sa.false(),
            group.c.status.in_(("available", "creating")),
        )
        .values(updated_at=group.c.updated_at)
    )
    if not kept.rowcount:
        raise exception.InvalidGroup(reason=f"group {group_id} takes no volumes any more.")


@engine.retried
def update(volume_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of a volume, whatever its state."""
    with engine.statement() as connection:
        connection.execute(
            sa.update(T).where(T.c.id == volume_id),
            {"updated_at": utcnow(), **_column_names(values)},
        )


def _column_names(values: Mapping[str, Any]) -> dict[str, Any]:
    return {("_name_id" if k == "name_id_override" else k): v for k, v in values.items()}


@engine.retried
def conditional_update(
    volume_id: str, values: Mapping[str, Any], rules: Sequence[cond.Condition]
) -> bool:
    """Change columns of a live volume if every rule holds, in one UPDATE.

    :param values: columns; a value may be :func:`column`, the old value of another column
    :returns: False when some rule refused and nothing was changed
    """
    with engine.statement() as connection:
        return swap(connection, volume_id, values, rules)


def swap(
    connection: sa.Connection,
    volume_id: str,
    values: Mapping[str, Any],
    rules: Sequence[cond.Condition],
) -> bool:
    """Do what :func:`conditional_update` does inside a transaction of the caller's."""
    changed = connection.execute(
        sa.update(T)
        .where(T.c.id == volume_id, T.c.deleted == sa.false(), *(rule.clause() for rule in rules))
        .ordered_values(*_assignments({"updated_at": utcnow(), **_column_names(values)}))
    )
    return bool(changed.rowcount)


@engine.retried
def insert_of(
    table: sa.Table,
    columns: Sequence[sa.Column[Any]],
    row: Mapping[str, Any],
    values: Mapping[str, Any],
    rules: Sequence[cond.Condition],
) -> sa.Row[Any] | None:
    """Insert a row of another table that says something of a volume, and mark the volume; or not.

    :param columns: what is returned of the row
    :param row: what is inserted; its ``id`` tells it from others when it is tried again
    :param values: columns of the volume
    :param rules: what must hold of the volume
    :returns: the row as it is stored; None when a rule refused
    :raises VolumeNotFound: the volume has gone
    """
    mine = sa.select(*columns).where(table.c.id == row["id"])
    with engine.transaction() as connection:
        lock(connection, row["volume_id"])
        stored = connection.execute(mine).one_or_none()
        if stored is None:  # or only the answer to the first try was lost
            if not swap(connection, row["volume_id"], values, rules):
                return None
            connection.execute(sa.insert(table), row)
            stored = connection.execute(mine).one()
    return stored


def _assignments(values: Mapping[str, Any]) -> list[tuple[sa.Column[Any], Any]]:
    """Return the assignments of an UPDATE, those first that keep another column's old value.

    MySQL and MariaDB assign from left to right, and read what was assigned before.
    """
    ordered = sorted(values.items(), key=lambda item: not isinstance(item[1], sa.Column))
    return [(T.c[name], value) for name, value in ordered]


def column(name: str) -> Any:
    """Return a column as a value: what it held before the UPDATE."""
    return T.c[name]


def status_or_maintenance(lock_volume: bool) -> Any:
    """Return the status of a volume that begins to move: locked if asked for and not attached."""
    if not lock_volume:
        return T.c.status
    return sa.case((T.c.status == "available", "maintenance"), else_=T.c.status)


@engine.retried
def refusals(volume_id: str, rules: Sequence[cond.Condition]) -> list[str]:
    """Return a sentence for every rule that does not hold for a volume as it is now.

    :raises VolumeNotFound: the volume has gone
    """
    with engine.statement() as connection:
        return check(connection, volume_id, rules)


@engine.retried
def destroy(volume_id: str) -> bool:
    """Delete a volume's row softly and give its quota back, in one transaction.

    :returns: False when it was deleted before
    """
    with engine.transaction() as connection:
        return remove(connection, volume_id)


def remove(connection: sa.Connection, volume_id: str) -> bool:
    """Do what :func:`destroy` does inside a transaction of the caller's."""
    now = utcnow()
    try:
        # Held: it may be failing at this moment, and give its quota back by itself.
        volume = lock(connection, volume_id)
    except exception.VolumeNotFound:
        return False
    connection.execute(
        sa.update(T)
        .where(T.c.id == volume_id)
        .values(
            deleted=True,
            deleted_at=now,
            terminated_at=now,
            status="deleted",
            migration_status=None,
        )
    )
    quotas.cancel_growth(connection, volume)
    quotas.cancel_retype(connection, volume)
    for table in (
        models.volume_metadata,
        models.volume_admin_metadata,
        models.volume_glance_metadata,
    ):
        connection.execute(sa.delete(table).where(table.c.volume_id == volume_id))
    attachment = models.volume_attachment
    connection.execute(
        sa.update(attachment)
        .where(attachment.c.volume_id == volume_id, attachment.c.deleted == sa.false())
        .values(deleted=True, deleted_at=now, detach_time=now, attach_status="deleted")
    )
    if volume.use_quota and volume.project_id is not None:
        quotas.release(connection, volume.project_id, 1, volume.size, volume.volume_type_id)
    return True


@engine.retried
def for_host(
    service_host: str,
    statuses: Sequence[str] | None = None,
    *,
    project_id: str | None = None,
    source_volid: str | None = None,
    include_deleted: bool = False,
) -> list[Volume]:
    """Return the volumes that a volume service looks after.

    :param service_host: ``host@backend``
    :param statuses: only volumes with one of these; a service may have very many with others
    :param project_id: only volumes of this project
    :param source_volid: only clones of this volume
    """
    query = sa.select(*_COLUMNS).where(
        sa.or_(T.c.host == service_host, T.c.host.like(_prefix(service_host), escape="!"))
    )
    if not include_deleted:
        query = query.where(T.c.deleted == sa.false())
    if statuses is not None:
        query = query.where(T.c.status.in_(statuses))
    if project_id is not None:
        query = query.where(T.c.project_id == project_id)
    if source_volid is not None:
        query = query.where(T.c.source_volid == source_volid)
    with engine.statement() as connection:
        return [from_row(row) for row in connection.execute(query)]


def _prefix(service_host: str) -> str:
    escaped = service_host.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return escaped + "#%"


@engine.retried
def data_is_named(service_host: str, name_id: str, *, besides: str) -> bool:
    """Tell whether a volume of a service, other than one, has its data under a name.

    So it is while the data that a volume left behind waits for its removal.

    :param service_host: ``host@backend``
    :param name_id: what :attr:`Volume.name_id` would be
    :param besides: id of the volume that does not count
    """
    query = sa.select(T.c.id).where(
        T.c.deleted == sa.false(),
        T.c.host.like(_prefix(service_host), escape="!"),
        sa.func.coalesce(T.c._name_id, T.c.id) == name_id,
        T.c.id != besides,
    )
    with engine.statement() as connection:
        return connection.execute(query.limit(1)).first() is not None


@engine.retried
def allocated_gb(service_host: str) -> dict[str, tuple[int, int]]:
    """Return per pool how many volumes a volume service has and their GiB.

    :param service_host: ``host@backend``
    """
    query = (
        sa.select(T.c.host, sa.func.count(), sa.func.coalesce(sa.func.sum(T.c.size), 0))
        .where(
            T.c.deleted == sa.false(),
            sa.or_(T.c.host == service_host, T.c.host.like(_prefix(service_host), escape="!")),
        )
        .group_by(T.c.host)
    )
    with engine.statement() as connection:
        return {
            str(name).partition("#")[2]: (int(count), int(size))
            for name, count, size in connection.execute(query)
        }


@engine.retried
def with_migration_status(service_host: str, statuses: Sequence[str]) -> list[Volume]:
    """Return a service's volumes whose migration_status is one of ``statuses``."""
    query = sa.select(*_COLUMNS).where(
        T.c.deleted == sa.false(),
        T.c.migration_status.in_(statuses),
        T.c.host.like(_prefix(service_host), escape="!"),
    )
    with engine.statement() as connection:
        return [from_row(row) for row in connection.execute(query)]


@engine.retried
def migration_targets() -> list[Volume]:
    """Return every temporary volume that is a move's target."""
    query = sa.select(*_COLUMNS).where(
        T.c.deleted == sa.false(), T.c.migration_status.like("target:%")
    )
    with engine.statement() as connection:
        return [from_row(row) for row in connection.execute(query)]


class Placement(NamedTuple):
    """A volume that a backend's report can not hold yet."""

    volume_id: str
    host: str
    size: int
    placed_at: datetime.datetime | None


@engine.retried
def unreported(service_host: str, since: datetime.datetime) -> list[Placement]:
    """Return a service's volumes that are being made, or were finished after a moment.

    :param service_host: ``host@backend``
    :param since: when the service's last report was taken
    """
    query = sa.select(T.c.id, T.c.host, T.c.size, T.c.scheduled_at, T.c.created_at).where(
        T.c.deleted == sa.false(),
        T.c.host.like(_prefix(service_host), escape="!"),
        sa.or_(T.c.status.in_(("creating", "downloading")), T.c.launched_at > since),
    )
    with engine.statement() as connection:
        rows = connection.execute(query).all()
    # A volume counts from its scheduling; the target of a move, never scheduled, from its creation.
    return [
        Placement(row.id, row.host, row.size, max(filter(None, row[3:]), default=None))
        for row in rows
    ]


@engine.retried
def unplaced(before: datetime.datetime) -> list[str]:
    """Return the ids of volumes that are being created and have no host.

    :param before: only those that were asked for before this moment
    """
    query = sa.select(T.c.id).where(
        T.c.deleted == sa.false(),
        T.c.status == "creating",
        T.c.host.is_(None),
        T.c.created_at < before,
    )
    with engine.statement() as connection:
        return list(connection.execute(query).scalars())


def status_unlocked() -> Any:
    """Return the status of a volume whose move is over: what it was where the move locked it."""
    before = sa.func.coalesce(T.c.previous_status, "available")
    return sa.case((T.c.status == "maintenance", before), else_=T.c.status)
