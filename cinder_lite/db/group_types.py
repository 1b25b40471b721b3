# SPDX-License-Identifier: Apache-2.0
"""Queries of ``group_types`` and their specs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cinder_lite import exception
from cinder_lite.context import RequestContext
from cinder_lite.db import engine, models, pages
from cinder_lite.objects import GroupType, utcnow

T = models.group_types
S = models.group_type_specs
P = models.group_type_projects
_COLUMNS = (T.c.id, T.c.name, T.c.description, T.c.is_public, T.c.created_at, T.c.updated_at)

CONSISTENCY_GROUPS = "default_cgsnapshot_type"
"""Name of the type of groups that the API of consistency groups makes; the schema brings it."""

SORT_KEYS = frozenset(T.c.keys())
"""Columns by which a list may be ordered."""


def _visible(context: RequestContext) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of the types that a caller may see: public ones and its own."""
    where = [T.c.deleted == sa.false()]
    if not context.is_admin:
        where.append(sa.or_(T.c.is_public.is_(True), _is_of(context)))
    return where


def _is_of(context: RequestContext) -> sa.ColumnElement[bool]:
    return sa.exists().where(P.c.group_type_id == T.c.id, P.c.project_id == context.project_id)


def _with_specs(connection: sa.Connection, rows: Sequence[Any]) -> list[GroupType]:
    specs: dict[str, dict[str, str | None]] = {row.id: {} for row in rows}
    if rows:
        query = sa.select(S.c.group_type_id, S.c.key, S.c.value)
        wanted = query.where(S.c.group_type_id.in_(specs)).order_by(S.c.id)
        for type_id, key, value in connection.execute(wanted):
            specs[type_id][key] = value
    return [GroupType(group_specs=specs[row.id], **row._mapping) for row in rows]


@engine.retried
def listing(
    context: RequestContext, is_public: bool | None, window: pages.Window
) -> list[GroupType]:
    """Return one page of the types that a caller may see.

    :param is_public: only public ones and those of the caller's project, or only private ones;
        None: both
    :raises GroupTypeNotFound: the marker is none of them
    """
    clauses: list[sa.ColumnElement[bool]] = []
    if is_public:
        clauses.append(sa.or_(T.c.is_public.is_(True), _is_of(context)))
    elif is_public is not None:
        clauses.append(T.c.is_public.is_(False))
    with engine.statement() as connection:
        try:
            rows = pages.rows(connection, T, _COLUMNS, _visible(context), window, clauses)
        except pages.MarkerNotFound:
            raise exception.GroupTypeNotFound(group_type_id=window.marker) from None
        return _with_specs(connection, rows)


@engine.retried
def get(context: RequestContext, type_id: str) -> GroupType:
    """Return a type by id.

    :raises GroupTypeNotFound: there is none that this caller may see
    """
    query = sa.select(*_COLUMNS).where(T.c.id == type_id, *_visible(context))
    with engine.statement() as connection:
        found = _with_specs(connection, connection.execute(query).all())
    if not found:
        raise exception.GroupTypeNotFound(group_type_id=type_id)
    return found[0]


@engine.retried
def get_by_name(context: RequestContext, name: str) -> GroupType:
    """Return a type by name.

    :raises GroupTypeNotFoundByName: there is none that this caller may see
    """
    query = sa.select(*_COLUMNS).where(T.c.name == name, *_visible(context))
    with engine.statement() as connection:
        found = _with_specs(connection, connection.execute(query).all())
    if not found:
        raise exception.GroupTypeNotFoundByName(group_type_name=name)
    return found[0]


@engine.retried
def consistency_group_type() -> str | None:
    """Return the id of the type of consistency groups, None where it was deleted."""
    query = sa.select(T.c.id).where(T.c.name == CONSISTENCY_GROUPS, T.c.deleted == sa.false())
    with engine.statement() as connection:
        found: str | None = connection.execute(query.limit(1)).scalar()
    return found


@engine.retried
def create(values: Mapping[str, Any], specs: Mapping[str, str | None]) -> GroupType:
    """Create a type.

    :param values: columns; ``name`` among them
    :raises GroupTypeExists: another has the name
    """
    row = {"id": str(uuid.uuid4()), "created_at": utcnow(), "deleted": False, **values}
    with engine.transaction() as connection:
        _check_name(connection, row["name"], row["id"])
        connection.execute(sa.insert(T), row)
        _write_specs(connection, row["id"], specs)
        stored = connection.execute(sa.select(*_COLUMNS).where(T.c.id == row["id"])).all()
        return _with_specs(connection, stored)[0]


@engine.retried
def update(type_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of a type.

    :raises GroupTypeNotFound: there is none of that id
    :raises GroupTypeExists: another has the new name
    """
    with engine.transaction() as connection:
        if "name" in values:
            _check_name(connection, values["name"], type_id)
        changed = connection.execute(
            sa.update(T)
            .where(T.c.id == type_id, T.c.deleted == sa.false())
            .values(updated_at=utcnow(), **values)
        )
        if not changed.rowcount:
            raise exception.GroupTypeNotFound(group_type_id=type_id)


def _check_name(connection: sa.Connection, name: str, type_id: str) -> None:
    taken = sa.select(T.c.id).where(T.c.name == name, T.c.deleted == sa.false(), T.c.id != type_id)
    if connection.execute(taken).first() is not None:
        raise exception.GroupTypeExists(id=name)


@engine.retried
def destroy(type_id: str) -> None:
    """Delete a type softly.

    :raises GroupTypeInUse: a group has it
    """
    groups = models.groups.c
    used = sa.select(groups.id).where(groups.group_type_id == type_id, groups.deleted == sa.false())
    with engine.transaction() as connection:
        if connection.execute(used.limit(1)).first() is not None:
            raise exception.GroupTypeInUse(group_type_id=type_id)
        connection.execute(sa.delete(S).where(S.c.group_type_id == type_id))
        connection.execute(sa.delete(P).where(P.c.group_type_id == type_id))
        connection.execute(
            sa.update(T).where(T.c.id == type_id).values(deleted=True, deleted_at=utcnow())
        )


# --- specs -----------------------------------------------------------------------------------


@engine.retried
def write_specs(type_id: str, specs: Mapping[str, str | None]) -> None:
    """Set specs of a type, leaving its others."""
    with engine.transaction() as connection:
        _write_specs(connection, type_id, specs)


def _write_specs(connection: sa.Connection, type_id: str, specs: Mapping[str, str | None]) -> None:
    if not specs:
        return
    known = sa.select(S.c.key).where(S.c.group_type_id == type_id, S.c.key.in_(specs))
    old = set(connection.execute(known).scalars())
    for key in old:
        connection.execute(
            sa.update(S)
            .where(S.c.group_type_id == type_id, S.c.key == key)
            .values(value=specs[key])
        )
    new = [
        {"group_type_id": type_id, "key": key, "value": value}
        for key, value in specs.items()
        if key not in old
    ]
    if new:
        connection.execute(sa.insert(S), new)


@engine.retried
def delete_spec(type_id: str, key: str) -> None:
    """Remove one spec of a type.

    :raises GroupTypeSpecsNotFound: it has no such key
    """
    with engine.statement() as connection:
        gone = connection.execute(sa.delete(S).where(S.c.group_type_id == type_id, S.c.key == key))
    if not gone.rowcount:
        raise exception.GroupTypeSpecsNotFound(group_type_id=type_id, group_specs_key=key)
