# SPDX-License-Identifier: Apache-2.0
"""Queries of ``volume_types`` and their extra specs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from cinder_lite import exception
from cinder_lite.context import RequestContext
from cinder_lite.db import engine, models, quota_sets
from cinder_lite.objects import VolumeType, utcnow

T = models.volume_types
S = models.volume_type_extra_specs
P = models.volume_type_projects
D = models.default_volume_types
_COLUMNS = (
    T.c.id,
    T.c.name,
    T.c.description,
    T.c.is_public,
    T.c.qos_specs_id,
    T.c.created_at,
    T.c.updated_at,
)


_SELECT = (
    sa.select(*_COLUMNS, S.c.key, S.c.value)
    .select_from(T.outerjoin(S, S.c.volume_type_id == T.c.id))
    .where(T.c.deleted == sa.false())
    .order_by(T.c.created_at.desc(), T.c.id.desc())
)
"""Types, newest first: a row for each extra spec, or one without."""


def _select(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[VolumeType]:
    found: dict[str, tuple[dict[str, Any], dict[str, str]]] = {}
    names = [column.name for column in _COLUMNS]
    for *columns, key, value in connection.execute(_SELECT.where(*where)):
        values = dict(zip(names, columns, strict=True))
        _, specs = found.setdefault(values["id"], (values, {}))
        if key is not None:
            specs[key] = value
    return [VolumeType(extra_specs=specs, **values) for values, specs in found.values()]


def _visible(context: RequestContext) -> list[sa.ColumnElement[bool]]:
    if context.is_admin:
        return []
    return [sa.or_(T.c.is_public.is_(True), _given(context))]


def _given(context: RequestContext) -> sa.ColumnElement[bool]:
    """Return the clause "the caller's project was given access"."""
    return sa.exists().where(P.c.volume_type_id == T.c.id, P.c.project_id == context.project_id)


@engine.retried
def listing(context: RequestContext, is_public: bool | None = None) -> list[VolumeType]:
    """Return the types that a caller may see, newest first.

    :param is_public: only public or only private ones; None: both. As in Cinder the private ones
        that the caller's project was given access to are among the public ones.
    """
    where = _visible(context)
    if is_public:
        where.append(sa.or_(T.c.is_public.is_(True), _given(context)))
    elif is_public is not None:
        where.append(T.c.is_public.is_(False))
    with engine.statement() as connection:
        return _select(connection, *where)


@engine.retried
def get(context: RequestContext, type_id: str) -> VolumeType:
    """Return a type by id.

    :raises VolumeTypeNotFound: there is none that this caller may see
    """
    with engine.statement() as connection:
        found = _select(connection, T.c.id == type_id, *_visible(context))
    if not found:
        raise exception.VolumeTypeNotFound(volume_type_id=type_id)
    return found[0]


@engine.retried
def get_by_name(context: RequestContext, name: str) -> VolumeType:
    """Return a type by name.

    :raises VolumeTypeNotFoundByName: there is none that this caller may see
    """
    with engine.statement() as connection:
        found = _select(connection, T.c.name == name, *_visible(context))
    if not found:
        raise exception.VolumeTypeNotFoundByName(volume_type_name=name)
    return found[0]


@engine.retried
def default_of(project_id: str | None, name: str | None) -> VolumeType | None:
    """Return the type of a project's volumes that name none, None where there is none.

    :param name: of the type that is used where the project has no default of its own
    """
    own = sa.select(D.c.volume_type_id).where(D.c.project_id == project_id).scalar_subquery()
    by_name = sa.and_(own.is_(None), T.c.name == name)
    with engine.statement() as connection:
        found = _select(connection, sa.or_(T.c.id == own, by_name))
    return found[0] if found else None


def find(context: RequestContext, name_or_id: str) -> VolumeType:
    """Return a type by id or else by name.

    :raises VolumeTypeNotFound: it is neither
    """
    try:
        return get(context, name_or_id)
    except exception.VolumeTypeNotFound:
        return get_by_name(context, name_or_id)


@engine.retried
def create(values: Mapping[str, Any], extra_specs: Mapping[str, str]) -> VolumeType:
    """Create a type.

    :param values: columns; ``name`` among them
    :raises VolumeTypeExists: another has the name
    """
    row = {
        "id": str(uuid.uuid4()),
        "created_at": utcnow(),
        "deleted": False,
        "is_public": True,
        **values,
    }
    with engine.transaction() as connection:
        taken = sa.select(T.c.id).where(T.c.name == row["name"], T.c.deleted == sa.false())
        if connection.execute(taken).first() is not None:
            raise exception.VolumeTypeExists(id=row["name"])
        connection.execute(sa.insert(T), row)
        _write_specs(connection, row["id"], extra_specs)
        return _select(connection, T.c.id == row["id"])[0]


@engine.retried
def update(type_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of a type.

    :raises VolumeTypeExists: another has the new name
    """
    with engine.transaction() as connection:
        if "name" in values:
            taken = sa.select(T.c.id).where(
                T.c.name == values["name"], T.c.deleted == sa.false(), T.c.id != type_id
            )
            if connection.execute(taken).first() is not None:
                raise exception.VolumeTypeExists(id=values["name"])
            old = connection.execute(sa.select(T.c.name).where(T.c.id == type_id)).scalar()
            if old is not None and old != values["name"]:
                quota_sets.rename_type(connection, old, values["name"])
        connection.execute(
            sa.update(T).where(T.c.id == type_id), {"updated_at": utcnow(), **values}
        )


@engine.retried
def destroy(type_id: str) -> None:
    """Delete a type softly.

    :raises VolumeTypeInUse: a volume has it
    :raises CannotDeleteDefaultVolumeType: it is some project's default
    """
    volumes = models.volumes
    defaults = models.default_volume_types.c
    chosen = sa.select(defaults.project_id).where(defaults.volume_type_id == type_id)
    used = sa.select(volumes.c.id).where(
        volumes.c.volume_type_id == type_id, volumes.c.deleted == sa.false()
    )
    with engine.transaction() as connection:
        if connection.execute(used.limit(1)).first() is not None:
            raise exception.VolumeTypeInUse(volume_type_id=type_id)
        if connection.execute(chosen.limit(1)).first() is not None:
            raise exception.CannotDeleteDefaultVolumeType(volume_type_id=type_id)
        connection.execute(sa.delete(S).where(S.c.volume_type_id == type_id))
        connection.execute(sa.delete(P).where(P.c.volume_type_id == type_id))
        encryption = models.encryption
        connection.execute(sa.delete(encryption).where(encryption.c.volume_type_id == type_id))
        connection.execute(
            sa.update(T).where(T.c.id == type_id).values(deleted=True, deleted_at=utcnow())
        )


def _write_specs(connection: sa.Connection, type_id: str, specs: Mapping[str, str]) -> None:
    for key, value in specs.items():
        changed = connection.execute(
            sa.update(S).where(S.c.volume_type_id == type_id, S.c.key == key).values(value=value)
        )
        known = sa.select(S.c.id).where(S.c.volume_type_id == type_id, S.c.key == key)
        if not changed.rowcount and connection.execute(known).first() is None:
            connection.execute(
                sa.insert(S), {"volume_type_id": type_id, "key": key, "value": value}
            )


@engine.retried
def update_extra_specs(type_id: str, specs: Mapping[str, str]) -> None:
    """Set extra specs of a type, leaving its others."""
    with engine.transaction() as connection:
        _write_specs(connection, type_id, specs)


@engine.retried
def delete_extra_spec(type_id: str, key: str) -> None:
    """Remove one extra spec of a type.

    :raises VolumeTypeExtraSpecsNotFound: it has no such key
    """
    with engine.statement() as connection:
        gone = connection.execute(sa.delete(S).where(S.c.volume_type_id == type_id, S.c.key == key))
    if not gone.rowcount:
        raise exception.VolumeTypeExtraSpecsNotFound(volume_type_id=type_id, extra_specs_key=key)
