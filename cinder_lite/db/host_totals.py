# SPDX-License-Identifier: Apache-2.0
"""What a host holds: volumes and snapshots with their sizes, project by project."""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa

from cinder_lite.db import engine, models

V = models.volumes.c
S = models.snapshots.c


class Total(NamedTuple):
    """What one project has on a host; sizes are GiB."""

    project_id: str
    volumes: int
    gigabytes: int
    snapshots: int
    snapshot_gigabytes: int


@engine.retried
def of(host: str) -> list[Total]:
    """Return what every project has on a host.

    :param host: ``host@backend``; with all its pools
    """
    there = sa.and_(
        V.deleted == sa.false(),
        sa.or_(V.host == host, V.host.startswith(f"{host}#", autoescape=True)),
    )
    volumes = (
        sa.select(V.project_id, sa.func.count(), _sum(V.size)).where(there).group_by(V.project_id)
    )
    snapshots = (
        sa.select(S.project_id, sa.func.count(), _sum(S.volume_size))
        .join(models.volumes, V.id == S.volume_id)
        .where(there, S.deleted == sa.false())
        .group_by(S.project_id)
    )
    with engine.statement() as connection:
        of_snapshots = {row[0]: (row[1], row[2]) for row in connection.execute(snapshots)}
        return [
            Total(project, int(number), int(size), *map(int, of_snapshots.get(project, (0, 0))))
            for project, number, size in connection.execute(volumes.order_by(V.project_id))
        ]


def _sum(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(sa.func.sum(column), 0)
