# SPDX-License-Identifier: Apache-2.0
"""Queries of ``volume_metadata``: what a tenant notes on a volume.

Items are written one by one inside a transaction that holds the volume's row, so two requests at
once for different keys can not lose each other's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from cinder_lite import exception
from cinder_lite.db import conditions as cond
from cinder_lite.db import engine, models

T = models.volume_metadata
_V = models.volumes


@engine.retried
def get(volume_id: str) -> dict[str, str]:
    """Return a volume's metadata."""
    with engine.statement() as connection:
        return _read(connection, volume_id)


def _read(connection: sa.Connection, volume_id: str) -> dict[str, str]:
    query = sa.select(T.c.key, T.c.value).where(T.c.volume_id == volume_id)
    return {row.key: row.value for row in connection.execute(query.order_by(T.c.id))}


@engine.retried
def replace(volume_id: str, metadata: Mapping[str, str]) -> None:
    """Set a volume's metadata to exactly this."""
    with engine.transaction() as connection:
        connection.execute(sa.delete(T).where(T.c.volume_id == volume_id))
        _insert(connection, volume_id, metadata)


@engine.retried
def write(
    volume_id: str, items: Mapping[str, str], rules: Sequence[cond.Condition], *, whole: bool
) -> dict[str, str] | None:
    """Set items of a volume's metadata if every rule holds for the volume.

    :param whole: remove the items that are not named
    :returns: the whole metadata; None when a rule refused
    """
    with engine.transaction() as connection:
        if not _hold(connection, volume_id, rules):
            return None
        old = _read(connection, volume_id)
        changed = [key for key, value in items.items() if key in old and old[key] != value]
        gone = [key for key in old if key not in items] if whole else []
        if changed or gone:
            named = T.c.key.in_([*changed, *gone])
            connection.execute(sa.delete(T).where(T.c.volume_id == volume_id, named))
        new = {k: v for k, v in items.items() if k in changed or k not in old}
        _insert(connection, volume_id, new)
        return _read(connection, volume_id)


@engine.retried
def remove(volume_id: str, key: str, rules: Sequence[cond.Condition]) -> bool:
    """Remove one item if every rule holds for the volume.

    :returns: False when a rule refused
    :raises VolumeMetadataNotFound: there is no such item
    """
    with engine.transaction() as connection:
        if not _hold(connection, volume_id, rules):
            return False
        gone = connection.execute(sa.delete(T).where(T.c.volume_id == volume_id, T.c.key == key))
        if not gone.rowcount:
            raise exception.VolumeMetadataNotFound(volume_id=volume_id, metadata_key=key)
    return True


def _hold(connection: sa.Connection, volume_id: str, rules: Sequence[cond.Condition]) -> bool:
    """Tell whether the rules hold, and keep the volume's row until the transaction ends."""
    kept = connection.execute(
        sa.update(_V)
        .where(_V.c.id == volume_id, _V.c.deleted == sa.false(), *(r.clause() for r in rules))
        .values(updated_at=_V.c.updated_at)
    )
    return bool(kept.rowcount)


def _insert(connection: sa.Connection, volume_id: str, items: Mapping[str, str]) -> None:
    if items:
        rows = [{"volume_id": volume_id, "key": k, "value": v} for k, v in items.items()]
        connection.execute(sa.insert(T), rows)
