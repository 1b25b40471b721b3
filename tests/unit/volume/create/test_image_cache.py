# SPDX-License-Identifier: Apache-2.0
"""The image volume cache of a backend."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.objects import Volume
from cinder_lite.volume import image_volume, lifecycle
from cinder_lite.volume.create import image_cache
from tests.glance import FakeGlance
from tests.unit import rows
from tests.unit.conftest import SetOption
from tests.unit.volume.create.world import World, live

OWNER = "internal"
DATA = b"boot" * 1000


@pytest.fixture(autouse=True)
def cache(world: World, option: SetOption) -> None:
    """Switch the cache on."""
    option("cinder_internal_tenant_project_id", OWNER)
    option("image_volume_cache_enabled", True, "one_file")


def _create(world: World, image_id: str, size: int = 1) -> Volume:
    """Have the first backend make a volume of an image."""
    row = rows.volume(status=states.CREATING, size=size)
    backend: Any = world.managers["one"].backend
    lifecycle.create(backend, world.context, row.id, {"image_id": image_id})
    return next(volume for volume in live() if volume.id == row.id)


def _cached() -> list[Volume]:
    return [volume for volume in live() if volume.project_id == OWNER]


def _data(world: World, volume: Volume) -> bytes:
    with (world.folder("one") / volume.name).open("rb") as file:
        return file.read(len(DATA))


def test_an_image_is_read_once(world: World, glance: FakeGlance) -> None:
    image_id = glance.add(DATA, updated_at="now")
    first, second = _create(world, image_id), _create(world, image_id, 2)
    assert (first.status, second.status) == (states.AVAILABLE, states.AVAILABLE)
    assert first.bootable and second.bootable
    assert _data(world, first) == _data(world, second) == DATA
    assert (world.folder("one") / second.name).stat().st_size == 2 * rows.GIB
    assert glance.downloads == 1
    [kept] = _cached()
    assert (kept.use_quota, kept.status, kept.size) == (False, states.AVAILABLE, 1)


def test_volumes_made_at_once_wait_for_it(world: World, glance: FakeGlance) -> None:
    image_id = glance.add(DATA, updated_at="now")
    threads = [threading.Thread(target=_create, args=(world, image_id)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    made = [volume for volume in live() if volume.project_id == rows.PROJECT]
    assert [volume.status for volume in made] == [states.AVAILABLE] * 4
    assert glance.downloads == 1


def test_an_image_that_has_changed_is_read_again(world: World, glance: FakeGlance) -> None:
    image_id = glance.add(DATA, updated_at="then")
    _create(world, image_id)
    glance.images[image_id]["updated_at"] = "now"
    _create(world, image_id)
    assert glance.downloads == 2
    assert [volume.display_description for volume in _cached()] == ["now"]


def test_what_was_used_least_recently_makes_room(
    world: World, glance: FakeGlance, option: SetOption
) -> None:
    option("image_volume_cache_max_count", 2, "one_file")
    images = [glance.add(DATA) for _ in range(3)]
    _create(world, images[0])
    _create(world, images[1])
    _create(world, images[0])
    _create(world, images[2])
    assert {v.display_name for v in _cached()} == {f"image-{images[0]}", f"image-{images[2]}"}


def test_what_is_being_cloned_is_not_removed(
    world: World, glance: FakeGlance, option: SetOption, monkeypatch: pytest.MonkeyPatch
) -> None:
    option("image_volume_cache_max_count", 1, "one_file")
    first, second = glance.add(DATA), glance.add(DATA)
    _create(world, first)
    [kept] = _cached()
    driver: Any = world.managers["one"].backend.driver
    clone = driver.create_cloned_volume
    evictions = []

    def slow(volume: Volume, source: Volume, *more: Any) -> Any:
        if source.id == kept.id:
            evictions.append(threading.Thread(target=_create, args=(world, second)))
            evictions[0].start()
            evictions[0].join(0.5)
            assert (world.folder("one") / kept.name).exists()
        return clone(volume, source, *more)

    monkeypatch.setattr(driver, "create_cloned_volume", slow)
    made = _create(world, first)
    evictions[0].join(30)
    assert (made.status, _data(world, made)) == (states.AVAILABLE, DATA)
    assert [volume.display_name for volume in _cached()] == [f"image-{second}"]


def test_what_was_removed_before_it_is_cloned_is_read_again(
    world: World, glance: FakeGlance, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = glance.add(DATA)
    _create(world, image_id)
    find = image_cache._find

    def evicted(backend: Any, image: Any) -> Volume | None:
        found = find(backend, image)
        assert found is not None
        image_volume.remove(backend, found)
        return found

    monkeypatch.setattr(image_cache, "_find", evicted)
    made = _create(world, image_id)
    assert (made.status, _data(world, made)) == (states.AVAILABLE, DATA)
    assert glance.downloads == 2


def test_what_is_too_large_is_not_kept(world: World, glance: FakeGlance, option: SetOption) -> None:
    option("image_volume_cache_max_size_gb", 1, "one_file")
    made = _create(world, glance.add(DATA, virtual_size=2 * rows.GIB), 2)
    assert made.status == states.AVAILABLE
    assert _cached() == []


def test_a_refused_image_leaves_nothing(world: World, glance: FakeGlance) -> None:
    made = _create(world, glance.add(DATA, "qcow2"))
    assert made.status == states.ERROR
    assert _cached() == []
    assert world.files() == []


def test_a_driver_that_can_not_clone_copies(
    world: World, glance: FakeGlance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any) -> None:
        raise NotImplementedError

    driver: Any = world.managers["one"].backend.driver
    monkeypatch.setattr(driver, "create_cloned_volume", refuse)
    made = _create(world, glance.add(DATA))
    assert (made.status, _data(world, made)) == (states.AVAILABLE, DATA)


def test_a_killed_maker_is_tidied_up_after(
    world: World, glance: FakeGlance, admin: RequestContext
) -> None:
    image_id = glance.add(DATA)
    world.failures["connect"] = exception.VolumeBackendAPIException(data="no path.")
    world.victims, world.kill_at = frozenset({"one"}), 6
    with world.acting("one"):
        try:
            _create(world, image_id)
        except BaseException as killed:
            assert type(killed).__name__ == "Killed"
    world.failures.clear()
    world.settle()
    for volume in live():
        assert volume.status in (states.AVAILABLE, states.ERROR)
        exists = (world.folder("one") / volume.name).exists()
        assert exists is (volume.status == states.AVAILABLE)
