# SPDX-License-Identifier: Apache-2.0
"""Quotas as administrators see and set them: of projects, of quota classes, and of types.

The class ``default`` holds the limits of projects without quotas of their own; where it says
nothing, the options do. Limits of types are unlimited until somebody sets them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import sqlalchemy as sa

from cinder_lite.db import engine, models, quotas
from cinder_lite.objects import utcnow

DEFAULT_CLASS = "default"
UNLIMITED = -1

_Q = models.quotas.c
_C = models.quota_classes.c
_U = models.quota_usages.c
_FIRST = (
    "volumes",
    quotas.PER_VOLUME,
    "snapshots",
    "gigabytes",
    "backups",
    "backup_gigabytes",
)
_LAST = ("groups",)


class Usage(NamedTuple):
    """One resource of a project."""

    limit: int
    in_use: int
    reserved: int


def _names(connection: sa.Connection) -> list[str]:
    """Return every resource that has a limit, in Cinder's order."""
    types = models.volume_types.c
    query = sa.select(types.name).where(types.deleted == sa.false()).order_by(types.created_at)
    of_types = [
        f"{part}_{name}" for name in connection.execute(query).scalars() for part in quotas.PER_TYPE
    ]
    return [*_FIRST, *of_types, *_LAST]


def _of_class(connection: sa.Connection, name: str) -> dict[str, int]:
    query = sa.select(_C.resource, _C.hard_limit).where(_C.class_name == name)
    return {resource: limit for resource, limit in connection.execute(query) if limit is not None}


def _of_project(connection: sa.Connection, project_id: str) -> dict[str, int]:
    query = sa.select(_Q.resource, _Q.hard_limit).where(_Q.project_id == project_id)
    return {resource: limit for resource, limit in connection.execute(query) if limit is not None}


def _defaults(connection: sa.Connection) -> dict[str, int]:
    by_class = _of_class(connection, DEFAULT_CLASS)
    plain = {*_FIRST, *_LAST}
    return {
        name: by_class.get(name, quotas.default_limit(name) if name in plain else UNLIMITED)
        for name in _names(connection)
    }


@engine.retried
def names() -> list[str]:
    """Return every resource that has a limit."""
    with engine.statement() as connection:
        return _names(connection)


@engine.retried
def defaults() -> dict[str, int]:
    """Return the limits of a project that has none of its own."""
    with engine.statement() as connection:
        return _defaults(connection)


@engine.retried
def own(project_id: str) -> dict[str, int]:
    """Return the limits that were set for a project itself."""
    with engine.statement() as connection:
        return _of_project(connection, project_id)


@engine.retried
def usages(project_id: str) -> dict[str, Usage]:
    """Return limit and usage of every resource of a project."""
    query = sa.select(_U.resource, _U.in_use, _U.reserved).where(_U.project_id == project_id)
    with engine.statement() as connection:
        limits = {**_defaults(connection)}
        mine = _of_project(connection, project_id)
        used = {row.resource: (row.in_use, row.reserved) for row in connection.execute(query)}
    return {
        name: Usage(mine.get(name, limit), *used.get(name, (0, 0)))
        for name, limit in limits.items()
    }


@engine.retried
def update(project_id: str, limits: Mapping[str, int]) -> None:
    """Set limits of a project and leave its others."""
    with engine.transaction() as connection:
        for resource, limit in limits.items():
            same = {"project_id": project_id, "resource": resource}
            _put(connection, models.quotas, same, limit)


@engine.retried
def destroy(project_id: str) -> None:
    """Leave a project without limits of its own; what it uses stays counted."""
    with engine.statement() as connection:
        connection.execute(sa.delete(models.quotas).where(_Q.project_id == project_id))


@engine.retried
def of_class(name: str) -> dict[str, int]:
    """Return the limits of a class; where it says nothing, those of the default."""
    with engine.statement() as connection:
        limits = _defaults(connection)
        given = _of_class(connection, name)
    return {resource: given.get(resource, limit) for resource, limit in limits.items()}


@engine.retried
def update_class(name: str, limits: Mapping[str, int]) -> None:
    """Set limits of a class and leave its others."""
    with engine.transaction() as connection:
        for resource, limit in limits.items():
            same = {"class_name": name, "resource": resource}
            _put(connection, models.quota_classes, same, limit)


def _put(connection: sa.Connection, table: sa.Table, same: Mapping[str, str], limit: int) -> None:
    """Set a limit, whether its row is there or not; of two requests at once the later counts."""
    change = (
        sa.update(table)
        .where(*(table.c[name] == value for name, value in same.items()))
        .values(hard_limit=limit, updated_at=utcnow())
    )
    if connection.execute(change).rowcount:
        return
    try:
        with connection.begin_nested():
            connection.execute(
                sa.insert(table), {**same, "hard_limit": limit, "created_at": utcnow()}
            )
    except sa.exc.IntegrityError as error:
        if not engine.is_duplicate(error):
            raise
        connection.execute(change)


def rename_type(connection: sa.Connection, old: str, new: str) -> None:
    """Let limits and usages of a type follow its new name, inside the transaction of the change.

    What an earlier type of the new name has left is dropped.
    """
    for part in quotas.PER_TYPE:
        for table in (models.quotas, models.quota_classes, models.quota_usages):
            resource = table.c.resource
            connection.execute(sa.delete(table).where(resource == f"{part}_{new}"))
            connection.execute(
                sa.update(table).where(resource == f"{part}_{old}").values(resource=f"{part}_{new}")
            )
