# SPDX-License-Identifier: Apache-2.0
"""Queries of ``volume_glance_metadata``: what the image told that a volume was made of.

It is written with the volume's row, so a volume that is still to be made names its image here, and
the message that asked for it can be lost. A snapshot keeps a copy of its volume's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from cinder_lite import exception
from cinder_lite.db import engine, models

T = models.volume_glance_metadata


@engine.retried
def get(volume_id: str) -> dict[str, str]:
    """Return a volume's image metadata; it is empty where no image was the volume's source."""
    with engine.statement() as connection:
        return of_volumes(connection, [volume_id]).get(volume_id, {})


def of_volumes(connection: sa.Connection, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the image metadata of those of the volumes that have some."""
    query = sa.select(T.c.volume_id, T.c.key, T.c.value).where(T.c.volume_id.in_(ids))
    found: dict[str, dict[str, str]] = {}
    for volume_id, key, value in connection.execute(query.order_by(T.c.id)):
        found.setdefault(volume_id, {})[key] = value
    return found


def insert(connection: sa.Connection, volume_id: str, metadata: Mapping[str, str]) -> None:
    """Write the image metadata of a new volume, inside the transaction that creates it."""
    if metadata:
        rows = [{"volume_id": volume_id, "key": k, "value": v} for k, v in metadata.items()]
        connection.execute(sa.insert(T), rows)


@engine.retried
def update(volume_id: str, items: Mapping[str, str]) -> dict[str, str]:
    """Set some items and return all of them."""
    with engine.transaction() as connection:
        named = sa.and_(T.c.volume_id == volume_id, T.c.key.in_(list(items)))
        connection.execute(sa.delete(T).where(named))
        insert(connection, volume_id, items)
        return of_volumes(connection, [volume_id]).get(volume_id, {})


@engine.retried
def replace(volume_id: str, metadata: Mapping[str, str]) -> None:
    """Set a volume's image metadata to exactly this."""
    with engine.transaction() as connection:
        connection.execute(sa.delete(T).where(T.c.volume_id == volume_id))
        insert(connection, volume_id, metadata)


@engine.retried
def remove(volume_id: str, key: str) -> None:
    """Remove one item.

    :raises GlanceMetadataNotFound: there is no such item
    """
    named = sa.and_(T.c.volume_id == volume_id, T.c.key == key)
    with engine.statement() as connection:
        if not connection.execute(sa.delete(T).where(named)).rowcount:
            raise exception.GlanceMetadataNotFound(id=volume_id)
