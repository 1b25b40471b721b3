# SPDX-License-Identifier: Apache-2.0
"""What the API reads of volumes: one query per list or show, whatever the number of volumes.

A row comes as one JSON array of :data:`FIELDS`: the volume's columns, its type's name and its
metadata. Image metadata, the service's notes and attachments are asked for once a page, where a row
says that there are some. The statements are in volume_sql.py.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from cinder_lite import exception, states
from cinder_lite.db import (
    engine,
    models,
    volume_admin_metadata,
    volume_glance_metadata,
    volume_sql,
)
from cinder_lite.db.volume_sql import COLUMNS, SORT_KEYS, TIMES
from cinder_lite.objects import Volume

__all__ = ["FIELDS", "INDEX", "SORT_KEYS", "Condition", "Query", "Row"]

FIELDS = (*COLUMNS, "volume_type", "image_metadata", "metadata", "attachments")
"""The fields of a row, in order; an attachment is its id, server, host, device and time."""
INDEX = {name: position for position, name in enumerate(FIELDS)}

Row = list[Any]

_UNUSED = (None, "detached", "reserved")
"""attach_status of volumes without a complete attachment."""


@dataclasses.dataclass(frozen=True, slots=True)
class Condition:
    """One filter of a list.

    :param operator: ``eq``, ``neq``, ``gt``, ``gte``, ``lt``, ``lte``, ``like``, ``null``,
        ``host``, ``metadata``, ``image_metadata`` or ``nothing`` (which no volume passes)
    :param column: column of ``volumes``
    :param value: what to compare with; for the metadata operators the pair of key and value
    """

    operator: str
    column: str = ""
    value: Any = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a list asks for.

    :param project_id: only this project's volumes; None: every project's
    :param hide_temporary: leave out the rows of moves (targets, and old data being removed)
    :param sort: columns and directions; id comes last in any case
    :param limit: the most rows
    :param marker: id of the last volume of the page before
    :param brief: rows are only id and name
    """

    project_id: str | None = None
    hide_temporary: bool = True
    conditions: tuple[Condition, ...] = ()
    sort: tuple[tuple[str, str], ...] = (("created_at", "desc"),)
    limit: int = 1000
    offset: int = 0
    marker: str | None = None
    brief: bool = False


# --- one volume ------------------------------------------------------------------------------


@engine.retried
def show(volume_id: str, project_id: str | None, *, hide_temporary: bool) -> Row:
    """Return one volume's row.

    :param project_id: only if it is this project's; None: whose it may be
    :raises VolumeNotFound: there is none that this caller may see
    """
    with engine.statement() as connection:
        statement = volume_sql.show(connection.dialect)
        found = statement.fetch(connection, {"volume_id": volume_id})
        metadata = {key: value for _, key, value in found if key is not None}
        rows = _unpacked(connection, [(text, None) for text, _, _ in found[:1]])
    for row in rows:
        owned = project_id is None or row[INDEX["project_id"]] == project_id
        if owned and not (hide_temporary and _is_temporary(row)):
            row[INDEX["metadata"]] = {**metadata, **(row[INDEX["metadata"]] or {})}
            return row
    raise exception.VolumeNotFound(volume_id=volume_id)


def is_temporary(volume: Volume) -> bool:
    """Tell whether a volume is one of a move's own: its target, or the old data being removed."""
    mark = volume.migration_status or ""
    return mark.startswith("target:") or (mark == "deleting" and not volume.use_quota)


def _is_temporary(row: Row) -> bool:
    mark = row[INDEX["migration_status"]] or ""
    return mark.startswith("target:") or (mark == "deleting" and not row[INDEX["use_quota"]])


def row_of(volume: Volume, volume_type: str | None, metadata: Mapping[str, str]) -> Row:
    """Return the row of a volume that has just been written, without asking the database."""
    row: Row = []
    for name in COLUMNS:
        value = getattr(volume, "name_id_override" if name == "_name_id" else name)
        row.append(_iso(value) if name in TIMES else value)
    return [*row, volume_type, None, dict(metadata), []]


# --- lists -----------------------------------------------------------------------------------


@engine.retried
def listing(query: Query) -> list[Row]:
    """Return the rows of a page.

    :raises VolumeNotFound: the marker names no volume
    """
    shape, values = _shape(query)
    with engine.statement() as connection:
        after = _after(connection, query, values) if query.marker is not None else None
        build = volume_sql.brief_page if query.brief else volume_sql.page
        statement = build(connection.dialect, shape, query.sort, after)
        values["limit"], values["offset"] = query.limit, query.offset
        found = statement.fetch(connection, values)
        return [list(row) for row in found] if query.brief else _unpacked(connection, found)


def _unpacked(connection: sa.Connection, packed: Sequence[Any]) -> list[Row]:
    """Return packed volumes and their packed metadata as rows, each with its attachments.

    They are asked for, in one more query, only where a row says that there are some: as a part of
    the first query they would double its time on MariaDB.
    """
    texts = [f"{volume[:-1]},{metadata or 'null'}]" for volume, metadata in packed]
    rows: list[Row] = orjson.loads(f"[{','.join(texts)}]")
    position = INDEX["attach_status"]
    attached = [row[0] for row in rows if row[position] not in _UNUSED]
    found = _attachments(connection, attached) if attached else {}
    for row in rows:
        row.append(found.get(row[0], []))
    _add_more(connection, rows)
    return rows


def _add_more(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Put image metadata in the place of the number that tells what else there is of a volume.

    What the service itself notes on volumes, and users see, comes among their metadata.
    """
    position, metadata = INDEX["image_metadata"], INDEX["metadata"]
    marks = {row[0]: row[position] for row in rows if row[position]}
    of_image = [one for one, mark in marks.items() if mark & volume_sql.HAS_IMAGE_METADATA]
    noted = [one for one, mark in marks.items() if mark & volume_sql.HAS_NOTES]
    found = volume_glance_metadata.of_volumes(connection, of_image) if of_image else {}
    shown = volume_sql.SHOWN_NOTES
    notes = volume_admin_metadata.of_volumes(connection, noted, shown) if noted else {}
    for row in rows:
        row[position] = found.get(row[0])
        if row[0] in notes:
            row[metadata] = {**(row[metadata] or {}), **_current(notes[row[0]], row)}


def _current(notes: dict[str, str], row: Row) -> dict[str, str]:
    """Return the notes on a volume without what a service that was killed has left."""
    if row[INDEX["status"]] in states.BEING_MADE:
        return notes
    return {key: text for key, text in notes.items() if key != volume_sql.CREATION_PROGRESS}


def _attachments(connection: sa.Connection, ids: Sequence[str]) -> dict[str, list[Row]]:
    columns = models.volume_attachment.c
    query = sa.select(
        columns.volume_id,
        columns.id,
        columns.instance_uuid,
        columns.attached_host,
        columns.mountpoint,
        columns.attach_time,
    ).where(
        columns.volume_id.in_(ids),
        columns.deleted.is_(False),
        columns.attach_status == "attached",
    )
    found: dict[str, list[Row]] = {}
    for volume_id, *attachment, since in connection.execute(query.order_by(columns.created_at)):
        found.setdefault(volume_id, []).append([*attachment, _iso(since)])
    return found


def _iso(time: datetime.datetime | None) -> str | None:
    return time.strftime("%Y-%m-%dT%H:%M:%S.%f") if time is not None else None


@engine.retried
def count(query: Query) -> int:
    """Return how many volumes a list would give without its limit."""
    shape, values = _shape(query)
    with engine.statement() as connection:
        statement = volume_sql.count(connection.dialect, shape)
        return int(statement.fetch(connection, values)[0][0])


@engine.retried
def summary(query: Query) -> tuple[int, int, dict[str, list[str]]]:
    """Return how many volumes there are, their GiB, and every metadata key with its values."""
    shape, values = _shape(query)
    metadata: dict[str, list[str]] = {}
    with engine.statement() as connection:
        total = volume_sql.total(connection.dialect, shape)
        [(number, size)] = total.fetch(connection, values)
        pairs = volume_sql.distinct_metadata(connection.dialect, shape)
        for key, value in pairs.fetch(connection, values):
            metadata.setdefault(key, []).append(value)
    return int(number), int(size), metadata


@engine.retried
def type_in_use(type_id: str) -> bool:
    """Tell whether any volume has a type."""
    volumes = volume_sql.V.c
    query = sa.select(volumes.id).where(
        volumes.volume_type_id == type_id, volumes.deleted.is_(False)
    )
    with engine.statement() as connection:
        return connection.execute(query.limit(1)).first() is not None


def _shape(query: Query) -> tuple[volume_sql.Shape, dict[str, Any]]:
    """Return the shape of a list's conditions, and their values by parameter."""
    values: dict[str, Any] = {}
    if query.project_id is not None:
        values["project_id"] = query.project_id
    for number, condition in enumerate(query.conditions):
        name, value = f"c{number}", condition.value
        if condition.operator == "like":
            values[name] = f"%{volume_sql.like(value)}%"
        elif condition.operator == "host":
            values |= {
                name: value,
                name + "a": volume_sql.like(value) + "@%",
                name + "b": volume_sql.like(value) + "#%",
            }
        elif condition.operator in ("metadata", "image_metadata"):
            values[name + "k"], values[name + "v"] = value
        elif condition.operator not in ("null", "nothing"):
            values[name] = value
    shape = (
        query.project_id is not None,
        query.hide_temporary,
        tuple((c.operator, c.column) for c in query.conditions),
    )
    return shape, values


def _after(connection: sa.Connection, query: Query, values: dict[str, Any]) -> volume_sql.Marker:
    """Read the marker's sort values into ``values``; return column, direction and whether NULL."""
    order = volume_sql.order(query.sort)
    statement = volume_sql.marker(connection.dialect, tuple(name for name, _ in order))
    found = statement.fetch(connection, {"volume_id": query.marker})
    row = found[0] if found else None
    if row is None or (query.project_id is not None and row[-1] != query.project_id):
        raise exception.VolumeNotFound(volume_id=query.marker)
    for number, value in enumerate(row[:-1]):
        values[f"m{number}"] = value
    return tuple(
        (name, direction, row[number] is None) for number, (name, direction) in enumerate(order)
    )
