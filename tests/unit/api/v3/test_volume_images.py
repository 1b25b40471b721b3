# SPDX-License-Identifier: Apache-2.0
"""Volumes of images through the API, and the actions between volumes and images."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from cinder_lite import context as request_context
from cinder_lite import states
from cinder_lite.db import volume_glance_metadata, volumes
from cinder_lite.image import glance as glance_client
from tests import glance as fakes
from tests.unit import rows
from tests.unit.api.client import PROJECT, Client
from tests.unit.api.conftest import Peers
from tests.unit.conftest import SetOption

GIB = 1024**3


@pytest.fixture
def glance(
    option: SetOption, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[fakes.FakeGlance]:
    """Run a stand-in for Glance."""
    monkeypatch.setattr(glance_client, "RETRY_SECONDS", 0.0)
    with fakes.running() as running:
        option("glance_api_servers", [running.url])
        yield running
    glance_client._client.cache_clear()


def _create(api: Client, **volume: Any) -> Any:
    return api("POST", "/volumes", {"volume": {"size": 1, **volume}})


def _volume(**values: Any) -> str:
    return rows.volume(project_id=PROJECT, **values).id


def _act(api: Client, volume_id: str, name: str, content: Any, **more: Any) -> Any:
    return api("POST", f"/volumes/{volume_id}/action", {name: content}, **more)


def _status(volume_id: str) -> str | None:
    return volumes.get(request_context.admin_context(), volume_id).status


# --- creating --------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["imageRef", "image_id"])
@pytest.mark.parametrize("form", ["{}", "http://glance/v2/images/{}"])
def test_create(api: Client, peers: Peers, glance: fakes.FakeGlance, key: str, form: str) -> None:
    image_id = glance.add(b"x", name="cirros", os_type="linux", owner="me", tags=["a"])
    answer = _create(api, **{key: form.format(image_id)})
    assert answer.status == 202
    volume_id = answer.json["volume"]["id"]
    assert volume_glance_metadata.get(volume_id) == {
        "image_id": image_id,
        "image_name": "cirros",
        "os_type": "linux",
        "checksum": glance.images[image_id]["checksum"],
        "container_format": "bare",
        "disk_format": "raw",
        "min_disk": "0",
        "min_ram": "0",
        "size": "1",
    }
    [cast] = peers.scheduler.calls
    assert cast[2]["image_id"] == image_id


def test_by_name(api: Client, glance: fakes.FakeGlance) -> None:
    glance.add(b"x", name="one")
    glance.add(b"x", name="two")
    glance.add(b"x", name="two")
    assert _create(api, imageRef="one").status == 202
    assert _create(api, imageRef="two").status == 409
    answer = _create(api, imageRef="three")
    assert answer.status == 400
    assert "Invalid image identifier" in answer.sentence


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"status": "queued"}, "is not active"),
        ({"size": 2 * GIB}, "Size of specified image 2GB is larger than volume size 1GB"),
        ({"min_disk": 3}, "smaller than the image minDisk size 3GB"),
        ({"virtual_size": 4 * GIB}, "Image virtual size is 4GB"),
    ],
)
def test_create_refuses(
    api: Client, glance: fakes.FakeGlance, fields: dict[str, Any], sentence: str
) -> None:
    answer = _create(api, imageRef=glance.add(b"x", **fields))
    assert answer.status == 400
    assert sentence in answer.sentence
    assert api("GET", "/volumes").json == {"volumes": []}


def test_two_sources(api: Client, glance: fakes.FakeGlance) -> None:
    answer = _create(api, imageRef=glance.add(b"x"), source_volid=_volume())
    assert answer.status == 400
    assert "imageRef and source_volume are given" in answer.sentence


# --- metadata --------------------------------------------------------------------------------


def test_metadata_is_shown_and_changed(api: Client) -> None:
    volume_id, other = _volume(), _volume()
    show = ("os-show_image_metadata", None)
    assert _act(api, volume_id, *show).status == 404
    answer = _act(api, volume_id, "os-set_image_metadata", {"metadata": {"a": "1", "b": "2"}})
    assert (answer.status, answer.json) == (200, {"metadata": {"a": "1", "b": "2"}})
    _act(api, volume_id, "os-set_image_metadata", {"metadata": {"b": "3"}})
    assert _act(api, volume_id, *show).json == {"metadata": {"a": "1", "b": "3"}}
    shown = api("GET", f"/volumes/{volume_id}").json["volume"]
    assert shown["volume_image_metadata"] == {"a": "1", "b": "3"}
    listed = {v["id"]: v for v in api("GET", "/volumes/detail").json["volumes"]}
    assert listed[volume_id]["volume_image_metadata"] == {"a": "1", "b": "3"}
    assert "volume_image_metadata" not in listed[other]
    found = api("GET", "/volumes?glance_metadata={'a':'1'}", version="3.4").json["volumes"]
    assert [v["id"] for v in found] == [volume_id]
    assert _act(api, volume_id, "os-unset_image_metadata", {"key": "a"}).status == 200
    assert _act(api, volume_id, "os-unset_image_metadata", {"key": "a"}).status == 404
    assert volume_glance_metadata.get(volume_id) == {"b": "3"}


def test_metadata_of_a_locked_volume_stays(api: Client) -> None:
    volume_id = _volume(status=states.UPLOADING)
    answer = _act(api, volume_id, "os-set_image_metadata", {"metadata": {"a": "1"}})
    assert answer.status == 400
    assert "uploading" in answer.sentence


def test_bootable(api: Client) -> None:
    volume_id = _volume()
    assert _act(api, volume_id, "os-set_bootable", {"bootable": "True"}).status == 200
    assert api("GET", f"/volumes/{volume_id}").json["volume"]["bootable"] == "true"
    assert _act(api, volume_id, "os-set_bootable", {"bootable": False}).status == 200
    assert api("GET", f"/volumes/{volume_id}").json["volume"]["bootable"] == "false"
    assert _act(api, volume_id, "os-set_bootable", {"bootable": "so"}).status == 400


# --- upload ----------------------------------------------------------------------------------


def test_upload(api: Client, peers: Peers, glance: fakes.FakeGlance) -> None:
    volume_id = _volume()
    volume_glance_metadata.update(volume_id, {"os_type": "linux", "checksum": "x"})
    asked = {"image_name": "copy", "disk_format": "qcow2", "container_format": "bare"}
    answer = _act(api, volume_id, "os-volume_upload_image", asked, version="3.1")
    assert answer.status == 202
    made = answer.json["os-volume_upload_image"]
    assert (made["status"], made["image_name"], made["disk_format"]) == (
        "uploading",
        "copy",
        "qcow2",
    )
    assert (made["visibility"], made["protected"]) == ("private", False)
    assert glance.images[made["image_id"]]["os_type"] == "linux"
    assert "checksum" not in glance.images[made["image_id"]]
    [cast] = peers.volume.calls
    assert cast[0] == "copy_volume_to_image"
    assert _status(volume_id) == states.UPLOADING


def test_upload_tells_a_member_no_more_of_the_type_than_other_answers(
    api: Client, glance: fakes.FakeGlance
) -> None:
    made = {"name": "gold", "extra_specs": {"volume_backend_name": "ssd", "multiattach": "x"}}
    kind = api("POST", "/types", {"volume_type": made}).json["volume_type"]["id"]
    seen = []
    for token in (f"bob:{PROJECT}", f"admin:{PROJECT}"):
        asked = {"image_name": "copy"}
        answer = _act(
            api, _volume(volume_type_id=kind), "os-volume_upload_image", asked, token=token
        )
        shown = answer.json["os-volume_upload_image"]["volume_type"]
        assert (shown["id"], shown["name"]) == (kind, "gold")
        seen.append((shown["extra_specs"], "qos_specs_id" in shown))
    assert seen == [({"multiattach": "x"}, False), (made["extra_specs"], True)]


def test_upload_refused(api: Client, glance: fakes.FakeGlance, option: SetOption) -> None:
    volume_id = _volume(status=states.IN_USE)
    asked: dict[str, Any] = {"image_name": "copy", "force": True}
    answer = _act(api, volume_id, "os-volume_upload_image", asked)
    assert answer.status == 400
    assert "must be available, but is in-use" in answer.sentence
    option("enable_force_upload", True)
    assert _act(api, volume_id, "os-volume_upload_image", asked).status == 202
    assert _act(api, volume_id, "os-volume_upload_image", {}).status == 400


def test_an_upload_that_glance_refuses_leaves_the_volume_free(
    api: Client, glance: fakes.FakeGlance
) -> None:
    volume_id = _volume()
    glance.failing = 9
    answer = _act(api, volume_id, "os-volume_upload_image", {"image_name": "copy"})
    assert answer.status == 503
    assert "Connection to glance failed" in answer.sentence
    assert _status(volume_id) == states.AVAILABLE


def test_a_member_makes_no_public_image(api: Client, glance: fakes.FakeGlance) -> None:
    volume_id = _volume()
    asked = {"image_name": "copy", "visibility": "public"}
    answer = _act(
        api, volume_id, "os-volume_upload_image", asked, token=f"bob:{PROJECT}", version="3.1"
    )
    assert answer.status == 403


# --- reimage ---------------------------------------------------------------------------------


def test_reimage(api: Client, peers: Peers, glance: fakes.FakeGlance) -> None:
    volume_id, image_id = _volume(), glance.add(b"x")
    asked = {"image_id": image_id}
    assert _act(api, volume_id, "os-reimage", asked, version="3.67").status == 404
    assert _act(api, volume_id, "os-reimage", asked, version="3.68").status == 202
    assert _status(volume_id) == states.DOWNLOADING
    [cast] = peers.volume.calls
    assert cast[0] == "reimage"
    assert _act(api, volume_id, "os-reimage", asked, version="3.68").status == 400


def test_reimage_with_what_does_not_fit(api: Client, glance: fakes.FakeGlance) -> None:
    volume_id = _volume()
    asked = {"image_id": glance.add(b"x", min_disk=9)}
    assert _act(api, volume_id, "os-reimage", asked, version="3.68").status == 400
    assert _status(volume_id) == states.AVAILABLE
    asked = {"image_id": rows.new_id()}
    assert _act(api, volume_id, "os-reimage", asked, version="3.68").status == 404
    assert _status(volume_id) == states.AVAILABLE


def test_reimage_where_there_is_no_image_service(api: Client) -> None:
    volume_id = _volume()
    asked = {"image_id": rows.new_id()}
    answer = _act(api, volume_id, "os-reimage", asked, version="3.68")
    assert answer.status == 503
    assert "glance_api_servers names no server" in answer.sentence
    assert _status(volume_id) == states.AVAILABLE


def test_a_reserved_volume_is_reimaged_only_on_purpose(
    api: Client, glance: fakes.FakeGlance
) -> None:
    volume_id = _volume(status=states.RESERVED)
    asked: dict[str, Any] = {"image_id": glance.add(b"x")}
    assert _act(api, volume_id, "os-reimage", asked, version="3.68").status == 400
    asked["reimage_reserved"] = True
    assert _act(api, volume_id, "os-reimage", asked, version="3.68").status == 202
