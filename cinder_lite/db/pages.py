# SPDX-License-Identifier: Apache-2.0
"""Filters and pages of the lists of small tables; volumes have statements of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from oslo_utils import strutils, timeutils


class Window(NamedTuple):
    """Which part of a list is wanted.

    :param sort: columns and directions, the most important first
    :param limit: the most rows
    :param marker: id of the last row of the page before
    """

    sort: tuple[tuple[str, str], ...] = (("created_at", "desc"),)
    limit: int = 1000
    offset: int = 0
    marker: str | None = None


class MarkerNotFound(Exception):
    """The marker names no row that the caller may see."""


def clauses(
    table: sa.Table, filters: Mapping[str, str], columns: Collection[str]
) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of filters as a query string gives them, as Cinder reads them.

    :param filters: values by column; a column's name with ``~`` behind it looks for a part
    :param columns: the columns that may be filtered by; by another one nothing is found
    """
    found: list[sa.ColumnElement[bool]] = []
    for name, value in filters.items():
        bare = name.removesuffix("~")
        if bare not in columns:
            return [sa.false()]
        column = table.c[bare]
        if bare != name:
            text = column if isinstance(column.type, sa.String) else sa.cast(column, sa.String)
            found.append(text.contains(value, autoescape=True))
        else:
            found.append(_equals(column, value))
    return found


def _equals(column: sa.Column[Any], value: str) -> sa.ColumnElement[bool]:
    """Return ``column = value``, false where the value can be none of the column's."""
    try:
        if isinstance(column.type, sa.Boolean):
            return column == strutils.bool_from_string(value, strict=True)
        if isinstance(column.type, sa.DateTime):
            return column == timeutils.normalize_time(timeutils.parse_isotime(value))
    except (ValueError, OverflowError):
        return sa.false()
    return column == value


def rows(
    connection: sa.Connection,
    table: sa.Table,
    columns: Sequence[sa.ColumnElement[Any]],
    visible: Sequence[sa.ColumnElement[bool]],
    window: Window,
    filters: Sequence[sa.ColumnElement[bool]] = (),
) -> Sequence[sa.Row[Any]]:
    """Return one page of the rows of a table.

    :param visible: what must hold, of the marker's row too
    :param filters: what else must hold, which the marker's row may do no longer
    :raises MarkerNotFound: the marker's row is not visible
    """
    order = _total(window.sort)
    query = sa.select(*columns).where(*visible, *filters)
    if window.marker is not None:
        keys = sa.select(*(table.c[name] for name, _ in order))
        marker = keys.where(*visible, table.c.id == window.marker)
        row = connection.execute(marker).one_or_none()
        if row is None:
            raise MarkerNotFound(window.marker)
        query = query.where(beyond([_key(table, *key) for key in zip(order, row, strict=True)]))
    for name, direction in order:
        query = query.order_by(*_directed(table.c[name], direction))
    return connection.execute(query.limit(window.limit).offset(window.offset)).all()


def _total(sort: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the sort keys, made total: created_at and id follow in the first key's direction."""
    keys = list(sort)
    for name in ("created_at", "id"):
        if name not in dict(keys):
            keys.append((name, sort[0][1]))
    return keys


def _directed(column: sa.Column[Any], direction: str) -> list[sa.ColumnElement[Any]]:
    """Return the order by one column, with NULL as the smallest value on every database."""
    ascending = direction == "asc"
    ordered = column.asc() if ascending else column.desc()
    if not column.nullable:
        return [ordered]
    filled = sa.case((column.is_(None), 0), else_=1)
    return [filled.asc() if ascending else filled.desc(), ordered]


def _key(table: sa.Table, key: tuple[str, str], held: Any) -> Key:
    column = table.c[key[0]]
    value = None if held is None else sa.literal(held, column.type)
    return Key(column, key[1] == "asc", value)


class Key(NamedTuple):
    """One key of an order, as the marker's row has it."""

    column: sa.Column[Any]
    ascending: bool
    value: sa.ColumnElement[Any] | None
    """What the row has there: bound, as a bare True can not be compared by "less than"."""


def beyond(keys: Sequence[Key]) -> sa.ColumnElement[bool]:
    """Return the clause "comes after this row", with NULL as the smallest value.

    :param keys: the most important first; at least one
    """
    choices: list[sa.ColumnElement[bool]] = []
    equal: list[sa.ColumnElement[bool]] = []
    for column, ascending, value in keys:
        following: sa.ColumnElement[bool] = sa.false()
        if ascending:
            following = column.is_not(None) if value is None else column > value
        elif value is not None:
            following = _or_null(column, column < value)
        choices.append(sa.and_(*equal, following))
        equal.append(column.is_(None) if value is None else column == value)
    return sa.and_(_bound(*keys[0]), sa.or_(*choices))


def _bound(
    column: sa.Column[Any], ascending: bool, value: sa.ColumnElement[Any] | None
) -> sa.ColumnElement[bool]:
    """Return what holds for the first key of all that comes after a row.

    It says nothing new, but databases find where to begin in an index by this alone.
    """
    if ascending:
        return sa.true() if value is None else column >= value
    return column.is_(None) if value is None else _or_null(column, column <= value)


def _or_null(column: sa.Column[Any], holds: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.or_(holds, column.is_(None)) if column.nullable else holds
