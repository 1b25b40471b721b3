# SPDX-License-Identifier: Apache-2.0
"""/qos-specs and the types that refer to them."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite.db import volume_types
from cinder_lite.objects import VolumeType
from tests.unit.api.client import HOST, MEMBER, NOBODY, PROJECT, Client


def _made(api: Client, **values: Any) -> dict[str, Any]:
    answer = api("POST", "/qos-specs", {"qos_specs": {"name": "fast", **values}})
    assert answer.status == 200
    specs: dict[str, Any] = answer.json["qos_specs"]
    return specs


@pytest.fixture
def url(api: Client) -> str:
    """Return the path of QoS specs with one item."""
    return f"/qos-specs/{_made(api, iops='1000')['id']}"


@pytest.fixture
def gold(api: Client) -> VolumeType:
    """Return a type."""
    return volume_types.create({"name": "gold"}, {})


def test_create_and_show(api: Client) -> None:
    answer = api(
        "POST",
        "/qos-specs",
        {"qos_specs": {"name": " fast ", "consumer": "front-end", "iops": "1000", "x": None}},
    )
    specs = answer.json["qos_specs"]
    assert specs == {
        "id": specs["id"],
        "name": "fast",
        "consumer": "front-end",
        "specs": {"iops": "1000", "x": None},
    }
    assert answer.json["links"] == [
        {"rel": "self", "href": f"http://{HOST}/v3/{PROJECT}/qos-specs/{specs['id']}"},
        {"rel": "bookmark", "href": f"http://{HOST}/{PROJECT}/qos-specs/{specs['id']}"},
    ]
    assert api("GET", f"/qos-specs/{specs['id']}").json == answer.json
    assert _made(api, name="other")["consumer"] == "back-end"


def test_two_of_a_name(api: Client) -> None:
    _made(api)
    again = api("POST", "/qos-specs", {"qos_specs": {"name": "fast"}})
    assert (again.status, again.sentence) == (409, "QoS Specs fast already exists.")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"name": ""},
        {"name": "  "},
        {"name": "n" * 256},
        {"name": 5},
        {"name": "n", "consumer": "nobody"},
        {"name": "n", "k" * 256: "v"},
        {"name": "n", "": "v"},
        {"name": "n", "k": "v" * 256},
        {"name": "n", "k": 5},
        {"name": "n", "k": {}},
    ],
)
def test_wrong_bodies(api: Client, given: Any) -> None:
    assert api("POST", "/qos-specs", {"qos_specs": given}).status == 400
    assert api("GET", "/qos-specs").json == {"qos_specs": []}


def test_list_by_page_and_filter(api: Client) -> None:
    names = ["a", "b", "c"]
    for name in names:
        _made(api, name=name, consumer="both" if name == "b" else "back-end")

    def listed(query: str) -> list[str]:
        return [specs["name"] for specs in api("GET", f"/qos-specs{query}").json["qos_specs"]]

    assert listed("") == ["c", "b", "a"]
    assert listed("?sort=name:asc") == names
    assert listed("?consumer=both") == ["b"]
    assert listed("?name=c") == ["c"]
    assert listed("?nope=c") == []
    page = api("GET", "/qos-specs?limit=2&sort=name:asc").json
    assert [specs["name"] for specs in page["qos_specs"]] == ["a", "b"]
    assert page["qos_specs_links"][0]["rel"] == "next"
    assert listed(f"?sort=name:asc&marker={page['qos_specs'][1]['id']}") == ["c"]
    assert api("GET", f"/qos-specs?marker={NOBODY}").status == 404


def test_update(api: Client, url: str) -> None:
    body = {"qos_specs": {"consumer": "both", "iops": "5", "new": "1"}}
    answer = api("PUT", url, body)
    assert (answer.status, answer.json) == (200, body)
    shown = api("GET", url).json["qos_specs"]
    assert (shown["consumer"], shown["specs"]) == ("both", {"iops": "5", "new": "1"})
    assert api("PUT", url, {"qos_specs": {"consumer": "nobody"}}).status == 400
    assert api("PUT", url, {"qos_specs": {"k": 5}}).status == 400


def test_delete_keys_up_to_the_first_that_is_missing(api: Client, url: str) -> None:
    api("PUT", url, {"qos_specs": {"a": "1", "b": "2"}})
    gone = api("PUT", f"{url}/delete_keys", {"keys": ["a"]})
    assert (gone.status, gone.raw) == (202, b"")
    missing = api("PUT", f"{url}/delete_keys", {"keys": ["b", "nope", "iops"]})
    assert (missing.status, "nope" in missing.sentence) == (404, True)
    assert api("GET", url).json["qos_specs"]["specs"] == {"iops": "1000"}
    assert api("PUT", f"{url}/delete_keys", {"keys": ["a", "a"]}).status == 400


def test_types_refer_to_them(api: Client, url: str, gold: VolumeType) -> None:
    specs_id = url.rpartition("/")[2]
    query = f"?vol_type_id={gold.id}"
    assert api("GET", f"{url}/associations").json == {"qos_associations": []}
    for _ in range(2):  # the second time changes nothing
        done = api("GET", f"{url}/associate{query}")
        assert (done.status, done.raw) == (202, b"")
    assert api("GET", f"{url}/associations").json == {
        "qos_associations": [{"association_type": "volume_type", "name": "gold", "id": gold.id}]
    }
    assert api("GET", f"/types/{gold.id}").json["volume_type"]["qos_specs_id"] == specs_id
    other = _made(api, name="other")["id"]
    taken = api("GET", f"/qos-specs/{other}/associate{query}")
    assert (taken.status, specs_id in taken.sentence) == (400, True)
    assert api("GET", f"{url}/disassociate{query}").status == 202
    assert api("GET", f"/types/{gold.id}").json["volume_type"]["qos_specs_id"] is None


def test_all_types_let_go_at_once(api: Client, url: str, gold: VolumeType) -> None:
    silver = volume_types.create({"name": "silver"}, {})
    for kind in (gold, silver):
        api("GET", f"{url}/associate?vol_type_id={kind.id}")
    assert api("GET", f"{url}/disassociate_all").status == 202
    assert api("GET", f"{url}/associations").json == {"qos_associations": []}


def test_delete(api: Client, url: str, gold: VolumeType) -> None:
    api("GET", f"{url}/associate?vol_type_id={gold.id}")
    assert api("DELETE", url).status == 400
    assert api("DELETE", f"{url}?force=maybe").status == 400
    assert api("DELETE", f"{url}?force=true").status == 202
    assert api("GET", f"/types/{gold.id}").json["volume_type"]["qos_specs_id"] is None
    assert api("GET", url).status == 404
    assert _made(api)["name"] == "fast"  # the name is free again


def test_what_is_not_there(api: Client, url: str) -> None:
    gone = f"/qos-specs/{NOBODY}"
    for method, path, body in (
        ("GET", gone, None),
        ("PUT", gone, {"qos_specs": {"a": "b"}}),
        ("DELETE", gone, None),
        ("PUT", f"{gone}/delete_keys", {"keys": ["a"]}),
        ("GET", f"{gone}/associations", None),
        ("GET", f"{gone}/associate?vol_type_id={NOBODY}", None),
        ("GET", f"{gone}/disassociate?vol_type_id={NOBODY}", None),
        ("GET", f"{gone}/disassociate_all", None),
        ("GET", f"{url}/associate?vol_type_id={NOBODY}", None),
        ("GET", f"{url}/disassociate?vol_type_id={NOBODY}", None),
    ):
        assert api(method, path, body).status == 404, path
    assert api("GET", f"{url}/associate").status == 400


def test_members_may_not(api: Client, url: str) -> None:
    for method, path, body in (
        ("GET", "/qos-specs", None),
        ("POST", "/qos-specs", {"qos_specs": {"name": "x"}}),
        ("GET", url, None),
        ("PUT", url, {"qos_specs": {"a": "b"}}),
        ("DELETE", url, None),
        ("GET", f"{url}/associations", None),
        ("GET", f"{url}/disassociate_all", None),
    ):
        assert api(method, path, body, token=MEMBER).status == 403, path
