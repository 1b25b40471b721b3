# SPDX-License-Identifier: Apache-2.0
"""Queries of ``volume_type_projects``: which projects may use a private type."""

from __future__ import annotations

import sqlalchemy as sa

from cinder_lite import exception
from cinder_lite.db import engine, models

T = models.volume_type_projects


@engine.retried
def listing(type_id: str) -> list[str]:
    """Return the projects that may use a type, in the order in which they got access."""
    query = sa.select(T.c.project_id).where(T.c.volume_type_id == type_id).order_by(T.c.id)
    with engine.statement() as connection:
        return list(connection.execute(query).scalars())


@engine.retried
def add(type_id: str, project_id: str) -> None:
    """Let a project use a type.

    :raises VolumeTypeAccessExists: it may already
    """
    row = {"volume_type_id": type_id, "project_id": project_id}
    try:
        with engine.statement() as connection:
            connection.execute(sa.insert(T), row)
    except sa.exc.IntegrityError as error:
        if not engine.is_duplicate(error):
            raise
        raise exception.VolumeTypeAccessExists(**row) from None


@engine.retried
def remove(type_id: str, project_id: str) -> None:
    """Let a project use a type no more.

    :raises VolumeTypeAccessNotFound: it was not allowed to
    """
    query = sa.delete(T).where(T.c.volume_type_id == type_id, T.c.project_id == project_id)
    with engine.statement() as connection:
        gone = connection.execute(query).rowcount
    if not gone:
        raise exception.VolumeTypeAccessNotFound(volume_type_id=type_id, project_id=project_id)
