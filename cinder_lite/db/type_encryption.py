# SPDX-License-Identifier: Apache-2.0
"""Queries of ``encryption``: how the volumes of a type are encrypted."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from cinder_lite import exception
from cinder_lite.db import engine, models
from cinder_lite.objects import utcnow

T = models.encryption


@engine.retried
def get(type_id: str) -> dict[str, Any] | None:
    """Return the columns of a type's encryption, None where it has none."""
    query = sa.select(T).where(T.c.volume_type_id == type_id)
    with engine.statement() as connection:
        row = connection.execute(query).first()
    return dict(row._mapping) if row is not None else None


@engine.retried
def create(type_id: str, values: Mapping[str, Any]) -> str:
    """Encrypt the volumes of a type; returns the encryption's id.

    :param values: columns; ``provider`` and ``control_location`` among them
    :raises VolumeTypeEncryptionExists: they are already
    """
    row = {
        "encryption_id": str(uuid.uuid4()),
        "volume_type_id": type_id,
        "created_at": utcnow(),
        **values,
    }
    try:
        with engine.statement() as connection:
            connection.execute(sa.insert(T), row)
    except sa.exc.IntegrityError as error:
        if not engine.is_duplicate(error):
            raise
        raise exception.VolumeTypeEncryptionExists(type_id=type_id) from None
    return str(row["encryption_id"])


@engine.retried
def update(type_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of a type's encryption.

    :raises VolumeTypeEncryptionNotFound: it has none
    """
    change = sa.update(T).where(T.c.volume_type_id == type_id)
    with engine.statement() as connection:
        changed = connection.execute(change.values(**values, updated_at=utcnow())).rowcount
    if not changed:
        raise exception.VolumeTypeEncryptionNotFound(type_id=type_id)


@engine.retried
def destroy(type_id: str) -> None:
    """Encrypt new volumes of a type no more.

    :raises VolumeTypeEncryptionNotFound: they were not
    """
    with engine.statement() as connection:
        gone = connection.execute(sa.delete(T).where(T.c.volume_type_id == type_id)).rowcount
    if not gone:
        raise exception.VolumeTypeEncryptionNotFound(type_id=type_id)
