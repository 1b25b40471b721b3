# SPDX-License-Identifier: Apache-2.0
"""Queries about the keys of encrypted volumes, which volumes and their snapshots name."""

from __future__ import annotations

import sqlalchemy as sa

from cinder_lite.db import engine, models
from cinder_lite.objects import utcnow

V = models.volumes
S = models.snapshots


@engine.retried
def is_named(key_id: str, *, besides: str | None = None) -> bool:
    """Tell whether a key is of some volume or snapshot.

    The two rows of a move name one key, unless the volume is encrypted anew.

    :param besides: id of a volume that does not count, with its snapshots
    """
    volumes = sa.select(V.c.id).where(V.c.encryption_key_id == key_id, V.c.deleted == sa.false())
    snapshots = sa.select(S.c.id).where(S.c.encryption_key_id == key_id, S.c.deleted == sa.false())
    if besides is not None:
        volumes = volumes.where(V.c.id != besides)
        snapshots = snapshots.where(S.c.volume_id != besides)
    with engine.statement() as connection:
        return any(
            connection.execute(query.limit(1)).first() is not None for query in (volumes, snapshots)
        )


def replace(connection: sa.Connection, volume_id: str, key_id: str) -> None:
    """Have a volume and its snapshots name another key, inside a transaction."""
    values = {"encryption_key_id": key_id, "updated_at": utcnow()}
    connection.execute(sa.update(V).where(V.c.id == volume_id), values)
    live = (S.c.volume_id == volume_id, S.c.deleted == sa.false())
    connection.execute(sa.update(S).where(*live), values)
