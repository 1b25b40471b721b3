# SPDX-License-Identifier: Apache-2.0
"""Uploads that clone the volume and tell Glance of the clone."""

from __future__ import annotations

from typing import Any

import pytest
from oslo_config import cfg

from cinder_lite import exception, states
from cinder_lite.db import quotas, volume_admin_metadata, volume_metadata, volumes
from cinder_lite.image import identity
from cinder_lite.image.glance import ImageService
from cinder_lite.objects import Volume
from cinder_lite.volume import image_volume
from cinder_lite.volume.create.request import CreateRequest
from tests.glance import FakeGlance
from tests.unit import rows
from tests.unit.conftest import SetOption
from tests.unit.volume.create.world import World, live

CONF = cfg.CONF
DATA = b"boot" * 1000


@pytest.fixture(autouse=True)
def cinder(world: World, option: SetOption) -> None:
    """Upload by cloning."""
    option("image_upload_use_cinder_backend", True, "one_file")
    option("image_upload_use_cinder_backend", True, "two_file")


@pytest.fixture
def volume(world: World, glance: FakeGlance) -> Volume:
    """A volume with data, marked as being uploaded."""
    world.create(CreateRequest(size=1, image_id=glance.add(DATA, os_type="linux")))
    [made] = world.verify()
    glance.requests.clear()
    volumes.update(made.id, {"status": states.UPLOADING, "previous_status": made.status})
    return made


def registered(glance: FakeGlance, disk_format: str = "raw", **fields: Any) -> dict[str, Any]:
    image_id = glance.add(b"", disk_format, status="queued", **fields)
    return glance.images[image_id]


def upload(world: World, volume: Volume, image: dict[str, Any]) -> None:
    host = volume.service_host.partition("@")[0]
    arguments = {"volume_id": volume.id, "image_meta": dict(image)}
    world.handle(host, "copy_volume_to_image", arguments)


def sent(glance: FakeGlance) -> bool:
    """Tell whether Glance was sent data."""
    return any(method == "PUT" for method, _ in glance.requests)


def clones(volume: Volume) -> list[Volume]:
    return [one for one in live() if one.id != volume.id]


def test_the_clone_is_the_images_data(world: World, glance: FakeGlance, volume: Volume) -> None:
    image = registered(glance)
    upload(world, volume, image)
    [clone] = clones(volume)
    assert (image["status"], glance.locations) == ("active", [f"cinder://{clone.id}"])
    assert not sent(glance)
    shown = (clone.project_id, clone.status, clone.display_name, clone.size, clone.bootable)
    assert shown == (rows.PROJECT, states.AVAILABLE, f"image-{image['id']}", 1, True)
    assert volume_metadata.get(clone.id) == {
        "image_owner": rows.PROJECT,
        "glance_image_id": image["id"],
    }
    assert volume_admin_metadata.get(clone.id)["readonly"] == "True"
    folder = world.folder(clone.service_host.partition("@")[0])
    with (folder / clone.name).open("rb") as file:
        assert file.read(len(DATA)) == DATA
    assert quotas.usages(rows.PROJECT)["volumes"][1] == 2
    assert {one.status for one in live()} == {states.AVAILABLE}


def test_a_volume_of_that_image_is_cloned_of_the_clone(
    world: World, glance: FakeGlance, volume: Volume, option: SetOption
) -> None:
    option("allowed_direct_url_schemes", ["cinder"])
    image = registered(glance, owner=rows.PROJECT)
    upload(world, volume, image)
    world.dead.add("two" if volume.service_host.startswith("one") else "one")
    world.create(CreateRequest(size=1, image_id=image["id"]))
    assert len(clones(volume)) == 2
    assert glance.downloads == 0


def test_the_internal_project_may_have_it(
    world: World, glance: FakeGlance, volume: Volume, option: SetOption
) -> None:
    for section in ("one_file", "two_file"):
        option("image_upload_use_internal_tenant", True, section)
    option("cinder_internal_tenant_project_id", "internal")
    option("cinder_internal_tenant_user_id", "nobody")
    upload(world, volume, registered(glance))
    [clone] = clones(volume)
    assert (clone.project_id, clone.user_id) == ("internal", "nobody")
    assert volume_metadata.get(clone.id)["image_owner"] == rows.PROJECT
    assert quotas.usages(rows.PROJECT)["volumes"][1] == 1


def check_sent(world: World, glance: FakeGlance, volume: Volume, image: dict[str, Any]) -> None:
    upload(world, volume, image)
    assert sent(glance)
    assert image["status"] == "active"
    assert clones(volume) == []
    assert len(world.files()) == 1
    assert quotas.usages(rows.PROJECT)["volumes"][1] == 1


def test_only_bare_raw_images_are_volumes(world: World, glance: FakeGlance, volume: Volume) -> None:
    check_sent(world, glance, volume, registered(glance, container_format="ovf"))


@pytest.mark.parametrize("status", [400, 403, 409])
def test_a_location_that_is_refused(
    world: World, glance: FakeGlance, volume: Volume, status: int
) -> None:
    glance.refuse_locations = status
    check_sent(world, glance, volume, registered(glance))


def test_a_quota_that_is_used_up(
    world: World, glance: FakeGlance, volume: Volume, option: SetOption
) -> None:
    option("quota_volumes", 1)
    check_sent(world, glance, volume, registered(glance))


def test_a_driver_that_can_not_clone(
    world: World, glance: FakeGlance, volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any) -> None:
        raise NotImplementedError

    for name in ("one", "two"):
        driver: Any = world.managers[name].backend.driver
        monkeypatch.setattr(driver, "create_cloned_volume", refuse)
    check_sent(world, glance, volume, registered(glance))


def test_an_image_that_was_deleted_meanwhile(
    world: World, glance: FakeGlance, volume: Volume
) -> None:
    image = registered(glance)
    del glance.images[image["id"]]
    upload(world, volume, image)
    assert clones(volume) == []
    assert [one.status for one in live()] == [states.AVAILABLE]


def test_a_clone_that_glance_may_have_stays(
    world: World, glance: FakeGlance, volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: Any) -> None:
        raise exception.GlanceConnectionFailed(reason="the line is cut.")

    monkeypatch.setattr(ImageService, "add_location", lost)
    monkeypatch.setattr(ImageService, "show", lost)
    upload(world, volume, registered(glance))
    [clone] = clones(volume)
    assert clone.status == states.AVAILABLE
    assert not sent(glance)


def test_glance_looks_at_it_for_a_while(
    world: World, glance: FakeGlance, volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = iter([{"status": "queued", "os_glance_import_task": "t"}, {"status": "importing"}])
    pauses: list[float] = []
    monkeypatch.setattr(ImageService, "show", lambda *_: next(shown, {"status": "active"}))
    monkeypatch.setattr(image_volume.time, "sleep", pauses.append)
    upload(world, volume, registered(glance))
    assert pauses == [0.1, 0.2]
    assert len(clones(volume)) == 1


def test_a_place_that_glance_finds_empty(
    world: World, glance: FakeGlance, volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageService, "add_location", lambda *_: None)
    check_sent(world, glance, volume, registered(glance))


@pytest.mark.parametrize("told", [False, True])
def test_an_upload_that_was_interrupted(
    world: World, glance: FakeGlance, volume: Volume, told: bool
) -> None:
    half = rows.volume(
        source_volid=volume.id, display_name="image-x", status=states.CREATING, host=volume.host
    )
    marks = {"image_owner": rows.PROJECT, **({"glance_image_id": "x"} if told else {})}
    volume_metadata.replace(half.id, marks)
    copied = rows.volume(source_volid=volume.id, display_name="image-copy", host=volume.host)
    world.dead.add(volume.service_host.partition("@")[0])
    world.settle()
    left = {one.id for one in live()}
    assert left == {volume.id, copied.id, *([half.id] if told else [])}


class TestAsTheServiceItself:
    """Glance since 2024.2 is told of places by a service's own user."""

    @pytest.fixture(autouse=True)
    def _own(self, volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(identity, "has_user", lambda: True)
        monkeypatch.setattr(identity, "_token", lambda group: f"token of {group}")

    def test_it_tells(self, world: World, glance: FakeGlance, volume: Volume) -> None:
        upload(world, volume, registered(glance))
        assert len(clones(volume)) == 1
        assert [m for m, path in glance.requests if path.endswith("/locations")] == ["POST"]
        assert "token of glance" in glance.tokens

    def test_an_old_glance_is_told_by_the_user(
        self, world: World, glance: FakeGlance, volume: Volume
    ) -> None:
        glance.old = True
        upload(world, volume, registered(glance))
        assert len(clones(volume)) == 1
        assert "PATCH" in [method for method, _ in glance.requests]
