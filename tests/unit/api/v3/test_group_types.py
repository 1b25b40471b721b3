# SPDX-License-Identifier: Apache-2.0
"""/group_types and their specs."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite.db import group_types
from cinder_lite.objects import GroupType
from tests.unit import rows
from tests.unit.api.client import HOST, MEMBER, NOBODY, PROJECT, Client
from tests.unit.conftest import SetOption


@pytest.fixture
def kind(api: Client) -> GroupType:
    """Return a group type with a spec."""
    return rows.group_type("flock", colour="white")


def _names(api: Client, query: str = "", **options: Any) -> list[str]:
    answer = api("GET", f"/group_types{query}", **options)
    assert answer.status == 200, answer.raw
    return [each["name"] for each in answer.json["group_types"]]


def test_the_type_of_consistency_groups_is_there(api: Client) -> None:
    (found,) = api("GET", "/group_types").json["group_types"]
    assert found["name"] == "default_cgsnapshot_type"
    assert found["group_specs"] == {"consistent_group_snapshot_enabled": "<is> True"}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_there_are_none_before_3_11(api: Client, method: str) -> None:
    assert api(method, "/group_types", {}, version="3.10").status == 404
    assert api(method, "/group_types", {}, version="3.11").status in (200, 400)


def test_life_of_a_type(api: Client) -> None:
    given = {
        "name": "a",
        "description": "d",
        "is_public": True,
        "group_specs": {"k": "v"},
    }
    made = api("POST", "/group_types", {"group_type": given}, version="3.11")
    assert made.status == 202
    kind = made.json["group_type"]
    assert kind == {"id": kind["id"], **given}
    url = f"/group_types/{kind['id']}"
    assert api("GET", url).json == {"group_type": kind}
    seen = {key: value for key, value in kind.items() if key != "group_specs"}
    assert api("GET", url, token=MEMBER).json == {"group_type": seen}
    changed = api("PUT", url, {"group_type": {"name": "b", "description": "e", "is_public": "no"}})
    assert (changed.status, changed.json["group_type"]) == (
        200,
        {**kind, "name": "b", "description": "e", "is_public": False},
    )
    assert api("DELETE", url).status == 202
    assert api("GET", url).status == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"group_type": {}}, 400),
        ({"group_type": {"name": ""}}, 400),
        ({"group_type": {"name": " "}}, 400),
        ({"group_type": {"name": "n" * 256}}, 400),
        ({"group_type": {"name": "a", "is_public": "perhaps"}}, 400),
        ({"group_type": {"name": "a", "colour": "red"}}, 400),
        ({"group_type": {"name": "a", "group_specs": {"k": 1}}}, 400),
        ({"group_type": {"name": "a", "group_specs": {"k": None}}}, 400),
        ({"group_type": {"name": "a", "group_specs": None}}, 202),
        ({"group_type": {"name": "flock"}}, 409),
    ],
)
def test_bodies(api: Client, kind: GroupType, body: Any, status: int) -> None:
    assert api("POST", "/group_types", body).status == status


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 400),
        ({"name": None}, 400),
        ({"name": "  "}, 400),
        ({"name": "default_cgsnapshot_type"}, 409),
        ({"name": "flock"}, 200),
    ],
)
def test_changes(api: Client, kind: GroupType, change: Any, status: int) -> None:
    answer = api("PUT", f"/group_types/{kind.id}", {"group_type": change})
    assert answer.status == status


def test_changes_are_for_administrators(api: Client, kind: GroupType) -> None:
    url = f"/group_types/{kind.id}"
    for method, path, body in (
        ("POST", "/group_types", {"group_type": {"name": "x"}}),
        ("PUT", url, {"group_type": {"name": "x"}}),
        ("DELETE", url, None),
        ("GET", f"{url}/group_specs", None),
        ("GET", f"{url}/group_specs/colour", None),
        ("POST", f"{url}/group_specs", {"group_specs": {}}),
        ("PUT", f"{url}/group_specs/k", {"k": "v"}),
        ("DELETE", f"{url}/group_specs/colour", None),
    ):
        answer = api(method, path, body, token=MEMBER)
        assert answer.status == 403
        assert "group:group_types" in answer.sentence


def test_of_a_type_that_is_not_there(api: Client) -> None:
    url = f"/group_types/{NOBODY}"
    assert api("GET", url).status == 404
    assert api("PUT", url, {"group_type": {"name": "x"}}).status == 404
    assert api("DELETE", url).status == 404
    assert api("GET", f"{url}/group_specs").status == 404


def test_a_type_with_groups_stays(api: Client, kind: GroupType) -> None:
    rows.group(kind)
    answer = api("DELETE", f"/group_types/{kind.id}")
    assert answer.status == 400
    assert "still has groups" in answer.sentence


def test_lists(api: Client, kind: GroupType) -> None:
    group_types.create({"name": "secret", "is_public": False}, {})
    assert _names(api) == ["flock", "default_cgsnapshot_type"]
    assert _names(api, "?is_public=false") == ["secret"]
    assert _names(api, "?is_public=None&sort=name:asc") == [
        "default_cgsnapshot_type",
        "flock",
        "secret",
    ]
    assert _names(api, "?is_public=false", token=MEMBER) == ["flock", "default_cgsnapshot_type"]
    assert api("GET", "/group_types?is_public=perhaps").status == 400
    page = api("GET", "/group_types?limit=1&sort=name:desc").json
    assert [each["name"] for each in page["group_types"]] == ["flock"]
    following = page["group_type_links"][0]["href"].removeprefix(f"http://{HOST}/v3/{PROJECT}")
    assert _names(api, following.removeprefix("/group_types")) == ["default_cgsnapshot_type"]
    assert api("GET", f"/group_types?marker={NOBODY}").status == 404


def test_the_default_type(api: Client, kind: GroupType, option: SetOption) -> None:
    assert api("GET", "/group_types/default").status == 404
    option("default_group_type", "flock")
    assert api("GET", "/group_types/default").json["group_type"]["id"] == kind.id
    option("default_group_type", "nosuch")
    assert api("GET", "/group_types/default").status == 404


def test_specs(api: Client, kind: GroupType) -> None:
    url = f"/group_types/{kind.id}/group_specs"
    steps: list[tuple[str, str, Any, int, Any]] = [
        ("GET", "", None, 200, {"group_specs": {"colour": "white"}}),
        ("POST", "", {"group_specs": {"size": "big"}}, 202, {"group_specs": {"size": "big"}}),
        ("PUT", "/size", {"size": None}, 200, {"size": None}),
        ("GET", "/size", None, 200, {"size": None}),
        ("GET", "", None, 200, {"group_specs": {"colour": "white", "size": None}}),
    ]
    for method, path, body, status, content in steps:
        answer = api(method, url + path, body)
        assert (answer.status, answer.json) == (status, content)
    assert api("DELETE", f"{url}/size").status == 202
    assert api("DELETE", f"{url}/size").status == 404
    assert api("GET", f"{url}/size").status == 404
    assert api("PUT", f"{url}/a", {"b": "c"}).status == 400
    assert api("PUT", f"{url}/a", {}).status == 400
    assert api("PUT", f"{url}/a", {"a": "1", "b": "2"}).status == 400
    assert api("POST", url, {"group_specs": {"a b": "c"}}).status == 400
