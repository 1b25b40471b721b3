# SPDX-License-Identifier: Apache-2.0
"""Volumes uploaded to images, and images written over volumes."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
from typing import Any

import pytest
import sqlalchemy as sa

from cinder_lite import states
from cinder_lite.compute import nova
from cinder_lite.db import engine, messages, models, volume_glance_metadata, volumes
from cinder_lite.objects import Volume
from cinder_lite.volume.create.request import CreateRequest
from tests.glance import FakeGlance
from tests.unit import rows
from tests.unit.volume.create.world import World, live

MIB = 1024**2

needs_qemu = pytest.mark.skipif(shutil.which("qemu-img") is None, reason="needs qemu-img")


@pytest.fixture
def volume(world: World, glance: FakeGlance) -> Volume:
    """A volume of an image."""
    world.create(CreateRequest(size=1, image_id=glance.add(b"boot" * 1000, os_type="linux")))
    [made] = world.verify()
    return made


def _begin(volume: Volume, status: str) -> None:
    volumes.update(volume.id, {"status": status, "previous_status": volume.status})


def _send(world: World, method: str, volume: Volume, image: dict[str, Any]) -> None:
    """Have the volume's service do something, now."""
    host = volume.service_host.partition("@")[0]
    world.handle(host, method, {"volume_id": volume.id, "image_meta": image})


def _registered(glance: FakeGlance, disk_format: str = "raw") -> dict[str, Any]:
    image_id = glance.add(b"", disk_format, status="queued")
    return glance.images[image_id]


def _restart(world: World, volume: Volume) -> None:
    host = volume.service_host.partition("@")[0]
    world.dead.add(host)
    world.settle()


def _send_to_a_service_that_starts(
    world: World, method: str, volume: Volume, image: dict[str, Any]
) -> None:
    host = volume.service_host.partition("@")[0]
    world.dead.add(host)
    world.post(host, method, {"volume_id": volume.id, "image_meta": image})
    world.start(host)
    world.idle()


# --- upload ----------------------------------------------------------------------------------


def test_an_uploaded_volume_has_its_bytes(world: World, glance: FakeGlance, volume: Volume) -> None:
    image = _registered(glance)
    _begin(volume, states.UPLOADING)
    _send(world, "copy_volume_to_image", volume, image)
    [path] = world.files()
    data = glance.data[image["id"]]
    assert image["size"] == 1024 * MIB
    with path.open("rb") as file:
        assert data[: 8 * MIB] == file.read(8 * MIB)
    assert world.verify()[0].status == states.AVAILABLE


@needs_qemu
def test_an_upload_is_converted(
    world: World, glance: FakeGlance, volume: Volume, tmp_path: pathlib.Path
) -> None:
    image = _registered(glance, "qcow2")
    _begin(volume, states.UPLOADING)
    _send(world, "copy_volume_to_image", volume, image)
    saved = tmp_path / "saved.qcow2"
    saved.write_bytes(glance.data[image["id"]])
    [path] = world.files()
    subprocess.run(["qemu-img", "compare", saved, path], check=True, stdout=subprocess.DEVNULL)
    assert len(glance.data[image["id"]]) < 8 * MIB
    assert not [p for p in (tmp_path / "conversion").rglob("*") if p.is_file()]


@needs_qemu
def test_an_upload_that_fails_leaves_no_image(
    world: World, glance: FakeGlance, volume: Volume
) -> None:
    image = _registered(glance, "qcow2")
    glance.refuse_uploads = True
    _begin(volume, states.UPLOADING)
    _send(world, "copy_volume_to_image", volume, image)
    assert image["id"] not in glance.images
    assert live()[0].status == states.AVAILABLE


def test_an_upload_that_was_interrupted_frees_the_volume(
    world: World, glance: FakeGlance, volume: Volume
) -> None:
    _begin(volume, states.UPLOADING)
    _restart(world, volume)
    assert live()[0].status == states.AVAILABLE


def test_an_upload_whose_message_waits_for_the_service_is_done(
    world: World, glance: FakeGlance, volume: Volume
) -> None:
    image = _registered(glance)
    _begin(volume, states.UPLOADING)
    _send_to_a_service_that_starts(world, "copy_volume_to_image", volume, image)
    assert image["status"] == "active"
    assert world.verify()[0].status == states.AVAILABLE


def test_an_upload_waits_for_whoever_has_the_volume(
    world: World, glance: FakeGlance, volume: Volume
) -> None:
    image = _registered(glance)
    _begin(volume, states.UPLOADING)
    host = volume.service_host.partition("@")[0]
    with world.managers[host].backend.claims(volume.id):
        _send(world, "copy_volume_to_image", volume, image)
        assert image["status"] == "queued"
    assert image["status"] == "active"
    assert live()[0].status == states.AVAILABLE


# --- reimage ---------------------------------------------------------------------------------


def test_an_image_is_written_over_a_volume(
    world: World, glance: FakeGlance, volume: Volume
) -> None:
    new = glance.add(b"new!" * 10 + bytes(MIB), name="new")
    _begin(volume, states.DOWNLOADING)
    _send(world, "reimage", volume, glance.images[new])
    [path] = world.files()
    with path.open("rb") as file:
        assert file.read(8000) == (b"new!" * 10).ljust(8000, b"\0"), "old data shows through"
    [after] = world.verify()
    assert (after.status, after.bootable) == (states.AVAILABLE, True)
    kept = volume_glance_metadata.get(volume.id)
    assert (kept["image_name"], kept.get("os_type")) == ("new", None)


def test_an_image_that_is_refused_leaves_the_volume_in_error(
    world: World, glance: FakeGlance, volume: Volume
) -> None:
    new = glance.add(b"new!" * 10, "qcow2")
    _begin(volume, states.DOWNLOADING)
    _send(world, "reimage", volume, glance.images[new])
    assert live()[0].status == states.ERROR
    [path] = world.files()
    with path.open("rb") as file:
        assert file.read(4) == b"boot", "a refused image must not touch the volume"


def test_reimaging_that_was_interrupted_ends_in_error_and_keeps_the_volume(
    world: World, glance: FakeGlance, volume: Volume
) -> None:
    _begin(volume, states.DOWNLOADING)
    _restart(world, volume)
    assert live()[0].status == states.ERROR
    assert len(world.files()) == 1


def test_reimaging_whose_message_waits_for_the_service_is_done(
    world: World, glance: FakeGlance, volume: Volume
) -> None:
    image = glance.images[glance.add(b"new!" * 10 + bytes(MIB))]
    _begin(volume, states.DOWNLOADING)
    _send_to_a_service_that_starts(world, "reimage", volume, image)
    assert world.verify()[0].status == states.AVAILABLE
    with world.files()[0].open("rb") as file:
        assert file.read(4) == b"new!"


def test_reimaging_waits_for_whoever_has_the_volume(
    world: World, glance: FakeGlance, volume: Volume
) -> None:
    image = glance.images[glance.add(b"new!" * 10 + bytes(MIB))]
    _begin(volume, states.DOWNLOADING)
    host = volume.service_host.partition("@")[0]
    with world.managers[host].backend.claims(volume.id):
        _send(world, "reimage", volume, image)
        assert live()[0].status == states.DOWNLOADING
    assert live()[0].status == states.AVAILABLE


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What Nova is told."""
    heard: list[tuple[Any, ...]] = []

    def tell(_self: Any, _context: Any, servers: Any, volume_id: str, *, succeeded: bool) -> bool:
        heard.append((list(servers), volume_id, succeeded, live()[0].status))
        return not servers[0].startswith("deaf")

    monkeypatch.setattr(nova.API, "reimage_volume", tell)
    return heard


def _reserve(volume: Volume, server: str = "server-1") -> Volume:
    volumes.update(volume.id, {"status": states.RESERVED})
    with engine.transaction() as connection:
        row = {
            "id": rows.new_id(),
            "volume_id": volume.id,
            "instance_uuid": server,
            "attach_status": "reserved",
            "deleted": False,
        }
        connection.execute(sa.insert(models.volume_attachment), row)
    return volume.replace(status=states.RESERVED)


@pytest.mark.parametrize(
    ("disk_format", "succeeded", "status"),
    [("raw", True, states.RESERVED), ("qcow2", False, states.ERROR)],
)
def test_the_server_that_waits_is_told_how_it_ended(
    world: World,
    glance: FakeGlance,
    volume: Volume,
    told: list[tuple[Any, ...]],
    disk_format: str,
    succeeded: bool,
    status: str,
) -> None:
    new = glance.add(b"new!" * 10 + bytes(MIB), disk_format)
    _begin(_reserve(volume), states.DOWNLOADING)
    _send(world, "reimage", volume, glance.images[new])
    assert told == [(["server-1"], volume.id, succeeded, status)]


def test_the_server_is_told_of_a_reimaging_that_was_interrupted(
    world: World, glance: FakeGlance, volume: Volume, told: list[tuple[Any, ...]]
) -> None:
    _begin(_reserve(volume), states.DOWNLOADING)
    _restart(world, volume)
    assert told == [(["server-1"], volume.id, False, states.ERROR)]


def test_nova_hears_only_of_volumes_that_a_server_waits_for(
    world: World, glance: FakeGlance, volume: Volume, told: list[tuple[Any, ...]]
) -> None:
    new = glance.add(b"new!" * 10 + bytes(MIB))
    _begin(volume, states.DOWNLOADING)
    _send(world, "reimage", volume, glance.images[new])
    assert told == []


def test_a_nova_that_was_not_told_is_told_of(
    world: World, glance: FakeGlance, volume: Volume, told: list[tuple[Any, ...]]
) -> None:
    new = glance.add(b"new!" * 10 + bytes(MIB))
    _begin(_reserve(volume, "deaf-server"), states.DOWNLOADING)
    _send(world, "reimage", volume, glance.images[new])
    [left] = messages.listing(world.context, {})
    assert (left.action_id, left.detail_id) == ("016", "028")
    assert live()[0].status == states.RESERVED


def test_a_volume_whose_status_was_reset_keeps_its_data(
    world: World, glance: FakeGlance, volume: Volume
) -> None:
    volumes.update(volume.id, {"status": states.CREATING})
    _restart(world, volume)
    [path] = world.files()
    with path.open("rb") as file:
        assert file.read(4) == b"boot"
