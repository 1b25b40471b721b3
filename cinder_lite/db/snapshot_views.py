# SPDX-License-Identifier: Apache-2.0
"""What the API lists of snapshots: two queries a page, one for snapshots and one for metadata."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cinder_lite import exception
from cinder_lite.db import engine, models, pages, snapshots
from cinder_lite.objects import SNAPSHOT_COLUMNS, Snapshot

T = models.snapshots
M = models.snapshot_metadata
V = models.volumes

SORT_KEYS = frozenset(T.c.keys()) - {"provider_location", "provider_auth", "provider_id"}
FILTERS = SORT_KEYS - {"deleted", "deleted_at"}
"""Columns that a list may be filtered by; besides, ``metadata`` and OF_VOLUME."""
OF_VOLUME = ("host", "cluster_name", "availability_zone")
"""Columns of the snapshot's volume that a list may be filtered by."""

_LIVE = T.c.deleted == sa.false()
# The name of the volume on its backend is nobody's business here.
_COLUMNS = [*(T.c[name] for name in SNAPSHOT_COLUMNS), sa.null().label("name_id")]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a list asks for.

    :param project_id: only this project's; None: every project's
    :param filters: values by column, or by one of OF_VOLUME
    :param metadata: items that the snapshots must have
    """

    project_id: str | None
    filters: Mapping[str, str] = dataclasses.field(default_factory=dict)
    metadata: Mapping[str, str] = dataclasses.field(default_factory=dict)


def _where(query: Query) -> list[sa.ColumnElement[bool]]:
    where: list[sa.ColumnElement[bool]] = [_LIVE]
    if query.project_id is not None:
        where.append(T.c.project_id == query.project_id)
    own = {name: value for name, value in query.filters.items() if name not in OF_VOLUME}
    where += pages.clauses(T, own, FILTERS)
    for name in OF_VOLUME:
        if name in query.filters:
            volumes = sa.select(V.c.id).where(_volume_has(name, query.filters[name]))
            where.append(T.c.volume_id.in_(volumes))
    for key, value in query.metadata.items():
        item = sa.exists().where(M.c.snapshot_id == T.c.id, M.c.key == key, M.c.value == value)
        where.append(item)
    return where


def _volume_has(name: str, value: str) -> sa.ColumnElement[bool]:
    column = V.c[name]
    if name == "availability_zone":
        return column == value
    # A host is also named by the node or the backend that it belongs to.
    below = [column.startswith(value + end, autoescape=True) for end in "@#"]
    return sa.or_(column == value, *below)


@engine.retried
def listing(query: Query, window: pages.Window) -> list[tuple[Snapshot, dict[str, str]]]:
    """Return a page of snapshots, each with its metadata.

    :raises SnapshotNotFound: the marker is none of them
    """
    with engine.statement() as connection:
        try:
            rows = pages.rows(connection, T, _COLUMNS, _where(query), window)
        except pages.MarkerNotFound:
            raise exception.SnapshotNotFound(snapshot_id=window.marker) from None
        found = [snapshots.from_row(row) for row in rows]
        metadata = _metadata(connection, [one.id for one in found])
    return [(one, metadata.get(one.id, {})) for one in found]


def _metadata(connection: sa.Connection, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    if not ids:
        return {}
    query: Any = sa.select(M.c.snapshot_id, M.c.key, M.c.value).where(M.c.snapshot_id.in_(ids))
    found: dict[str, dict[str, str]] = {}
    for snapshot_id, key, value in connection.execute(query):
        found.setdefault(snapshot_id, {})[key] = value
    return found


@engine.retried
def count(query: Query) -> int:
    """Return how many snapshots a list would give without its limit."""
    statement = sa.select(sa.func.count()).select_from(T).where(*_where(query))
    with engine.statement() as connection:
        return int(connection.execute(statement).scalar_one())
