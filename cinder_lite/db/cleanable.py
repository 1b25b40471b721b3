# SPDX-License-Identifier: Apache-2.0
"""Queries of what somebody works on, or has left half done."""

from __future__ import annotations

import sqlalchemy as sa

from cinder_lite import states
from cinder_lite.db import engine, models

V = models.volumes.c
S = models.snapshots.c

_VOLUME = (
    states.CREATING,
    states.DELETING,
    "downloading",
    "uploading",
    "extending",
    "error_restoring",
    "restoring-backup",
)
_SNAPSHOT = (states.CREATING, states.DELETING)


@engine.retried
def service_of(resource_id: str, kind: str | None) -> str | None:
    """Return ``host@backend`` that works on a volume or snapshot, None where nobody does.

    :param kind: ``Volume`` or ``Snapshot``; None means either
    """
    moving = V.migration_status.in_(states.MIGRATION_BUSY)
    volume = sa.select(V.host).where(
        V.id == resource_id,
        V.deleted == sa.false(),
        sa.or_(V.status.in_(_VOLUME), moving),
    )
    snapshot = (
        sa.select(V.host)
        .join(models.snapshots, S.volume_id == V.id)
        .where(S.id == resource_id, S.deleted == sa.false(), S.status.in_(_SNAPSHOT))
    )
    queries = {"Volume": [volume], "Snapshot": [snapshot]}.get(kind or "", [volume, snapshot])
    with engine.statement() as connection:
        for query in queries:
            host = connection.execute(query).scalar()
            if host:
                return str(host).partition("#")[0]
    return None
