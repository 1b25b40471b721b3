# SPDX-License-Identifier: Apache-2.0
"""Volumes cloned of the volume that holds their image."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from cinder_lite import exception, states
from cinder_lite.db import volume_metadata, volumes
from cinder_lite.objects import Volume
from cinder_lite.volume import lifecycle
from tests.glance import FakeGlance
from tests.unit import rows
from tests.unit.conftest import SetOption
from tests.unit.volume.create.world import World, live

DATA, OTHER = b"kept" * 1000, b"sent" * 1000


@pytest.fixture(autouse=True)
def cinder(option: SetOption) -> None:
    """Let volumes be cloned."""
    option("allowed_direct_url_schemes", ["cinder"])


@pytest.fixture
def holder(world: World) -> Volume:
    """A volume of the first backend that holds an image."""
    made = rows.volume(project_id="store", use_quota=False)
    volume_metadata.replace(made.id, {"image_owner": rows.PROJECT})
    with (world.folder("one") / made.name).open("wb") as file:
        file.write(DATA)
        file.truncate(rows.GIB)
    return made


def image_of(glance: FakeGlance, holder: Volume, **fields: Any) -> str:
    """Add an image that Glance would send otherwise than the volume has it, to tell the two."""
    url = f"cinder://{holder.id}"
    place: dict[str, Any] = {"direct_url": url, "locations": [{"url": url, "metadata": {}}]}
    return glance.add(OTHER, **{"owner": rows.PROJECT, **place, **fields})


def create(world: World, image_id: str, size: int = 1, **values: Any) -> Volume:
    """Have the first backend make a volume of an image."""
    row = rows.volume(status=states.CREATING, size=size, **values)
    backend: Any = world.managers["one"].backend
    lifecycle.create(backend, world.context, row.id, {"image_id": image_id})
    return next(volume for volume in live() if volume.id == row.id)


def data(world: World, volume: Volume) -> bytes:
    with (world.folder("one") / volume.name).open("rb") as file:
        return file.read(len(DATA))


def test_glance_sends_nothing(world: World, glance: FakeGlance, holder: Volume) -> None:
    made = create(world, image_of(glance, holder), 2)
    assert (made.status, made.bootable) == (states.AVAILABLE, True)
    assert data(world, made) == DATA
    assert (world.folder("one") / made.name).stat().st_size == 2 * rows.GIB
    assert glance.downloads == 0


def test_many_at_once_send_nothing(world: World, glance: FakeGlance, holder: Volume) -> None:
    image_id = image_of(glance, holder)
    made = [create(world, image_id) for _ in range(3)]
    assert [data(world, one) for one in made] == [DATA] * 3
    assert glance.downloads == 0


def test_a_volume_in_the_images_project_needs_no_mark(world: World, glance: FakeGlance) -> None:
    own = rows.volume()
    (world.folder("one") / own.name).write_bytes(DATA.ljust(rows.GIB // 1024, b"\0"))
    made = create(world, image_of(glance, own))
    assert data(world, made) == DATA
    assert glance.downloads == 0


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ({"owner": "thief"}, "it is not the image's owner's."),
        ({"owner": None}, "it is not the image's owner's."),
        ({"container_format": "ovf"}, "not bare/raw"),
        ({"direct_url": None, "locations": []}, None),
    ],
)
def test_what_is_not_cloned_is_downloaded(
    world: World,
    glance: FakeGlance,
    holder: Volume,
    caplog: pytest.LogCaptureFixture,
    image: dict[str, Any],
    reason: str | None,
) -> None:
    caplog.set_level(logging.DEBUG, "cinder_lite.volume.create.image_location")
    made = create(world, image_of(glance, holder, **image))
    assert (made.status, data(world, made)) == (states.AVAILABLE, OTHER)
    assert glance.downloads == 1
    assert reason is None or reason in caplog.text


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"host": "two@file#file"}, "it is on two@file#file."),
        ({"status": states.ERROR}, "its status is error."),
        ({"migration_status": states.MIGRATION_MIGRATING}, "it is moving."),
        ({"size": 2}, "it has 2 GiB, and the volume is to have 1."),
        ({"encryption_key_id": "k"}, "it is encrypted."),
        ({"deleted": True}, "there is no such volume."),
    ],
)
def test_a_holder_that_must_not_be_cloned(
    world: World,
    glance: FakeGlance,
    holder: Volume,
    caplog: pytest.LogCaptureFixture,
    values: dict[str, Any],
    reason: str,
) -> None:
    caplog.set_level(logging.DEBUG, "cinder_lite.volume.create.image_location")
    volumes.update(holder.id, values)
    made = create(world, image_of(glance, holder))
    assert (made.status, data(world, made)) == (states.AVAILABLE, OTHER)
    assert reason in caplog.text


def test_a_scheme_that_is_not_allowed(
    world: World, glance: FakeGlance, holder: Volume, option: SetOption
) -> None:
    option("allowed_direct_url_schemes", ["file"])
    assert data(world, create(world, image_of(glance, holder))) == OTHER


def test_a_clone_that_fails_is_downloaded(
    world: World, glance: FakeGlance, holder: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any) -> None:
        raise exception.VolumeBackendAPIException(data="the storage is tired.")

    driver: Any = world.managers["one"].backend.driver
    monkeypatch.setattr(driver, "create_cloned_volume", refuse)
    made = create(world, image_of(glance, holder))
    assert (made.status, data(world, made)) == (states.AVAILABLE, OTHER)


def test_an_image_that_does_not_fit_is_refused(
    world: World, glance: FakeGlance, holder: Volume
) -> None:
    made = create(world, image_of(glance, holder, min_disk=2))
    assert made.status == states.ERROR
    assert not (world.folder("one") / made.name).exists()
