# SPDX-License-Identifier: Apache-2.0
"""Queries of ``volume_migrations``: the record of each move, which users watch and recovery reads.

A phase is changed by compare-and-swap, so that of two workers that find the same record only one
goes on with it.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cinder_lite import exception, states
from cinder_lite.db import attached_volumes, engine, models, retypes, volumes
from cinder_lite.db import conditions as cond
from cinder_lite.objects import Migration, Volume, utcnow

T = models.volume_migrations
_FIELDS = tuple(field.name for field in dataclasses.fields(Migration))
_COLUMNS = [T.c[name] for name in _FIELDS]


def _from_row(row: Sequence[Any]) -> Migration:
    return Migration(**dict(zip(_FIELDS, row, strict=True)))


def begin(
    volume_id: str,
    rules: Sequence[cond.Condition],
    volume_values: Mapping[str, Any],
    record: Mapping[str, Any],
) -> Migration | None:
    """Admit a move: mark the volume and write the record, both or neither.

    :param rules: what must hold of the volume, tested by the UPDATE that marks it
    :param volume_values: columns of the volume that mark it as moving
    :param record: columns of the record
    :returns: the record; None when a rule refused
    """
    now = utcnow()
    row = {"id": str(uuid.uuid4()), "created_at": now, "updated_at": now, **record}
    # A snapshot that is being created is either seen by the rules, or sees the move.
    stored = volumes.insert_of(T, _COLUMNS, {"volume_id": volume_id, **row}, volume_values, rules)
    return _from_row(stored) if stored is not None else None


@engine.retried
def get(migration_id: str) -> Migration:
    """Return a record.

    :raises MigrationNotFound: there is none of that id
    """
    with engine.statement() as connection:
        row = connection.execute(sa.select(*_COLUMNS).where(T.c.id == migration_id)).one_or_none()
    if row is None:
        raise exception.MigrationNotFound(migration_id=migration_id)
    return _from_row(row)


@engine.retried
def running_of_volume(volume_id: str) -> Migration | None:
    """Return the record of the move that a volume is in, None where it is in none."""
    query = (
        sa.select(*_COLUMNS)
        .where(T.c.volume_id == volume_id, T.c.status == states.RECORD_RUNNING)
        .order_by(T.c.created_at.desc())
        .limit(1)
    )
    with engine.statement() as connection:
        row = connection.execute(query).one_or_none()
    return _from_row(row) if row is not None else None


@engine.retried
def update(migration_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of a record."""
    with engine.statement() as connection:
        connection.execute(
            sa.update(T).where(T.c.id == migration_id), {"updated_at": utcnow(), **values}
        )


@engine.retried
def advance(
    migration_id: str,
    phases: Sequence[str],
    values: Mapping[str, Any],
    owner: str | None = None,
) -> bool:
    """Change columns of a running record if its phase and its owner are the expected ones.

    :param phases: the record's phase must be one of these
    :param owner: the process whose the record must be; None: it must be nobody's
    :returns: False when it is not, because it ended or somebody else went on with it
    """
    with engine.statement() as connection:
        return _advance(connection, migration_id, phases, values, owner)


def _advance(
    connection: sa.Connection,
    migration_id: str,
    phases: Sequence[str],
    values: Mapping[str, Any],
    owner: str | None,
) -> bool:
    query = sa.update(T).where(
        T.c.id == migration_id,
        T.c.status == states.RECORD_RUNNING,
        T.c.phase.in_(phases),
        T.c.owner.is_(None) if owner is None else T.c.owner == owner,
    )
    return bool(connection.execute(query, {"updated_at": utcnow(), **values}).rowcount)


@engine.retried
def request_abort(migration_id: str, phases: Sequence[str]) -> bool:
    """Record that a move is to be aborted, whoever works on it.

    :param phases: the record's phase must be one of these
    :returns: False when it is another, or the move has ended
    """
    query = sa.update(T).where(
        T.c.id == migration_id, T.c.status == states.RECORD_RUNNING, T.c.phase.in_(phases)
    )
    values = {"abort_requested": True, "updated_at": utcnow()}
    with engine.statement() as connection:
        return bool(connection.execute(query, values).rowcount)


def note_progress(migration_id: str, owner: str, values: Mapping[str, Any]) -> bool:
    """Change columns of a running record of this process that say how far its bytes are.

    Not tried again when the database fails: the next note is due within a second.

    :returns: False when the move has ended, or somebody else went on with it
    """
    with engine.statement() as connection:
        return _advance(
            connection, migration_id, (states.PHASE_MOVING, states.PHASE_COPYING), values, owner
        )


@engine.retried
def create_target(
    migration_id: str, owner: str, values: Mapping[str, Any], mode: str
) -> Volume | None:
    """Insert the row of a move's target and record that it is being created, both or neither.

    :param values: columns of the target
    :param mode: who will copy
    :returns: the target; None when the move is no longer this process's
    """
    target_id = str(uuid.uuid4())
    record = {
        "phase": states.PHASE_CREATING,
        "mode": mode,
        "new_volume_id": target_id,
    }
    before = (states.PHASE_STARTING, states.PHASE_DETACHING, states.PHASE_MOVING)
    with engine.transaction() as connection:
        if not _advance(connection, migration_id, before, record, owner):
            return None
        volumes.insert(connection, {**values, "id": target_id})
        return volumes.read(connection, target_id)


@engine.retried
def moved(migration_id: str, owner: str, volume_id: str, values: Mapping[str, Any]) -> bool:
    """Record where a driver has moved a volume, in its row and in the record.

    :returns: False when the move is no longer this process's; nothing was changed then
    """
    with engine.transaction() as connection:
        if not _advance(
            connection,
            migration_id,
            (states.PHASE_MOVING,),
            {"phase": states.PHASE_MOVED, "bytes_per_second": 0},
            owner,
        ):
            return False
        if not volumes.swap(connection, volume_id, values, ()):
            raise exception.VolumeNotFound(volume_id=volume_id)
        return True


@engine.retried
def swapped(
    migration_id: str,
    owner: str,
    volume: tuple[str, Mapping[str, Any]],
    target: tuple[str, Mapping[str, Any]],
    *,
    with_attachments: bool = False,
    ends: bool = True,
) -> bool:
    """Exchange what a volume's row and its target's row name, and record it, all or nothing.

    :param volume: id and new columns of the volume
    :param target: id and new columns of the target
    :param with_attachments: Nova has copied: the target's attachments become the volume's, and
        what is left of the old ones, by which nobody reaches the new data, ends
    :param ends: the move ends with this; otherwise its server gets the volume back first
    :returns: False when the move is no longer this process's; nothing was changed then
    """
    with engine.transaction() as connection:
        if not _advance(
            connection,
            migration_id,
            (states.PHASE_COMPLETING,),
            {"phase": states.PHASE_SWAPPED, "bytes_per_second": 0},
            owner,
        ):
            return False
        for volume_id, values in (volume, target):
            if not volumes.swap(connection, volume_id, values, ()):
                raise exception.VolumeNotFound(volume_id=volume_id)
        if with_attachments:
            attached_volumes.take_over(connection, target[0], volume[0])
        elif ends:
            attached_volumes.follow_at_the_end(connection, volume[0])
        retypes.settle(connection, volume[0], done=True)
        return True


@engine.retried
def end(
    migration_id: str,
    phases: Sequence[str],
    values: Mapping[str, Any],
    volume_rules: Sequence[cond.Condition],
    volume_values: Mapping[str, Any],
    owner: str | None = None,
) -> bool:
    """End a move: change its record and its volume, both or neither.

    :param phases: the record's phase must be one of these
    :param values: columns of the record
    :param volume_rules: what must hold of the volume; one that is not so is left as it is
    :param volume_values: columns of the volume; none leaves it as it is
    :param owner: the process whose the record must be; None: it must be nobody's
    :returns: False when the record has ended, or somebody else went on with it
    """
    with engine.transaction() as connection:
        if not _advance(connection, migration_id, phases, values, owner):
            return False
        if volume_values:
            volume_id = connection.execute(sa.select(T.c.volume_id).where(T.c.id == migration_id))
            moved = volume_id.scalar_one()
            if volumes.swap(connection, moved, volume_values, volume_rules):
                attached_volumes.follow_at_the_end(connection, moved)
                retypes.settle(connection, moved, done=False)
    return True


@engine.retried
def running(
    *, source_service: str | None = None, phases: Sequence[str] | None = None
) -> list[Migration]:
    """Return the records of moves that have not ended, oldest first.

    :param source_service: only those of this source, ``host@backend``
    :param phases: only those in one of these phases
    """
    query = sa.select(*_COLUMNS).where(T.c.status == states.RECORD_RUNNING)
    if source_service is not None:
        query = query.where(
            sa.or_(
                T.c.source_host == source_service,
                T.c.source_host.startswith(source_service + "#", autoescape=True),
            )
        )
    if phases is not None:
        query = query.where(T.c.phase.in_(phases))
    with engine.statement() as connection:
        return [_from_row(r) for r in connection.execute(query.order_by(T.c.created_at, T.c.id))]


@engine.retried
def listing(
    filters: Mapping[str, Any], *, limit: int, marker: str | None = None
) -> list[Migration]:
    """Return records, newest first.

    :param filters: column names and the values they must have
    :param limit: the most records
    :param marker: id of the last record of the page before
    :raises MigrationNotFound: the marker names none
    """
    query = sa.select(*_COLUMNS).where(*(T.c[name] == value for name, value in filters.items()))
    if marker is not None:
        last = get(marker)
        query = query.where(
            sa.or_(
                T.c.created_at < last.created_at,
                sa.and_(T.c.created_at == last.created_at, T.c.id < last.id),
            )
        )
    query = query.order_by(T.c.created_at.desc(), T.c.id.desc()).limit(limit)
    with engine.statement() as connection:
        return [_from_row(row) for row in connection.execute(query)]
