# SPDX-License-Identifier: Apache-2.0
"""/volumes/{id}/metadata and /volumes/{id}/encryption beyond what test_volumes.py walks."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from cinder_lite.db import volume_metadata, volumes
from cinder_lite.objects import Volume
from tests.unit import rows
from tests.unit.api.client import MEMBER, NOBODY, OTHER_PROJECT, PROJECT, STRANGER, Client


@pytest.fixture
def volume(api: Client) -> Volume:
    """Return a volume with two items of metadata."""
    made = rows.volume(project_id=PROJECT)
    volume_metadata.replace(made.id, {"a": "1", "b": "2"})
    return made


def test_the_metadata_has_an_etag_from_3_15_on(api: Client, volume: Volume) -> None:
    url = f"/volumes/{volume.id}/metadata"
    assert "Etag" not in api("GET", url, version="3.14").headers
    tag = api("GET", url, version="3.15").headers["Etag"]
    text = b'{"metadata": {"a": "1", "b": "2"}}'
    assert tag == hashlib.md5(text, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("form", ["{}", '"{}"', '"x", "{}"', "*"])
@pytest.mark.parametrize(
    ("path", "body"), [("", {"metadata": {"c": "3"}}), ("/a", {"meta": {"a": "9"}})]
)
def test_changes_if_nobody_was_faster(
    api: Client, volume: Volume, form: str, path: str, body: Any
) -> None:
    url = f"/volumes/{volume.id}/metadata"
    seen = {"HTTP_IF_MATCH": form.format(api("GET", url).headers["Etag"])}
    assert api("PUT", url + path, body, environ=seen).status == 200
    if form != "*":
        late = api("PUT", url + path, body, environ=seen)
        assert (late.status, late.raw) == (412, b"")
        assert api("PUT", url + path, body, environ=seen, version="3.14").status == 200


@pytest.mark.parametrize("tag", ['"nosuch"', "nosuch", 'W/"weak"'])
def test_a_change_of_what_has_changed_is_refused(api: Client, volume: Volume, tag: str) -> None:
    url = f"/volumes/{volume.id}/metadata"
    answer = api("PUT", url, {"metadata": {}}, environ={"HTTP_IF_MATCH": tag})
    assert answer.status == 412
    assert volume_metadata.get(volume.id) == {"a": "1", "b": "2"}


@pytest.mark.parametrize("status", ["maintenance", "uploading"])
def test_a_locked_volume_keeps_its_metadata(api: Client, volume: Volume, status: str) -> None:
    url = f"/volumes/{volume.id}/metadata"
    volumes.update(volume.id, {"status": status})
    for method, path, body in (
        ("POST", "", {"metadata": {"c": "3"}}),
        ("PUT", "", {"metadata": {"c": "3"}}),
        ("PUT", "/a", {"meta": {"a": "9"}}),
        ("DELETE", "/a", None),
    ):
        answer = api(method, url + path, body)
        assert answer.status == 400
        assert f"its status is {status}" in answer.sentence
    assert volume_metadata.get(volume.id) == {"a": "1", "b": "2"}


def test_a_change_of_one_item_leaves_the_others_and_the_volume(api: Client, volume: Volume) -> None:
    url = f"/volumes/{volume.id}"
    before = api("GET", url).json["volume"]["updated_at"]
    assert api("PUT", f"{url}/metadata/c", {"meta": {"c": "3"}}, token=MEMBER).status == 200
    assert api("POST", f"{url}/metadata", {"metadata": {"a": "1"}}).json == {
        "metadata": {"a": "1", "b": "2", "c": "3"}
    }
    assert api("GET", url).json["volume"]["updated_at"] == before


def test_of_another_project_nothing_is_seen(api: Client, volume: Volume) -> None:
    url = f"/v3/{OTHER_PROJECT}/volumes/{volume.id}"
    for method, path, body in (
        ("GET", "metadata", None),
        ("GET", "metadata/a", None),
        ("POST", "metadata", {"metadata": {}}),
        ("PUT", "metadata", {"metadata": {}}),
        ("PUT", "metadata/a", {"meta": {"a": "9"}}),
        ("DELETE", "metadata/a", None),
        ("GET", "encryption", None),
    ):
        assert api(method, f"{url}/{path}", body, token=STRANGER).status == 404


# --- encryption ------------------------------------------------------------------------------


def test_a_volume_that_is_not_encrypted(api: Client, volume: Volume) -> None:
    url = f"/volumes/{volume.id}/encryption"
    assert api("GET", url, token=MEMBER, version="3.0").json == {"encryption_key_id": None}
    answer = api("GET", f"{url}/encryption_key_id")
    assert (answer.status, answer.raw) == (200, b"")
    assert api("GET", f"{url}/nosuch").status == 404


def test_a_volume_that_is_encrypted(api: Client) -> None:
    volume = rows.volume(project_id=PROJECT, encryption_key_id=NOBODY)
    url = f"/volumes/{volume.id}/encryption"
    assert api("GET", url).json == {"encryption_key_id": NOBODY}
    answer = api("GET", f"{url}/encryption_key_id")
    assert answer.raw == NOBODY.encode()
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
