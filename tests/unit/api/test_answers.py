# SPDX-License-Identifier: Apache-2.0
"""The shapes of answers, and that every view has the one that is described at every microversion.

The client checks each answer by itself: see `tests.unit.api.conformance`.
"""

from __future__ import annotations

import inspect
from typing import Any

import jsonschema
import pytest

from cinder_lite.api import microversions
from cinder_lite.api.answers import shape, table
from cinder_lite.api.answers.shape import Field, Shape
from cinder_lite.api.router import Route
from cinder_lite.api.routes import ROUTES
from tests.unit import rows
from tests.unit.api.client import ADMIN, MEMBER, NOBODY, PROJECT, Client

_DOG = Shape(
    "dog",
    {
        "name": shape.TEXT,
        "age": (Field(shape.INTEGER, 5), Field({"type": ["integer", "null"]}, 9)),
        "chip": shape.sometimes(shape.TEXT, 7),
    },
)


def _schema(minor: int) -> dict[str, Any]:
    return _DOG.schema(minor)


def test_fields_come_with_microversions() -> None:
    assert list(_schema(4)["properties"]) == ["name"]
    assert _schema(5)["properties"]["age"] == {"type": "integer"}
    assert _schema(9)["properties"]["age"] == {"type": ["integer", "null"]}
    assert _schema(8)["required"] == ["name", "age"]
    assert list(_schema(8)["properties"]) == ["name", "age", "chip"]
    assert _schema(0)["additionalProperties"] is False
    assert shape.changes({"items": [_DOG]}) == {5, 7, 9}


def test_a_shape_that_stays_at_one_microversion() -> None:
    old = _DOG.at("old-dog", 5)
    assert list(old.schema(71)["properties"]) == ["name", "age"]
    assert old.changes() == set()


def test_named_shapes_are_referred_to() -> None:
    named: shape.Schemas = {}
    page = shape.page("dogs", _DOG, "dogs_links", counted=True)
    newest = shape.resolve(page, 71, named)
    assert newest["properties"]["dogs"]["items"] == {"$ref": "#/components/schemas/dog"}
    assert newest["required"] == ["dogs"]
    older = shape.resolve(page, 6, named)
    assert older["properties"]["dogs"]["items"] == {"$ref": "#/components/schemas/dog-3.5"}
    assert "count" not in older["properties"]
    assert named["dog-3.5"] == _schema(6)
    assert named["dog"] == _schema(71)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_what_answers_is_described(route: Route) -> None:
    annotation = inspect.signature(route.handler).return_annotation
    answers = annotation not in ("None", "Answer", "bytes | None") and not route.bare
    if route.path.endswith("/action"):
        answers = False
    assert (table.of(route) is not None) == answers
    for minor in {0, microversions.MOST, *shape.changes(table.of(route))}:
        schema = shape.resolve(table.of(route) or {}, minor)
        jsonschema.Draft202012Validator.check_schema(schema)


def test_nothing_else_is_described() -> None:
    known = {(route.method, route.path) for route in ROUTES}
    assert table.ANSWERS.keys() | table.TEXTS | table.GUARDED <= known


@pytest.fixture
def one_of_each(api: Client) -> dict[str, str]:
    """Create one of what has fields, and return their ids by parameter of a path."""
    kind = rows.volume_type("silver")
    group_type = rows.group_type("flock", size="large")
    group = rows.group(group_type, kind, project_id=PROJECT)
    member = rows.volume(project_id=PROJECT, volume_type_id=kind.id, group_id=group.id)
    volume = rows.volume(project_id=PROJECT, volume_type_id=kind.id)
    given = rows.volume(project_id=PROJECT)

    def make(path: str, name: str, **content: Any) -> str:
        made: str = api("POST", path, {name: content}).json[name]["id"]
        return made

    attachment = make("/attachments", "attachment", volume_uuid=member.id, instance_uuid=NOBODY)
    return {
        "volume_id": member.id,
        "snapshot_id": make("/snapshots", "snapshot", volume_id=volume.id, metadata={"k": "v"}),
        "type_id": kind.id,
        "group_type_id": group_type.id,
        "group_id": group.id,
        "specs_id": api("POST", "/qos-specs", {"qos_specs": {"name": "fast", "k": "v"}}).json[
            "qos_specs"
        ]["id"],
        "transfer_id": make("/volume-transfers", "transfer", volume_id=given.id),
        "attachment_id": attachment,
        "key": "k",
    }


@pytest.mark.parametrize("token", [ADMIN, MEMBER])
def test_views_are_as_described_at_every_microversion(
    api: Client, one_of_each: dict[str, str], token: str
) -> None:
    reading = [
        route
        for route in ROUTES
        if route.method == "GET" and table.of(route) is not None and "/metadata" not in route.path
    ]
    checked = 0
    for route in reading:
        path = route.path
        for name, value in one_of_each.items():
            path = path.replace(f"{{{name}}}", value)
        if "{" in path or "anageable" in path or path.endswith("-manage"):
            continue
        for minor in sorted({route.since, microversions.MOST, *shape.changes(table.of(route))}):
            if minor >= route.since:
                answer = api("GET", path, version=f"3.{minor}", token=token)
                checked += answer.status == 200
    assert checked > 100
