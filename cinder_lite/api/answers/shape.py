# SPDX-License-Identifier: Apache-2.0
"""What answers are made of: objects whose fields come with microversions and with rights.

A shape is written once and read at any microversion: as a JSON schema on its own, or as one that
refers to the named shapes of the OpenAPI description.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from cinder_lite.api import microversions

Schemas = dict[str, dict[str, Any]]


class Field(NamedTuple):
    """One field of an object.

    :param schema: of its value: a JSON schema, which may hold shapes
    :param since: first microversion (minor) that has it, or that has it in this form
    :param always: False where it depends on the caller's rights or on the object
    """

    schema: Any
    since: int = 0
    always: bool = True


class Shape:
    """An object of an answer: it has these fields and no others.

    :param name: what the OpenAPI description calls it; empty: it is written where it is used
    :param fields: schema or :class:`Field` by name; several, in ascending order of microversions,
        where a field has changed
    """

    def __init__(self, name: str, fields: Mapping[str, Any]) -> None:
        self.name = name
        self.fields = {key: _forms(value) for key, value in fields.items()}

    def at(self, name: str, minor: int) -> Shape:
        """Return this shape as it is at one microversion, whichever is asked for."""
        return Shape(
            name,
            {
                key: Field(found.schema, 0, found.always)
                for key, forms in self.fields.items()
                if (found := _at(forms, minor)) is not None
            },
        )

    def schema(self, minor: int, named: Schemas | None = None) -> dict[str, Any]:
        """Return the JSON schema at a microversion.

        :param named: gathers the named shapes within, and is referred to; None: they are inlined
        """
        fields = {
            key: found
            for key, forms in self.fields.items()
            if (found := _at(forms, minor)) is not None
        }
        return {
            "type": "object",
            "required": [key for key, found in fields.items() if found.always],
            "properties": {
                key: resolve(found.schema, minor, named) for key, found in fields.items()
            },
            "additionalProperties": False,
        }

    def changes(self) -> set[int]:
        """Return the microversions (minors) at which it, or something within, changes."""
        found = {form.since for forms in self.fields.values() for form in forms}
        within = (form.schema for forms in self.fields.values() for form in forms)
        return found.union(*(changes(schema) for schema in within)) - {0}


def _forms(value: Any) -> tuple[Field, ...]:
    if isinstance(value, Field):
        return (value,)
    if isinstance(value, tuple):
        return value
    return (Field(value),)


def _at(forms: Iterable[Field], minor: int) -> Field | None:
    """Return the form that a field has at a microversion, None where it has none yet."""
    return max(
        (form for form in forms if form.since <= minor), key=lambda form: form.since, default=None
    )


def resolve(node: Any, minor: int, named: Schemas | None = None) -> Any:
    """Return a JSON schema at a microversion, with its shapes inlined or referred to."""
    if isinstance(node, Shape):
        if named is None or not node.name:
            return node.schema(minor, named)
        since = max((change for change in node.changes() if change <= minor), default=0)
        newest = since == max(node.changes(), default=0)
        name = node.name if newest else f"{node.name}-3.{since}"
        if name not in named:
            named[name] = {}
            named[name] = node.schema(minor, named)
        return {"$ref": f"#/components/schemas/{name}"}
    if isinstance(node, Mapping):
        return {key: resolve(value, minor, named) for key, value in node.items()}
    if isinstance(node, list):
        return [resolve(value, minor, named) for value in node]
    return node


def changes(node: Any) -> set[int]:
    """Return the microversions at which a schema with shapes changes; 0 is not among them."""
    if isinstance(node, Shape):
        return node.changes()
    values = node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ()
    return set[int]().union(*(changes(value) for value in values))


# --- what shapes are written with ------------------------------------------------------------

TEXT: dict[str, Any] = {"type": "string"}
TEXT_OR_NULL: dict[str, Any] = {"type": ["string", "null"]}
INTEGER: dict[str, Any] = {"type": "integer"}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
LIMIT: dict[str, Any] = {"type": "integer", "minimum": -1}
BOOLEAN: dict[str, Any] = {"type": "boolean"}
BOOLEAN_OR_NULL: dict[str, Any] = {"type": ["boolean", "null"]}
OBJECT: dict[str, Any] = {"type": "object"}
UUID: dict[str, Any] = {"type": "string", "format": "uuid"}
UUID_OR_NULL: dict[str, Any] = {"type": ["string", "null"], "format": "uuid"}
URL: dict[str, Any] = {"type": "string", "pattern": "^https?://"}

_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}$"
TIME: dict[str, Any] = {"type": "string", "pattern": _TIME}
"""UTC without a zone, which the format date-time would ask for."""
TIME_OR_NULL: dict[str, Any] = {"type": ["string", "null"], "pattern": _TIME}

TEXTS: dict[str, Any] = {"type": "object", "additionalProperties": TEXT}
"""Strings by names that somebody has chosen."""
TEXTS_OR_NULLS: dict[str, Any] = {"type": "object", "additionalProperties": TEXT_OR_NULL}


def one_of(*words: str | None) -> dict[str, Any]:
    """Return the schema of some words, None for null."""
    return {"enum": list(words)}


def array(of: Any) -> dict[str, Any]:
    """Return the schema of a list."""
    return {"type": "array", "items": of}


def either(*schemas: Any) -> dict[str, Any]:
    """Return the schema of what fits at least one."""
    return {"anyOf": list(schemas)}


def since(minor: int, schema: Any) -> Field:
    """Return a field that a microversion has brought."""
    return Field(schema, minor)


def sometimes(schema: Any, minor: int = 0) -> Field:
    """Return a field that is not in every answer."""
    return Field(schema, minor, always=False)


def holding(key: str, value: Any) -> Shape:
    """Return the object ``{key: value}``."""
    return Shape("", {key: value})


LINKS = array(Shape("link", {"rel": one_of("self", "bookmark"), "href": URL}))
_NEXT = array(Shape("next-link", {"rel": one_of("next"), "href": URL}))


def page(key: str, of: Any, links: str | None = None, *, counted: bool = False) -> Shape:
    """Return a page of a list.

    :param links: name of the link to the page that follows
    :param counted: it may tell how many there are on all pages
    """
    fields: dict[str, Any] = {key: array(of)}
    if links is not None:
        fields[links] = sometimes(_NEXT)
    if counted:
        fields["count"] = sometimes(COUNT, microversions.WITH_COUNT)
    return Shape("", fields)
