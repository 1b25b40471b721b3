# SPDX-License-Identifier: Apache-2.0
"""Queries of ``qos_specs`` and their items, and of the types that refer to them."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from cinder_lite import exception
from cinder_lite.db import engine, models
from cinder_lite.objects import QosSpecs, utcnow

T = models.qos_specs
I = models.qos_specs_items  # noqa: E741
TYPES = models.volume_types
_COLUMNS = (T.c.id, T.c.name, T.c.consumer, T.c.created_at, T.c.updated_at)


def _select(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[QosSpecs]:
    query = sa.select(*_COLUMNS).where(*where).order_by(T.c.created_at.desc(), T.c.id.desc())
    found = [QosSpecs(specs={}, **row._mapping) for row in connection.execute(query)]
    by_id = {specs.id: specs for specs in found}
    items = sa.select(I.c.qos_specs_id, I.c.key, I.c.value).order_by(I.c.key)
    for specs_id, key, value in connection.execute(items.where(I.c.qos_specs_id.in_(by_id))):
        by_id[specs_id].specs[key] = value
    return found


@engine.retried
def listing() -> list[QosSpecs]:
    """Return all QoS specs, newest first."""
    with engine.statement() as connection:
        return _select(connection)


@engine.retried
def get(specs_id: str) -> QosSpecs:
    """Return QoS specs by id.

    :raises QoSSpecsNotFound: there are none
    """
    with engine.statement() as connection:
        found = _select(connection, T.c.id == specs_id)
    if not found:
        raise exception.QoSSpecsNotFound(specs_id=specs_id)
    return found[0]


@engine.retried
def create(name: str, consumer: str, items: Mapping[str, str]) -> QosSpecs:
    """Create QoS specs.

    :param consumer: who keeps to them: ``front-end``, ``back-end`` or ``both``
    :raises QoSSpecsExists: others have the name
    """
    specs = QosSpecs(
        id=str(uuid.uuid4()),
        name=name,
        consumer=consumer,
        specs=dict(items),
        created_at=utcnow(),
    )
    row = dataclasses.asdict(specs)
    row.pop("specs")
    try:
        with engine.transaction() as connection:
            connection.execute(sa.insert(T), row)
            _write(connection, specs.id, items)
    except sa.exc.IntegrityError as error:
        if not engine.is_duplicate(error):
            raise
        raise exception.QoSSpecsExists(specs_id=name) from None
    return specs


def _write(connection: sa.Connection, specs_id: str, items: Mapping[str, Any]) -> None:
    known = set(
        connection.execute(sa.select(I.c.key).where(I.c.qos_specs_id == specs_id)).scalars()
    )
    for key, value in items.items():
        if key in known:
            same = sa.and_(I.c.qos_specs_id == specs_id, I.c.key == key)
            connection.execute(sa.update(I).where(same).values(value=value))
        else:
            connection.execute(sa.insert(I), {"qos_specs_id": specs_id, "key": key, "value": value})


@engine.retried
def update(specs_id: str, items: Mapping[str, Any], consumer: str | None = None) -> None:
    """Set items of QoS specs, leaving the others, and the consumer unless it is None."""
    values: dict[str, Any] = {"updated_at": utcnow()}
    if consumer is not None:
        values["consumer"] = consumer
    with engine.transaction() as connection:
        # First, so that two requests at once take turns on this row.
        connection.execute(sa.update(T).where(T.c.id == specs_id).values(**values))
        _write(connection, specs_id, items)


@engine.retried
def delete_keys(specs_id: str, keys: Iterable[str]) -> None:
    """Remove items of QoS specs up to the first that they do not have.

    :raises QoSSpecsKeyNotFound: they have no such key; those named before it are gone
    """
    missing = None
    with engine.transaction() as connection:
        for key in keys:
            same = sa.and_(I.c.qos_specs_id == specs_id, I.c.key == key)
            if not connection.execute(sa.delete(I).where(same)).rowcount:
                missing = key
                break
        connection.execute(sa.update(T).where(T.c.id == specs_id).values(updated_at=utcnow()))
    if missing is not None:
        raise exception.QoSSpecsKeyNotFound(specs_id=specs_id, specs_key=missing)


@engine.retried
def destroy(specs_id: str, *, force: bool = False) -> None:
    """Remove QoS specs.

    :param force: also from the types that refer to them
    :raises QoSSpecsInUse: types refer to them and ``force`` is not set
    """
    using = sa.and_(TYPES.c.qos_specs_id == specs_id, TYPES.c.deleted == sa.false())
    with engine.transaction() as connection:
        if force:
            connection.execute(sa.update(TYPES).where(using).values(qos_specs_id=None))
        elif connection.execute(sa.select(TYPES.c.id).where(using).limit(1)).first() is not None:
            raise exception.QoSSpecsInUse(specs_id=specs_id)
        connection.execute(sa.delete(I).where(I.c.qos_specs_id == specs_id))
        connection.execute(sa.delete(T).where(T.c.id == specs_id))


@engine.retried
def associations(specs_id: str) -> list[tuple[str, str]]:
    """Return id and name of the types that refer to QoS specs."""
    query = sa.select(TYPES.c.id, TYPES.c.name).where(
        TYPES.c.qos_specs_id == specs_id, TYPES.c.deleted == sa.false()
    )
    with engine.statement() as connection:
        return [(row.id, row.name) for row in connection.execute(query.order_by(TYPES.c.name))]


@engine.retried
def associate(specs_id: str, type_id: str) -> None:
    """Let a type refer to QoS specs.

    :raises InvalidVolumeType: it refers to others
    """
    with engine.statement() as connection:
        changed = connection.execute(
            sa.update(TYPES)
            .where(
                TYPES.c.id == type_id,
                sa.or_(TYPES.c.qos_specs_id.is_(None), TYPES.c.qos_specs_id == specs_id),
            )
            .values(qos_specs_id=specs_id, updated_at=utcnow())
        )
        other = sa.select(TYPES.c.qos_specs_id).where(TYPES.c.id == type_id)
        if not changed.rowcount and (taken := connection.execute(other).scalar()) != specs_id:
            raise exception.InvalidVolumeType(
                reason=f"Type {type_id} is already associated with another qos specs: {taken}"
            )


@engine.retried
def disassociate(specs_id: str, type_id: str | None = None) -> None:
    """Let a type, or every type, no longer refer to QoS specs.

    :param type_id: None means every type
    """
    where = [TYPES.c.qos_specs_id == specs_id]
    if type_id is not None:
        where.append(TYPES.c.id == type_id)
    with engine.statement() as connection:
        connection.execute(
            sa.update(TYPES).where(*where).values(qos_specs_id=None, updated_at=utcnow())
        )
