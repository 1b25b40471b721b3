# SPDX-License-Identifier: Apache-2.0
"""/types and their extra specs."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite.db import volume_types
from cinder_lite.objects import VolumeType
from tests.unit import rows
from tests.unit.api.client import ADMIN, HOST, MEMBER, NOBODY, PROJECT, Client


def _create(api: Client, **kind: Any) -> Any:
    return api("POST", "/types", {"volume_type": kind})


@pytest.fixture
def silver(api: Client) -> VolumeType:
    """Return a type with two extra specs."""
    return volume_types.create(
        {"name": "silver", "description": "a type"},
        {"volume_backend_name": "file", "multiattach": "<is> True"},
    )


def test_the_default_type(api: Client) -> None:
    (listed,) = api("GET", "/types").json["volume_types"]
    assert listed == {
        "id": listed["id"],
        "name": "__DEFAULT__",
        "is_public": True,
        "description": "Default Volume Type",
        "extra_specs": {},
        "qos_specs_id": None,
        "os-volume-type-access:is_public": True,
    }
    assert api("GET", f"/types/{listed['id']}").json == {"volume_type": listed}
    listed.pop("os-volume-type-access:is_public")
    assert api("GET", "/types/default").json == {"volume_type": listed}
    listed.pop("qos_specs_id")
    assert api("GET", "/types/default", token=MEMBER).json == {"volume_type": listed}


def test_there_may_be_no_default_type(api: Client, option: Any) -> None:
    option("default_volume_type", "nosuch")
    assert api("GET", "/types/default").status == 404
    made = api("POST", "/volumes", {"volume": {"size": 1}}).json["volume"]
    assert (made["volume_type"], made["volume_type_id"]) == (None, None)


@pytest.mark.parametrize(
    "given",
    [
        {"name": "gold"},
        {"name": "gold", "description": "d", "extra_specs": {"a/b": "v", "k": None, "x y": ""}},
        {"name": "gold", "os-volume-type-access:is_public": "false"},
        {"name": "gold", "description": None, "os-volume-type-access:is_public": True},
    ],
)
def test_create(api: Client, given: dict[str, Any]) -> None:
    answer = _create(api, **given)
    assert answer.status == 200
    public = given.get("os-volume-type-access:is_public", True) is True
    assert answer.json == {
        "volume_type": {
            "id": answer.json["volume_type"]["id"],
            "name": "gold",
            "is_public": public,
            "extra_specs": given.get("extra_specs", {}),
            "description": given.get("description"),
            "os-volume-type-access:is_public": public,
        }
    }
    again = _create(api, **given)
    assert again.status == 409
    assert again.json == {
        "conflictingRequest": {"code": 409, "message": "Volume Type gold already exists."}
    }


IN_TYPE = "Invalid input for field/attribute volume_type. Value: "


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, IN_TYPE + "{}. 'name' is a required property"),
        (
            {"name": ""},
            "Invalid input for field/attribute name. Value: . '' should be non-empty",
        ),
        ({"name": "  "}, "The 'name' of a volume type can not be empty."),
        (
            {"name": 5},
            "Invalid input for field/attribute name. Value: 5. 5 is not of type 'string'",
        ),
        (
            {"name": "t", "bogus": 1},
            IN_TYPE + "{'name': 't', 'bogus': 1}. Additional properties are not allowed "
            "('bogus' was unexpected)",
        ),
        (
            {"name": "t", "extra_specs": {"k": 5}},
            "Invalid input for field/attribute k. Value: 5. 5 is not of type 'string', 'null'",
        ),
        (
            {"name": "t", "extra_specs": {"": "v"}},
            "Invalid input for field/attribute extra_specs. Value: {'': 'v'}. '' does not match "
            "any of the regexes: '^[a-zA-Z0-9-_:. /]{1,255}$'",
        ),
    ],
)
def test_create_refuses(api: Client, given: dict[str, Any], sentence: str) -> None:
    for token in (ADMIN, MEMBER):
        answer = api("POST", "/types", {"volume_type": given}, token=token)
        assert answer.status == (400 if token == ADMIN or given.get("name") != "  " else 403)
        if answer.status == 400:
            assert answer.sentence == sentence


def test_what_a_member_sees_and_may_not_do(api: Client, silver: VolumeType) -> None:
    url = f"/types/{silver.id}"
    shown = api("GET", url, token=MEMBER).json["volume_type"]
    assert list(shown) == [
        "id",
        "name",
        "is_public",
        "description",
        "extra_specs",
        "os-volume-type-access:is_public",
    ]
    assert shown["extra_specs"] == {"multiattach": "<is> True"}
    assert api("GET", f"{url}/extra_specs", token=MEMBER).json == {
        "extra_specs": {"multiattach": "<is> True"}
    }
    hidden = api("GET", f"{url}/extra_specs/volume_backend_name", token=MEMBER)
    assert hidden.status == 404
    refused: list[tuple[str, str, Any, str]] = [
        ("POST", "/types", {"volume_type": {"name": "p"}}, "type_create"),
        ("PUT", url, {"volume_type": {"name": "p"}}, "type_update"),
        ("DELETE", f"/types/{NOBODY}", None, "type_delete"),
        ("POST", f"{url}/extra_specs", {"extra_specs": {"a": "b"}}, "types_extra_specs:create"),
        ("PUT", f"{url}/extra_specs/x", {"x": "b"}, "types_extra_specs:update"),
        ("DELETE", f"{url}/extra_specs/x", None, "types_extra_specs:delete"),
    ]
    for method, path, body, rule in refused:
        answer = api(method, path, body, token=MEMBER)
        assert (answer.status, answer.sentence) == (
            403,
            f"Policy doesn't allow volume_extension:{rule} to be performed.",
        )


def test_private_types(api: Client) -> None:
    private = volume_types.create({"name": "private", "is_public": False}, {})

    def names(query: str, token: str = ADMIN) -> list[str]:
        return [t["name"] for t in api("GET", f"/types{query}", token=token).json["volume_types"]]

    assert names("") == ["__DEFAULT__"]
    assert names("?is_public=false") == ["private"]
    assert names("?is_public=None") == ["private", "__DEFAULT__"]
    assert names("?is_public=None", MEMBER) == ["__DEFAULT__"]
    assert names("?is_public=false", MEMBER) == ["__DEFAULT__"]
    assert names("?all_tenants=1", MEMBER) == ["__DEFAULT__"]
    assert api("GET", f"/types/{private.id}", token=MEMBER).status == 404
    answer = api("GET", "/types?is_public=maybe")
    assert (answer.status, answer.sentence) == (400, "Invalid is_public filter [maybe]")


def test_pages_order_and_filters(api: Client, silver: VolumeType) -> None:
    gold = volume_types.create({"name": "gold"}, {})

    def names(query: str) -> list[str]:
        answer = api("GET", f"/types{query}")
        return [kind["name"] for kind in answer.json["volume_types"]]

    assert names("") == ["gold", "silver", "__DEFAULT__"]
    assert names("?sort=name:asc") == ["__DEFAULT__", "gold", "silver"]
    assert names("?sort_key=name&sort_dir=desc") == ["silver", "gold", "__DEFAULT__"]
    assert names("?sort=description:asc") == ["gold", "__DEFAULT__", "silver"]
    assert names("?limit=0") == []
    assert names("?offset=1") == ["silver", "__DEFAULT__"]
    assert names(f"?limit=1&marker={gold.id}") == ["silver"]
    assert names(f"?marker={NOBODY}") == ["gold", "silver", "__DEFAULT__"]
    assert names("?name=gold") == ["gold"]
    assert names("?description=a+type") == ["silver"]
    assert names("?bogus=1") == []
    assert names("?extra_specs={'volume_backend_name':'file'}") == ["silver"]
    assert names("?extra_specs={%22a%22:%22b%22}") == []
    page = api("GET", "/types?limit=1").json
    assert page["volume_type_links"] == [
        {"rel": "next", "href": f"http://{HOST}/v3/{PROJECT}/types?limit=1&marker={gold.id}"}
    ]
    for query in ("?limit=x", "?limit=-1", "?sort=bogus", "?extra_specs=junk"):
        assert api("GET", f"/types{query}").status == 400


@pytest.mark.parametrize(
    ("given", "changed"),
    [
        ({"name": "s2"}, {"name": "s2", "description": "a type"}),
        ({"description": ""}, {"description": ""}),
        ({"is_public": False}, {"is_public": False}),
        ({"name": None, "description": "x"}, {"name": "silver", "description": "x"}),
    ],
)
def test_update(
    api: Client, silver: VolumeType, given: dict[str, Any], changed: dict[str, Any]
) -> None:
    answer = api("PUT", f"/types/{silver.id}", {"volume_type": given})
    assert answer.status == 200
    assert list(answer.json["volume_type"]) == [
        "id",
        "name",
        "is_public",
        "extra_specs",
        "description",
    ]
    assert {key: answer.json["volume_type"][key] for key in changed} == changed


def test_update_refuses(api: Client, silver: VolumeType) -> None:
    url = f"/types/{silver.id}"
    nothing = "Specify volume type name, description, is_public or a combination thereof."
    for given in ({}, {"name": None}, {"description": None}):
        assert api("PUT", url, {"volume_type": given}).sentence == nothing
    assert api("PUT", url, {"volume_type": {"name": " "}}).status == 400
    assert api("PUT", url, {"volume_type": {"is_public": "maybe"}}).status == 400
    assert api("PUT", url, {"volume_type": {"name": "__DEFAULT__"}}).status == 409
    for name in (NOBODY, "nouuid"):
        answer = api("PUT", f"/types/{name}", {"volume_type": {"name": "q"}})
        assert (answer.status, answer.sentence) == (404, f"Volume type {name} could not be found.")


def test_delete(api: Client, silver: VolumeType) -> None:
    rows.volume(project_id=PROJECT, volume_type_id=silver.id)
    assert api("DELETE", f"/types/{silver.id}").status == 400
    gold = volume_types.create({"name": "gold"}, {})
    assert (api("DELETE", f"/types/{gold.id}").status, api("GET", f"/types/{gold.id}").status) == (
        202,
        404,
    )
    default = api("GET", "/types/default").json["volume_type"]["id"]
    answer = api("DELETE", f"/types/{default}")
    assert (answer.status, "default" in answer.sentence) == (400, True)
    assert api("DELETE", "/types/nouuid").status == 404


def test_extra_specs(api: Client) -> None:
    url = f"/types/{volume_types.create({'name': 'gold'}, {}).id}/extra_specs"
    steps: list[tuple[str, str, Any, int, Any]] = [
        ("GET", "", None, 200, {"extra_specs": {}}),
        (
            "POST",
            "",
            {"extra_specs": {"a": "1", "b": "2"}},
            200,
            {"extra_specs": {"a": "1", "b": "2"}},
        ),
        ("POST", "", {"extra_specs": {"b": "3"}}, 200, {"extra_specs": {"b": "3"}}),
        ("GET", "/b", None, 200, {"b": "3"}),
        ("PUT", "/a", {"a": "9"}, 200, {"a": "9"}),
        ("PUT", "/new", {"new": None}, 200, {"new": None}),
        ("GET", "", None, 200, {"extra_specs": {"a": "9", "b": "3", "new": None}}),
    ]
    for method, path, body, status, content in steps:
        answer = api(method, url + path, body)
        assert (answer.status, answer.json) == (status, content)
    assert (api("DELETE", f"{url}/new").status, api("DELETE", f"{url}/new").status) == (202, 404)
    assert api("GET", f"{url}/zz").sentence.endswith("has no extra specs with key zz.")
    wrong: list[tuple[str, str, Any, str]] = [
        ("PUT", "/a", {"b": "9"}, "Request body and URI mismatch: they name different keys."),
        ("PUT", "/a", {"a": "9", "b": "1"}, "{'a': '9', 'b': '1'} has too many properties"),
        ("PUT", "/a", {}, "{} should be non-empty"),
        ("POST", "", {}, "'extra_specs' is a required property"),
        (
            "POST",
            "",
            {"extra_specs": {"a b": "v"}},
            "Invalid input for field/attribute extra_specs. Value: {'a b': 'v'}. 'a b' does not "
            "match any of the regexes: '^[a-zA-Z0-9-_:.]{1,255}$'",
        ),
    ]
    for method, path, body, sentence in wrong:
        answer = api(method, url + path, body)
        assert (answer.status, answer.sentence) == (400, sentence)
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "/a", {"a": "1"}),
        ("DELETE", "/a", None),
    ):
        assert api(method, f"/types/{NOBODY}/extra_specs{path}", body).status == 404


def test_extra_specs_of_a_type_in_use_stay(api: Client, silver: VolumeType) -> None:
    rows.volume(project_id=PROJECT, volume_type_id=silver.id)
    url = f"/types/{silver.id}/extra_specs"
    for method, path, body in (
        ("POST", "", {"extra_specs": {"x": "z"}}),
        ("PUT", "/x", {"x": "z"}),
        ("DELETE", "/multiattach", None),
    ):
        answer = api(method, url + path, body)
        assert answer.status == 400
        assert answer.sentence.startswith("Volume Type is currently in use")
