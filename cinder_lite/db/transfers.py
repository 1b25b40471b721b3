# SPDX-License-Identifier: Apache-2.0
"""Queries of ``transfers``: volumes that are offered to another project.

An offer marks its volume ``awaiting-transfer`` in the transaction that writes its row; taking it
moves the volume, its snapshots and what they count for in one transaction as well. A volume can
not be between two projects.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import encryption_keys, engine, models, pages, quotas, volumes
from cinder_lite.objects import Transfer, utcnow

T = models.transfers
S = models.snapshots
V = models.volumes
_FIELDS = tuple(field.name for field in dataclasses.fields(Transfer))
_COLUMNS = [T.c[name] for name in _FIELDS]

FILTERS = frozenset(T.c.keys()) - {"salt", "crypt_hash"}
"""Columns by which a list may be filtered."""
SORT_KEYS = FILTERS

_OFFERED = cond.In(
    "its status must be awaiting-transfer, but is {volume.status}.",
    "status",
    (states.AWAITING_TRANSFER,),
)


def _from_row(row: Sequence[Any]) -> Transfer:
    return Transfer(**dict(zip(_FIELDS, row, strict=True)))


def _of_project(project_id: str | None) -> sa.ColumnElement[bool]:
    owner = sa.select(V.c.project_id).where(V.c.id == T.c.volume_id).scalar_subquery()
    return owner == project_id


@engine.retried
def get(context: RequestContext, transfer_id: str) -> Transfer:
    """Return an offer.

    :param context: whose project must own the volume, unless it is an administrator's
    :raises TransferNotFound: there is none that this caller may see
    """
    query = sa.select(*_COLUMNS).where(T.c.id == transfer_id, T.c.deleted == sa.false())
    if not context.is_admin:
        query = query.where(_of_project(context.project_id))
    with engine.statement() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise exception.TransferNotFound(transfer_id=transfer_id)
    return _from_row(row)


@engine.retried
def listing(
    project_id: str | None, filters: Mapping[str, str], window: pages.Window
) -> list[Transfer]:
    """Return one page of the offers.

    :param project_id: only of volumes of this project; None: of every project
    :raises TransferNotFound: the marker is none of them
    """
    where = [T.c.deleted == sa.false()]
    if project_id is not None:
        where.append(_of_project(project_id))
    with engine.statement() as connection:
        try:
            clauses = pages.clauses(T, filters, FILTERS)
            found = pages.rows(connection, T, _COLUMNS, where, window, clauses)
        except pages.MarkerNotFound:
            raise exception.TransferNotFound(transfer_id=window.marker) from None
    return [_from_row(row) for row in found]


def create(
    values: Mapping[str, Any], rules: Sequence[cond.Condition], key_id: str | None = None
) -> Transfer | None:
    """Offer a volume: mark it and write the offer, both or neither.

    :param values: columns of the offer
    :param rules: what must hold of the volume, tested by the UPDATE that marks it
    :param key_id: the key that it and its snapshots name from then on; None: the one before
    :returns: None when a rule refused
    :raises VolumeNotFound: the volume has gone
    :raises InvalidSnapshot: a snapshot that goes along is not available, or part of a group's
    """
    row = {"id": str(uuid.uuid4()), "created_at": utcnow(), "deleted": False, **values}
    return _create(row, rules, key_id)


@engine.retried
def _create(
    row: Mapping[str, Any], rules: Sequence[cond.Condition], key_id: str | None
) -> Transfer | None:
    mine = sa.select(*_COLUMNS).where(T.c.id == row["id"])
    mark = {"status": states.AWAITING_TRANSFER}
    with engine.transaction() as connection:
        volumes.lock(connection, row["volume_id"])
        stored = connection.execute(mine).one_or_none()
        if stored is not None:  # only the answer to the first try was lost
            return _from_row(stored)
        if not volumes.swap(connection, row["volume_id"], mark, rules):
            return None
        if not row["no_snapshots"]:
            _check_snapshots(connection, row["volume_id"])
        if key_id is not None:
            encryption_keys.replace(connection, row["volume_id"], key_id)
        connection.execute(sa.insert(T), row)
        return _from_row(connection.execute(mine).one())


def _check_snapshots(connection: sa.Connection, volume_id: str) -> None:
    # Whoever deletes a group's snapshot would delete another project's data with it.
    group_snapshot = sa.func.coalesce(S.c.group_snapshot_id, S.c.cgsnapshot_id)
    query = sa.select(S.c.id, S.c.status, group_snapshot.label("group_snapshot")).where(
        S.c.volume_id == volume_id,
        S.c.deleted == sa.false(),
        sa.or_(S.c.status != states.AVAILABLE, group_snapshot.is_not(None)),
    )
    found = connection.execute(query.limit(1)).first()
    if found is None:
        return
    what = f"snapshot {found.id} goes with its volume {volume_id}, so "
    if found.group_snapshot is not None:
        what += f"it must not belong to the group snapshot {found.group_snapshot}."
    else:
        what += f"its status must be available, but is {found.status}."
    raise exception.InvalidSnapshot(reason=what)


@engine.retried
def destroy(transfer_id: str, volume_id: str, key_id: str | None = None) -> bool:
    """Take an offer back and make its volume available again.

    :param key_id: the key that the volume and its snapshots name from then on
    :returns: False when the offer has gone already
    """
    with engine.transaction() as connection:
        if not _end(connection, transfer_id, {}):
            return False
        volumes.swap(connection, volume_id, {"status": states.AVAILABLE}, [_OFFERED])
        if key_id is not None:
            encryption_keys.replace(connection, volume_id, key_id)
    return True


def _end(connection: sa.Connection, transfer_id: str, values: Mapping[str, Any]) -> bool:
    """End an offer; of two requests at once, one does."""
    ended = connection.execute(
        sa.update(T)
        .where(T.c.id == transfer_id, T.c.deleted == sa.false())
        .values(deleted=True, deleted_at=utcnow(), **values)
    )
    return bool(ended.rowcount)


def accept(
    transfer: Transfer, user_id: str | None, project_id: str, key_id: str | None = None
) -> None:
    """Give an offered volume to a project, with what it counts for, in one transaction.

    :param key_id: the key that the volume and its snapshots name from then on

    :raises TransferNotFound: somebody else was faster, or the offer was taken back
    :raises InvalidVolume: the volume is offered no longer
    :raises InvalidSnapshot: a snapshot that goes along is not available, or part of a group's
    :raises OverQuota: the new owner has no room for it
    """
    _accept(transfer, {"user_id": user_id, "project_id": project_id}, key_id, [])


@engine.retried
def _accept(
    transfer: Transfer, owner: Mapping[str, Any], key_id: str | None, tried: list[str]
) -> None:
    """Do what :func:`accept` does.

    :param tried: ids of the offers that earlier tries have accepted, to no avail or not
    """
    project_id = str(owner["project_id"])
    with engine.transaction() as connection:
        ended = {"accepted": True, "destination_project_id": project_id}
        if not _end(connection, transfer.id, ended):
            if transfer.id in tried and _is_accepted(connection, transfer.id, project_id, key_id):
                return  # only the answer was lost
            raise exception.TransferNotFound(transfer_id=transfer.id)
        volume = volumes.read(connection, transfer.volume_id)
        given = {"status": states.AVAILABLE, **owner}
        if not volumes.swap(connection, volume.id, given, [_OFFERED]):
            raise exception.InvalidVolume(
                reason=f"volume {volume.id} can not be transferred: {_OFFERED.explain(volume)}"
            )
        if volume.use_quota:
            counted = (1, volume.size, volume.volume_type_id)
            quotas.consume(connection, project_id, *counted)
            quotas.release(connection, str(volume.project_id), *counted)
        if not transfer.no_snapshots:
            _give_snapshots(connection, volume.id, str(volume.project_id), owner)
        if key_id is not None:
            encryption_keys.replace(connection, volume.id, key_id)
        tried.append(transfer.id)


def _is_accepted(
    connection: sa.Connection, transfer_id: str, project_id: str, key_id: str | None
) -> bool:
    """Tell whether an offer was accepted for a project, and with a key, or with none."""
    query = (
        sa.select(T.c.id)
        .join(V, V.c.id == T.c.volume_id)
        .where(T.c.id == transfer_id, T.c.accepted.is_(True))
        .where(T.c.destination_project_id == project_id, V.c.encryption_key_id == key_id)
    )
    return connection.execute(query).first() is not None


def _give_snapshots(
    connection: sa.Connection, volume_id: str, donor: str, owner: Mapping[str, Any]
) -> None:
    _check_snapshots(connection, volume_id)
    alive = (S.c.volume_id == volume_id, S.c.deleted == sa.false())
    counted = sa.select(sa.func.count(), sa.func.sum(S.c.volume_size), S.c.volume_type_id)
    counted = counted.where(*alive, S.c.use_quota.is_(True)).group_by(S.c.volume_type_id)
    for number, size, type_id in connection.execute(counted).all():
        amounts = (int(number), int(size), type_id)
        quotas.consume_snapshots(connection, str(owner["project_id"]), *amounts)
        quotas.release_snapshots(connection, donor, *amounts)
    connection.execute(sa.update(S).where(*alive).values(updated_at=utcnow(), **owner))
