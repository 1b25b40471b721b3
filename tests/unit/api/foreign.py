# SPDX-License-Identifier: Apache-2.0
"""A project's things of every kind, put into every table, for tests of who sees and changes what.

The rows are made of the tables' definitions, so a table that is added has its row here at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from cinder_lite.api.validation import Body
from cinder_lite.db import engine, models
from cinder_lite.objects import utcnow

MARK = "secret-"
"""Every text of the project's begins with it."""
NOBODY = "00000000-0000-0000-0000-00000000dead"

_VALUES: dict[str, Any] = {
    "status": "available",
    "attach_status": "detached",
    "host": "one@file#file",
    "availability_zone": "nova",
    "migration_status": None,
    "previous_status": None,
    "replication_status": None,
    "encryption_key_id": None,
    "deleted_at": None,
    "_name_id": None,
    "group_id": None,
    "consistencygroup_id": None,
    "source_volid": None,
    "snapshot_id": None,
    "cgsnapshot_id": None,
    "group_snapshot_id": None,
    "connector": "{}",
    "connection_info": "{}",
    "phase": "done",
    "consumer": "back-end",
    "binary": "cinder-volume",
}


def fill(project: str) -> dict[str, str]:
    """Put a row into every table; returns the key of each by its table's name."""
    keys: dict[str, str] = {}
    with engine.transaction() as connection:
        for table in models.metadata.sorted_tables:
            row = {column.key: _value(column, project, keys) for column in table.columns}
            row = {name: value for name, value in row.items() if value is not _NOTHING}
            key = connection.execute(sa.insert(table).values(row)).inserted_primary_key
            assert key is not None
            keys[table.name] = str(key[0])
    return keys


_NOTHING = object()


def _value(column: sa.Column[Any], project: str, keys: dict[str, str]) -> Any:
    for foreign in column.foreign_keys:
        return keys[foreign.column.table.name]
    name, kind = column.name, column.type
    if "project_id" in name:
        return project
    if name in _VALUES:
        return _VALUES[name]
    if isinstance(kind, sa.Boolean):
        return False
    if isinstance(kind, sa.Integer):
        return _NOTHING if column.primary_key else 1
    if isinstance(kind, sa.DateTime):
        return utcnow()
    if isinstance(kind, sa.String) and kind.length == 36:  # noqa: PLR2004 - an id
        return str(uuid.uuid4())
    longest = getattr(kind, "length", None) or 255
    return f"{MARK}{column.table.name}-{name}"[:longest]


def everything() -> set[tuple[Any, ...]]:
    """Return all rows of all tables."""
    rows: set[tuple[Any, ...]] = set()
    with engine.statement() as connection:
        for table in models.metadata.sorted_tables:
            rows |= {(table.name, *map(str, row)) for row in connection.execute(sa.select(table))}
    return rows


def bodies(body: Body, names: dict[str, str]) -> Iterator[Any]:
    """Yield bodies that fit the newest schema: the smallest, and each thing that may be named.

    :param names: what to name, by the property that names it
    """
    schema = body.schemas[max(body.schemas)]
    yield example(schema, names, None)
    for name in names:
        found = example(schema, names, name)
        if found != example(schema, names, None):
            yield found


def example(schema: Any, names: dict[str, str], also: str | None, key: str = "") -> Any:
    """Return a value that fits a schema.

    :param also: an optional property that is to be there
    :param key: the name of the property that has the value
    """
    for word in ("oneOf", "anyOf"):
        if word in schema and "type" not in schema:
            parts = schema[word]
            part = next((one for one in parts if one.get("type") != "null"), parts[0])
            return example(part, names, also, key)
    if "enum" in schema:
        return schema["enum"][0]
    kinds = schema.get("type", "object")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "object":
        return _object(schema, names, also)
    if kind == "array":
        return [example(schema.get("items", {}), names, also, key)] if schema.get("items") else []
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    return names.get(key) or (NOBODY if schema.get("format") == "uuid" else "1")


def _object(schema: Any, names: dict[str, str], also: str | None) -> dict[str, Any]:
    properties = schema.get("properties", {})
    wanted = list(schema.get("required", ()))
    for part in schema.get("anyOf", ()):
        wanted += part.get("required", ())
        break
    if also in properties:
        wanted.append(also)
    made = {name: example(properties.get(name, {}), names, also, name) for name in wanted}
    if len(made) < schema.get("minProperties", 0):
        more = [name for name in properties if name not in made]
        name = more[0] if more else "key"
        made[name] = example(properties.get(name, {"type": "string"}), names, also, name)
    return made
