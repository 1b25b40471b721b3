# SPDX-License-Identifier: Apache-2.0
"""Queries of ``volume_admin_metadata``: what the service itself notes on a volume.

Keys that have a meaning: ``readonly`` (``True`` or ``False``: nobody may write to the volume) and
``attached_mode`` (``rw`` or ``ro``: how the volume was attached last). While a volume is made,
``creation_progress`` is how far it is, such as ``copying 43%``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from cinder_lite.db import engine, models

T = models.volume_admin_metadata


@engine.retried
def get(volume_id: str) -> dict[str, str]:
    """Return a volume's notes."""
    query = sa.select(T.c.key, T.c.value).where(T.c.volume_id == volume_id)
    with engine.statement() as connection:
        return {row.key: row.value for row in connection.execute(query)}


def of_volumes(
    connection: sa.Connection, ids: Sequence[str], keys: Collection[str]
) -> dict[str, dict[str, str]]:
    """Return those of the named notes that there are on some volumes."""
    query = sa.select(T.c.volume_id, T.c.key, T.c.value).where(
        T.c.volume_id.in_(ids), T.c.key.in_(list(keys))
    )
    found: dict[str, dict[str, str]] = {}
    for volume_id, key, value in connection.execute(query):
        found.setdefault(volume_id, {})[key] = value
    return found


@engine.retried
def update(volume_id: str, notes: Mapping[str, str]) -> None:
    """Set some notes of a volume; the others stay."""
    with engine.transaction() as connection:
        _forget(connection, volume_id, notes)
        if notes:
            connection.execute(
                sa.insert(T),
                [{"volume_id": volume_id, "key": k, "value": v} for k, v in notes.items()],
            )


@engine.retried
def delete(volume_id: str, keys: Collection[str]) -> None:
    """Remove some notes of a volume; what is not there is removed already."""
    with engine.transaction() as connection:
        _forget(connection, volume_id, keys)


def _forget(connection: sa.Connection, volume_id: str, keys: Collection[str]) -> None:
    connection.execute(sa.delete(T).where(T.c.volume_id == volume_id, T.c.key.in_(list(keys))))
