# SPDX-License-Identifier: Apache-2.0
"""What existed in a time, deleted since or not: for the audit of usage."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from cinder_lite.db import engine, snapshots, volumes
from cinder_lite.objects import SNAPSHOT_COLUMNS, VOLUME_COLUMNS, Snapshot, Volume

PAGE = 500
"""Rows that are read at once."""


def volumes_between(begin: datetime.datetime, end: datetime.datetime) -> Iterator[Volume]:
    """Yield the volumes that existed at some moment of a time, by id.

    :param begin: UTC; what was deleted until then did not exist in the time
    :param end: UTC; nor did what was created then or later
    """
    columns = [volumes.T.c[name] for name in VOLUME_COLUMNS]
    for row in _pages(sa.select(*columns), volumes.T, begin, end):
        yield volumes.from_row(row)


def snapshots_between(
    begin: datetime.datetime, end: datetime.datetime
) -> Iterator[tuple[Snapshot, str | None]]:
    """Yield the snapshots that existed at some moment of a time, with their volumes' zones."""
    table, of = snapshots.T, volumes.T
    columns = [table.c[name] for name in SNAPSHOT_COLUMNS]
    query = sa.select(*columns, of.c._name_id, of.c.availability_zone)
    query = query.select_from(table.join(of, of.c.id == table.c.volume_id))
    for row in _pages(query, table, begin, end):
        yield snapshots.from_row(row[:-1]), row[-1]


def _pages(
    query: sa.Select[Any], table: sa.Table, begin: datetime.datetime, end: datetime.datetime
) -> Iterator[Any]:
    """Yield a query's rows, a page at a time; each holds the table's id."""
    columns = table.c
    query = query.where(
        columns.created_at < end,
        sa.or_(columns.deleted_at.is_(None), columns.deleted_at > begin),
    ).order_by(columns.id)
    last = ""
    while rows := _page(query.where(columns.id > last).limit(PAGE)):
        yield from rows
        last = rows[-1]._mapping[columns.id]


@engine.retried
def _page(query: sa.Select[Any]) -> list[Any]:
    with engine.statement() as connection:
        return list(connection.execute(query))
