# SPDX-License-Identifier: Apache-2.0
"""Queries of ``default_volume_types``: the types of new volumes that name none, by project."""

from __future__ import annotations

import sqlalchemy as sa

from cinder_lite.db import engine, models
from cinder_lite.objects import utcnow

T = models.default_volume_types


@engine.retried
def listing() -> list[tuple[str, str]]:
    """Return project and type id of every project that has a default type of its own."""
    query = sa.select(T.c.project_id, T.c.volume_type_id).order_by(T.c.created_at, T.c.project_id)
    with engine.statement() as connection:
        return [(row.project_id, row.volume_type_id) for row in connection.execute(query)]


@engine.retried
def get(project_id: str | None) -> str | None:
    """Return the id of a project's default type, None where it has none of its own."""
    query = sa.select(T.c.volume_type_id).where(T.c.project_id == project_id)
    with engine.statement() as connection:
        found: str | None = connection.execute(query).scalar()
    return found


@engine.retried
def put(project_id: str, type_id: str) -> None:
    """Set a project's default type."""
    change = sa.update(T).where(T.c.project_id == project_id)
    row = {"project_id": project_id, "volume_type_id": type_id, "created_at": utcnow()}
    with engine.transaction() as connection:
        values = {"volume_type_id": type_id, "updated_at": utcnow()}
        if connection.execute(change.values(**values)).rowcount:
            return
        try:
            with connection.begin_nested():
                connection.execute(sa.insert(T), row)
        except sa.exc.IntegrityError as error:
            if not engine.is_duplicate(error):
                raise
            # Another request has set it at the same moment; the later one counts.
            connection.execute(change.values(**values))


@engine.retried
def remove(project_id: str) -> None:
    """Leave a project without a default type of its own; it may have none."""
    with engine.statement() as connection:
        connection.execute(sa.delete(T).where(T.c.project_id == project_id))
