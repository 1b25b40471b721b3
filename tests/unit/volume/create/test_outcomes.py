# SPDX-License-Identifier: Apache-2.0
"""How creations end when nobody is killed."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from cinder_lite import exception, notifications, rpc, states
from cinder_lite.db import messages, volume_glance_metadata, volumes
from cinder_lite.objects import Volume, utcnow
from cinder_lite.volume.create.request import CreateRequest
from tests.glance import FakeGlance
from tests.unit.volume.create.world import API, World
from tests.unit.volume.migration.world import WatchedDriver


def test_an_empty_volume(world: World) -> None:
    world.create(CreateRequest(size=1, name="data"))
    [volume] = world.verify()
    assert (volume.status, volume.display_name) == (states.AVAILABLE, "data")
    assert volume.launched_at is not None


def test_a_volume_of_an_image(world: World, glance: FakeGlance) -> None:
    image_id = glance.add(b"boot" * 1000, name="cirros", os_distro="none")
    world.create(CreateRequest(size=1, image_id=image_id))
    [volume] = world.verify()
    assert (volume.status, volume.bootable) == (states.AVAILABLE, True)
    [path] = world.files()
    with path.open("rb") as file:
        assert file.read(4096) == (b"boot" * 1000).ljust(4096, b"\0")
    kept = volume_glance_metadata.get(volume.id)
    assert (kept["image_id"], kept["image_name"], kept["os_distro"]) == (image_id, "cirros", "none")
    assert kept["size"] == "4000"


def test_a_backend_that_fails_sends_the_volume_to_another(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    tried = _fail(world, 1)
    world.create(CreateRequest(size=1))
    [volume] = world.verify()
    [first] = tried
    assert volume.status == states.AVAILABLE
    assert volume.service_host != first
    [told] = messages.listing(world.context, {})
    assert (told.resource_uuid, told.event_id) == (volume.id, "VOLUME_VOLUME_008_103")
    assert f"{first}#file could not make it" in caplog.text
    assert "the array is on fire." in caplog.text


def test_backends_that_fail_all(world: World) -> None:
    tried = _fail(world, 9)
    world.create(CreateRequest(size=1))
    [volume] = world.verify()
    assert volume.status == states.ERROR
    assert len(set(tried)) == len(tried) == 2


def test_what_another_backend_would_not_cure_is_not_tried_again(
    world: World, glance: FakeGlance
) -> None:
    image_id = glance.add(b"boot" * 1000, "qcow2")
    world.create(CreateRequest(size=1, image_id=image_id))
    [volume] = world.verify()
    assert volume.status == states.ERROR
    assert glance.downloads == 1


def test_deleting_what_was_never_whole_gives_nothing_back_twice(world: World) -> None:
    world.create(CreateRequest(size=1))
    _fail(world, 9)
    world.create(CreateRequest(size=1))
    [failed] = [volume for volume in world.verify() if volume.status == states.ERROR]
    with world.acting(API):
        world.api.delete(world.context, failed)
    world.idle()
    [whole] = world.verify()
    assert whole.status == states.AVAILABLE


def test_whoever_listens_hears_of_the_deletion_of_what_was_never_whole(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    monkeypatch.setattr(rpc, "notifications_enabled", lambda: True)
    monkeypatch.setattr(
        notifications, "send", lambda _context, event, _payload, **_: heard.append(event)
    )
    _fail(world, 9)
    world.create(CreateRequest(size=1))
    [failed] = world.verify()
    heard.clear()
    with world.acting(API):
        world.api.delete(world.context, failed)
    world.idle()
    assert heard == ["volume.delete.start", "volume.delete.end"]


@pytest.mark.parametrize("fails", [False, True])
def test_who_comes_too_late_leaves_a_finished_volume_alone(world: World, fails: bool) -> None:
    def create(driver: Any, volume: Volume) -> None:
        real(driver, volume)
        whole = {"status": states.AVAILABLE, "launched_at": utcnow()}
        volumes.update(volume.id, whole)
        if fails:
            raise exception.VolumeBackendAPIException(data="the array is on fire.")

    real = WatchedDriver.create_volume
    for manager in (world.managers["one"], world.managers["two"]):
        driver = manager.backend.driver
        driver.create_volume = functools.partial(create, driver)
    world.create(CreateRequest(size=1))
    [volume] = world.verify()
    assert volume.status == states.AVAILABLE
    [path] = world.files()
    assert path.name == volume.name


def _fail(world: World, times: int) -> list[str]:
    """Let the next creations of data fail; return the list of the backends that are asked."""
    tried: list[str] = []

    def create(driver: Any, volume: Volume) -> None:
        if len(tried) < times:
            tried.append(driver.host)
            raise exception.VolumeBackendAPIException(data="the array is on fire.")
        real(driver, volume)

    real = WatchedDriver.create_volume
    for manager in (world.managers["one"], world.managers["two"]):
        driver = manager.backend.driver
        driver.create_volume = functools.partial(create, driver)
    return tried
