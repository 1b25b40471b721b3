# SPDX-License-Identifier: Apache-2.0
"""Queries of ``messages``."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cinder_lite import exception
from cinder_lite.context import RequestContext
from cinder_lite.db import engine, models
from cinder_lite.objects import Message, utcnow

T = models.messages
FIELDS = tuple(field.name for field in dataclasses.fields(Message))
_COLUMNS = [T.c[name] for name in FIELDS]


def _visible(context: RequestContext) -> list[sa.ColumnElement[bool]]:
    return [] if context.is_admin else [T.c.project_id == context.project_id]


@engine.retried
def create(values: Mapping[str, Any]) -> str:
    """Keep a message; returns its id."""
    row = {"id": str(uuid.uuid4()), "created_at": utcnow(), **values}
    with engine.statement() as connection:
        connection.execute(sa.insert(T), row)
    return str(row["id"])


@engine.retried
def get(context: RequestContext, message_id: str) -> Message:
    """Return a message.

    :raises MessageNotFound: there is none that the caller may see
    """
    query = sa.select(*_COLUMNS).where(T.c.id == message_id, *_visible(context))
    with engine.statement() as connection:
        row = connection.execute(query).first()
    if row is None:
        raise exception.MessageNotFound(message_id=message_id)
    return Message(**row._mapping)


@engine.retried
def listing(
    context: RequestContext,
    filters: Mapping[str, str],
    *,
    sort: Sequence[tuple[str, str]] = (("created_at", "desc"),),
    limit: int | None = None,
    offset: int = 0,
    marker: str | None = None,
) -> list[Message]:
    """Return a page of the messages that the caller may see.

    :param filters: values by column
    :param sort: columns and directions, the most important first
    :param marker: id of the last message of the page before
    :raises MessageNotFound: there is no message ``marker``
    """
    order = [*sort, ("created_at", sort[0][1]), ("id", sort[0][1])]
    query = sa.select(*_COLUMNS).where(
        *_visible(context), *(T.c[name] == value for name, value in filters.items())
    )
    if marker is not None:
        query = query.where(_after(get(context, marker), order))
    query = query.order_by(
        *(_key(name).desc() if way == "desc" else _key(name) for name, way in order)
    )
    with engine.statement() as connection:
        found = connection.execute(query.limit(limit).offset(offset)).all()
    return [Message(**row._mapping) for row in found]


def _key(name: str) -> sa.ColumnElement[Any]:
    """Return what to compare by: NULL is less than everything, on every database."""
    column: sa.ColumnElement[Any] = T.c[name]
    return column if name in ("created_at", "expires_at") else sa.func.coalesce(column, "")


def _after(last: Message, order: Sequence[tuple[str, str]]) -> sa.ColumnElement[bool]:
    """Return the clause "comes after this message"."""
    clauses: list[sa.ColumnElement[bool]] = []
    same: list[sa.ColumnElement[bool]] = []
    for name, way in order:
        value = getattr(last, name)
        value = "" if value is None else value
        key = _key(name)
        clauses.append(sa.and_(*same, key < value if way == "desc" else key > value))
        same.append(key == value)
    return sa.or_(*clauses)


@engine.retried
def destroy(message_id: str) -> None:
    """Remove a message."""
    with engine.statement() as connection:
        connection.execute(sa.delete(T).where(T.c.id == message_id))


@engine.retried
def destroy_expired() -> int:
    """Remove the messages whose time is over; returns how many."""
    with engine.statement() as connection:
        return int(connection.execute(sa.delete(T).where(T.c.expires_at < utcnow())).rowcount)
