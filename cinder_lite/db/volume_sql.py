# SPDX-License-Identifier: Apache-2.0
"""The statements of volume_views.py: built and compiled once per shape, then run as strings.

The shape of a list is which filters it has and in which order it comes; their values are bound.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cinder_lite.db import json_sql, models, pages

V = models.volumes.alias("v")
T = models.volume_types.alias("t")
M = models.volume_metadata.alias("m")
G = models.volume_glance_metadata.alias("g")
N = models.volume_admin_metadata.alias("n")

CREATION_PROGRESS = "creation_progress"
"""Note on a volume that is being made: how far it is."""
SHOWN_NOTES = ("readonly", "attached_mode", CREATION_PROGRESS)
"""Keys of volume_admin_metadata that users see among a volume's metadata: Cinder's and ours."""
HAS_IMAGE_METADATA, HAS_NOTES = 1, 2
"""Bits of the number that tells what else there is of a volume."""

TIMES = ("created_at", "updated_at")
COLUMNS = (
    "id",
    "status",
    "size",
    "availability_zone",
    *TIMES,
    "display_name",
    "display_description",
    "snapshot_id",
    "source_volid",
    "user_id",
    "bootable",
    "encryption_key_id",
    "replication_status",
    "consistencygroup_id",
    "multiattach",
    "migration_status",
    "group_id",
    "provider_id",
    "shared_targets",
    "service_uuid",
    "cluster_name",
    "volume_type_id",
    "use_quota",
    "project_id",
    "_name_id",
    "host",
    "attach_status",
)
"""Columns of ``volumes`` that a row carries, in order."""

SORT_KEYS = frozenset(
    {*V.c.keys()} - {"provider_location", "provider_auth", "provider_geometry", "ec2_id"}
)
"""Columns by which a list may be ordered."""

_NEVER_NULL = frozenset({"id", "size", "created_at", "bootable", "multiattach", "use_quota"})


Shape = tuple[bool, bool, tuple[tuple[str, str], ...]]
"""Whether one project's, whether without temporary rows, and operator and column of each filter."""

Sort = tuple[tuple[str, str], ...]
"""Columns and directions."""

Marker = tuple[tuple[str, str, bool], ...]
"""Columns, directions, and whether the marker's row has NULL there."""


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    """SQL for one database's driver.

    :param names: the parameters by position, None where the driver takes them by name
    :param fixed: values that are the same at every run
    """

    sql: str
    names: tuple[str, ...] | None
    fixed: dict[str, Any]

    def fetch(self, connection: sa.Connection, values: Mapping[str, Any]) -> Sequence[Any]:
        """Return all rows, read from the driver itself: SQLAlchemy would double the time.

        The statement only reads, so one that fails is run again by SQLAlchemy, which gives the
        error its name and drops a connection that is lost.
        """
        parameters = self._parameters(values)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self.sql, parameters)
            return cursor.fetchall()
        except Exception:
            return connection.exec_driver_sql(self.sql, parameters).fetchall()
        finally:
            cursor.close()

    def _parameters(self, values: Mapping[str, Any]) -> Any:
        bound = {**self.fixed, **values} if self.fixed else values
        if self.names is None:
            return bound
        return tuple([bound[name] for name in self.names])


def like(text: str) -> str:
    """Return a text in which LIKE takes every character for itself (escape '!')."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def clause(number: int, operator: str, name: str) -> sa.ColumnElement[bool]:
    """Return the SQL of one condition."""
    if operator == "nothing":
        return sa.false()
    value: Any = sa.bindparam(f"c{number}")
    if operator in ("metadata", "image_metadata"):
        table = M if operator == "metadata" else G
        return sa.exists().where(
            table.c.volume_id == V.c.id,
            table.c.key == sa.bindparam(f"c{number}k"),
            table.c.value == sa.bindparam(f"c{number}v"),
        )
    column = V.c[name]
    if operator == "host":
        below = [column.like(sa.bindparam(f"c{number}{end}"), escape="!") for end in "ab"]
        return sa.or_(column == value, *below)
    if operator == "like":
        return column.like(value, escape="!")
    clauses: dict[str, sa.ColumnElement[bool]] = {
        "eq": column == value,
        "neq": column != value,
        "gt": column > value,
        "gte": column >= value,
        "lt": column < value,
        "lte": column <= value,
        "null": column.is_(None),
    }
    return clauses[operator]


def _where(shape: Shape) -> list[sa.ColumnElement[bool]]:
    of_project, hide_temporary, conditions = shape
    where: list[sa.ColumnElement[bool]] = [
        # Not "is false": an index that begins with the column is not searched by that.
        V.c.deleted == sa.literal_column("false")
    ]
    if of_project:
        where.append(V.c.project_id == sa.bindparam("project_id"))
    if hide_temporary:
        mark = V.c.migration_status
        old_data = sa.and_(mark == "deleting", V.c.use_quota.is_(False))
        where.append(sa.or_(mark.is_(None), sa.not_(sa.or_(mark.like("target:%"), old_data))))
    where.extend(clause(n, operator, column) for n, (operator, column) in enumerate(conditions))
    return where


# --- paging: everything after the marker's row ------------------------------------------------


def order(sort: Sort) -> list[tuple[str, str]]:
    """Return the sort keys, made total: created_at and id follow in the first key's direction."""
    keys = list(sort)
    for name in ("created_at", "id"):
        if name not in [key for key, _ in keys]:
            keys.append((name, sort[0][1]))
    return keys


def _key(number: int, name: str, direction: str, is_null: bool) -> pages.Key:
    """Return one key of a marker, whose value is bound when the statement runs."""
    value = None if is_null else sa.bindparam(f"m{number}", type_=sa.types.NullType())
    return pages.Key(V.c[name], direction == "asc", value)


def _directed(name: str, direction: str, dialect: sa.Dialect) -> sa.ColumnElement[Any]:
    column = V.c[name]
    ordered = column.asc() if direction == "asc" else column.desc()
    if dialect.name == "postgresql" and name not in _NEVER_NULL:
        return ordered.nulls_first() if direction == "asc" else ordered.nulls_last()
    return ordered


# --- statements, compiled once ----------------------------------------------------------------


def _packed() -> sa.ColumnElement[str]:
    """Return the expression that packs a volume as one JSON array.

    Its type's name follows the columns, and the number that tells what else there is.
    """
    columns: list[Any] = [json_sql.Time(V.c[n]) if n in TIMES else V.c[n] for n in COLUMNS]
    of_image = sa.exists().where(G.c.volume_id == V.c.id)
    notes = sa.exists().where(N.c.volume_id == V.c.id, _in(N.c.key, SHOWN_NOTES))
    # A number in so many words: MariaDB makes a text of a plain EXISTS that comes out of a join.
    more = _bit(of_image, HAS_IMAGE_METADATA) + _bit(notes, HAS_NOTES)
    return json_sql.AsText(json_sql.Array(*columns, T.c.name, more))


def _bit(exists: sa.ColumnElement[bool], bit: int) -> sa.ColumnElement[int]:
    return sa.case((exists, sa.literal_column(str(bit))), else_=sa.literal_column("0"))


def _in(column: sa.ColumnElement[str], words: Sequence[str]) -> sa.ColumnElement[bool]:
    return column.in_([sa.literal_column(f"'{word}'") for word in words])


def _metadata() -> sa.ColumnElement[str]:
    """Return the expression that packs a volume's metadata as one JSON object."""
    pairs = sa.select(json_sql.ObjectOf(M.c.key, M.c.value)).where(M.c.volume_id == V.c.id)
    return json_sql.AsText(pairs.scalar_subquery())


_FROM = V.outerjoin(T, T.c.id == V.c.volume_type_id)


def _compiled(query: Any, dialect: sa.Dialect) -> Statement:
    compiled = query.compile(dialect=dialect)
    names = compiled.positiontup if compiled.positional else None
    fixed = {name: value for name, value in compiled.params.items() if value is not None}
    return Statement(str(compiled), tuple(names) if names is not None else None, fixed)


@functools.lru_cache(maxsize=8)
def show(dialect: sa.Dialect) -> Statement:
    """Return the statement that reads one volume: a row for each item of its metadata, or one."""
    tables = _FROM.outerjoin(M, M.c.volume_id == V.c.id)
    query = sa.select(_packed(), M.c.key, M.c.value).select_from(tables)
    query = query.where(V.c.id == sa.bindparam("volume_id"), V.c.deleted.is_(False))
    return _compiled(query, dialect)


@functools.lru_cache(maxsize=512)
def page(dialect: sa.Dialect, shape: Shape, sort: Sort, after: Marker | None) -> Statement:
    """Return the statement of one page of a list: packed volumes and their packed metadata."""
    query = sa.select(_packed(), _metadata()).select_from(_FROM)
    return _compiled(_paged(query, dialect, shape, sort, after), dialect)


@functools.lru_cache(maxsize=512)
def brief_page(dialect: sa.Dialect, shape: Shape, sort: Sort, after: Marker | None) -> Statement:
    """Return the statement of one page of a list of ids and names."""
    query = sa.select(V.c.id, V.c.display_name)
    return _compiled(_paged(query, dialect, shape, sort, after), dialect)


def _paged(
    query: Any, dialect: sa.Dialect, shape: Shape, sort: Sort, after: Marker | None
) -> sa.Select[Any]:
    query = query.where(*_where(shape))
    if after is not None:
        query = query.where(pages.beyond([_key(number, *key) for number, key in enumerate(after)]))
        of_project, _, conditions = shape
        if not conditions and order(sort) == order((("created_at", sort[0][1]),)):
            # MariaDB would read all rows before the marker's: it prefers an equality to a range.
            index = "ix_volumes_project_list" if of_project else "ix_volumes_all_list"
            for name in ("mysql", "mariadb"):
                query = query.with_hint(V, f"FORCE INDEX FOR ORDER BY ({index})", name)
    query = query.order_by(*(_directed(name, way, dialect) for name, way in order(sort)))
    paged: sa.Select[Any] = query.limit(sa.bindparam("limit")).offset(sa.bindparam("offset"))
    return paged


@functools.lru_cache(maxsize=64)
def marker(dialect: sa.Dialect, columns: tuple[str, ...]) -> Statement:
    """Return the statement that reads a marker's sort values and, last, its project."""
    query = sa.select(*(V.c[name] for name in columns), V.c.project_id.label("owner"))
    query = query.where(V.c.id == sa.bindparam("volume_id"), V.c.deleted.is_(False))
    return _compiled(query, dialect)


@functools.lru_cache(maxsize=256)
def count(dialect: sa.Dialect, shape: Shape) -> Statement:
    """Return the statement that counts what a list would give."""
    query = sa.select(sa.func.count()).select_from(V).where(*_where(shape))
    return _compiled(query, dialect)


@functools.lru_cache(maxsize=64)
def total(dialect: sa.Dialect, shape: Shape) -> Statement:
    """Return the statement that counts volumes and sums their sizes."""
    size = sa.func.coalesce(sa.func.sum(V.c.size), 0)
    query = sa.select(sa.func.count(), size).select_from(V).where(*_where(shape))
    return _compiled(query, dialect)


@functools.lru_cache(maxsize=64)
def distinct_metadata(dialect: sa.Dialect, shape: Shape) -> Statement:
    """Return the statement of every metadata key and value of the volumes of a list."""
    query = sa.select(M.c.key, M.c.value).distinct().select_from(M.join(V, V.c.id == M.c.volume_id))
    return _compiled(query.where(*_where(shape)).order_by(M.c.key, M.c.value), dialect)
