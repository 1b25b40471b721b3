# SPDX-License-Identifier: Apache-2.0
"""Queries of ``volume_metadata``: what a tenant notes on a volume."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from cinder_lite.db import engine, models

T = models.volume_metadata


@engine.retried
def get(volume_id: str) -> dict[str, str]:
    """Return a volume's metadata."""
    query = sa.select(T.c.key, T.c.value).where(T.c.volume_id == volume_id)
    with engine.statement() as connection:
        return {row.key: row.value for row in connection.execute(query)}


@engine.retried
def replace(volume_id: str, metadata: Mapping[str, str]) -> None:
    """Set a volume's metadata to exactly this."""
    with engine.transaction() as connection:
        connection.execute(sa.delete(T).where(T.c.volume_id == volume_id))
        if metadata:
            connection.execute(
                sa.insert(T),
                [{"volume_id": volume_id, "key": k, "value": v} for k, v in metadata.items()],
            )
