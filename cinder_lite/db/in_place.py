# SPDX-License-Identifier: Apache-2.0
"""Queries about what takes room where a volume is, as the scheduler counts it.

These are volumes that grow, and snapshots that are made.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import Any, NamedTuple

import sqlalchemy as sa

from cinder_lite import states
from cinder_lite.db import engine, models, quotas

V = models.volumes
S = models.snapshots
N = models.volume_admin_metadata


class Claim(NamedTuple):
    """Room that a volume's growth or a snapshot is about to take."""

    id: str
    """Of the volume or of the snapshot."""
    host: str
    """``host@backend#pool``."""
    gigabytes: int


def _is_of(service_host: str) -> sa.ColumnElement[bool]:
    return V.c.host.startswith(f"{service_host}#", autoescape=True)


@engine.retried
def growing(service_host: str) -> list[Claim]:
    """Return the volumes of a service that grow, and by how much.

    :param service_host: ``host@backend``
    """
    query = (
        sa.select(V.c.id, V.c.host, V.c.size, N.c.value)
        .join(N, N.c.volume_id == V.c.id)
        .where(
            N.c.key == quotas.GROWING,
            V.c.deleted == sa.false(),
            V.c.status == states.EXTENDING,
            _is_of(service_host),
        )
    )
    with engine.statement() as connection:
        rows = connection.execute(query).all()
    return [Claim(row.id, row.host, int(row.value) - row.size) for row in rows]


@engine.retried
def grown_since(volume_ids: Collection[str], since: datetime.datetime) -> set[str]:
    """Return those of some volumes that may have grown after a moment."""
    query = sa.select(V.c.id).where(
        V.c.id.in_(volume_ids),
        V.c.deleted == sa.false(),
        V.c.status.not_in((states.EXTENDING, states.ERROR_EXTENDING)),
        V.c.updated_at > since,
    )
    return _ids(query) if volume_ids else set()


@engine.retried
def snapshots_in_the_making(service_host: str) -> list[Claim]:
    """Return the snapshots that a volume service makes.

    :param service_host: ``host@backend``
    """
    query = (
        sa.select(S.c.id, V.c.host, S.c.volume_size)
        .join(V, V.c.id == S.c.volume_id)
        .where(S.c.deleted == sa.false(), S.c.status == states.CREATING, _is_of(service_host))
    )
    with engine.statement() as connection:
        return [Claim(*row) for row in connection.execute(query)]


@engine.retried
def snapshots_made_since(snapshot_ids: Collection[str], since: datetime.datetime) -> set[str]:
    """Return those of some snapshots that may have been made after a moment."""
    query = sa.select(S.c.id).where(
        S.c.id.in_(snapshot_ids),
        S.c.deleted == sa.false(),
        S.c.status == states.AVAILABLE,
        S.c.updated_at > since,
    )
    return _ids(query) if snapshot_ids else set()


def _ids(query: sa.Select[Any]) -> set[str]:
    with engine.statement() as connection:
        return set(connection.execute(query).scalars())
