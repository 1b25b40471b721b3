# SPDX-License-Identifier: Apache-2.0
"""/types/{id}/encryption."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite.db import volume_types
from tests.unit import rows
from tests.unit.api.client import MEMBER, NOBODY, Client

LUKS = {
    "provider": "luks",
    "cipher": "aes-xts-plain64",
    "key_size": 256,
    "control_location": "front-end",
}


@pytest.fixture
def url(api: Client) -> str:
    """Return the path of a new type's encryption."""
    return f"/types/{volume_types.create({'name': 'secret'}, {}).id}/encryption"


def test_made_shown_changed_and_removed(api: Client, url: str) -> None:
    assert (api("GET", url).status, api("GET", url).json) == (200, {})
    made = api("POST", url, {"encryption": LUKS})
    assert made.status == 200
    encryption = made.json["encryption"]
    assert list(encryption) == [*LUKS, "volume_type_id", "encryption_id"]
    assert encryption["volume_type_id"] in url
    shown = api("GET", url).json
    assert shown == {
        "encryption_id": encryption["encryption_id"],
        "cipher": "aes-xts-plain64",
        "key_size": 256,
        "provider": "luks",
        "control_location": "front-end",
        "volume_type_id": encryption["volume_type_id"],
        "deleted_at": None,
        "deleted": False,
        "created_at": shown["created_at"],
        "updated_at": None,
    }
    assert api("GET", f"{url}/provider").json == {"provider": "luks"}
    changed = api("PUT", f"{url}/whatever", {"encryption": {"key_size": "128"}})
    assert (changed.status, changed.json) == (200, {"encryption": {"key_size": 128}})
    assert api("GET", f"{url}/key_size").json == {"key_size": 128}
    gone = api("DELETE", f"{url}/provider")
    assert (gone.status, gone.raw) == (202, b"")
    assert api("GET", url).json == {}
    assert api("DELETE", f"{url}/provider").status == 404


def test_a_type_is_encrypted_once(api: Client, url: str) -> None:
    api("POST", url, {"encryption": LUKS})
    assert api("POST", url, {"encryption": LUKS}).status == 400
    assert api("GET", f"{url}/nokey").status == 404


def test_unknown_keys_are_repeated_and_not_kept(api: Client, url: str) -> None:
    made = api("POST", url, {"encryption": {**LUKS, "more": "x"}})
    assert made.json["encryption"]["more"] == "x"
    assert "more" not in api("GET", url).json


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"provider": "luks"},
        {**LUKS, "control_location": "both"},
        {**LUKS, "key_size": -1},
        {**LUKS, "key_size": "many"},
        {**LUKS, "key_size": 2**31},
        {**LUKS, "provider": "p" * 256},
        None,
    ],
)
def test_wrong_bodies(api: Client, url: str, given: Any) -> None:
    assert api("POST", url, {"encryption": given}).status == 400
    assert api("GET", url).json == {}


def test_a_type_in_use_keeps_its_encryption(api: Client, url: str) -> None:
    api("POST", url, {"encryption": LUKS})
    rows.volume(volume_type_id=url.split("/")[2])
    for method, path, body in (
        ("POST", url, {"encryption": LUKS}),
        ("PUT", f"{url}/x", {"encryption": {"key_size": 128}}),
        ("DELETE", f"{url}/x", None),
    ):
        answer = api(method, path, body)
        assert answer.status == 400
        assert "Volume type in use" in answer.sentence
    assert api("GET", f"{url}/key_size").json == {"key_size": 256}


def test_a_type_that_is_not_there(api: Client) -> None:
    url = f"/types/{NOBODY}/encryption"
    assert api("GET", url).status == 404
    assert api("POST", url, {"encryption": LUKS}).status == 404
    assert api("PUT", f"{url}/x", {"encryption": LUKS}).status == 404
    assert api("DELETE", f"{url}/x").status == 404


def test_members_may_not(api: Client, url: str) -> None:
    for method, path in (("GET", url), ("POST", url), ("PUT", f"{url}/x"), ("DELETE", f"{url}/x")):
        body = {"encryption": LUKS} if method in ("POST", "PUT") else None
        assert api(method, path, body, token=MEMBER).status == 403


def test_a_deleted_type_takes_its_encryption_with_it(api: Client, url: str) -> None:
    api("POST", url, {"encryption": LUKS})
    assert api("DELETE", url.removesuffix("/encryption")).status == 202
