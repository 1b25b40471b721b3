# SPDX-License-Identifier: Apache-2.0
"""Encrypted volumes made of images, and images of them."""

from __future__ import annotations

import os
import pathlib
import shutil
from typing import Any

import pytest

from cinder_lite import states
from cinder_lite.db import messages, type_encryption, volumes
from cinder_lite.objects import Volume, VolumeType
from cinder_lite.volume import encryptors, image_encryption
from cinder_lite.volume.copy import copy_volume
from cinder_lite.volume.create.request import CreateRequest
from tests.glance import FakeGlance
from tests.unit import crypt, rows
from tests.unit.conftest import SetOption
from tests.unit.image.test_luks import AES, plain_of
from tests.unit.keys import Keys
from tests.unit.volume.create.world import World, live

MIB = 1024**2
IMAGE = os.urandom(3 * MIB)

pytestmark = pytest.mark.skipif(shutil.which("qemu-img") is None, reason="needs qemu-img")


def encrypted_type(provider: str) -> VolumeType:
    """Make a type whose volumes are encrypted."""
    made = rows.volume_type(provider)
    values = {**AES, "provider": provider, "control_location": "front-end"}
    type_encryption.create(made.id, values)
    return made


@pytest.fixture
def luks(world: World, keys: Keys) -> VolumeType:
    """The first version of LUKS."""
    return encrypted_type("luks")


def create(world: World, kind: VolumeType, image_id: str) -> Volume:
    """Make a volume of an image."""
    world.create(CreateRequest(size=1, volume_type=kind, image_id=image_id))
    [volume] = world.verify()
    return volume


def path_of(world: World, volume: Volume) -> pathlib.Path:
    """Return where a volume's data is."""
    return world.folder(volume.service_host.partition("@")[0]) / volume.name


def send(world: World, method: str, volume: Volume, status: str, image: Any) -> None:
    """Have the volume's service do something with an image, now."""
    volumes.update(volume.id, {"status": status, "previous_status": volume.status})
    host = volume.service_host.partition("@")[0]
    world.handle(host, method, {"volume_id": volume.id, "image_meta": image})


def nothing_but_volumes(world: World) -> bool:
    """Tell whether neither an image's file nor a key is left on this node."""
    return not [p for p in world.directory.rglob("image-*") if p.is_dir()] and not list(
        world.directory.rglob("*.key")
    )


def test_a_file_holds_the_image_enciphered(
    world: World, keys: Keys, luks: VolumeType, glance: FakeGlance, tmp_path: pathlib.Path
) -> None:
    volume = create(world, luks, glance.add(IMAGE))
    assert (volume.status, volume.bootable) == (states.AVAILABLE, True)
    path = path_of(world, volume)
    assert path.stat().st_size == rows.GIB
    with path.open("rb") as file:
        start = file.read(8 * MIB)
    assert start.startswith(crypt.MAGIC)
    assert IMAGE[:4096] not in start
    (tmp_path / "out").mkdir()
    start_of_it = tmp_path / "out" / "start"
    start_of_it.write_bytes(start)
    plain = plain_of(start_of_it, keys.secret(volume.encryption_key_id))
    assert plain.startswith(IMAGE)
    assert nothing_but_volumes(world)


def test_what_is_encrypted_is_copied_as_it_is(
    world: World, keys: Keys, luks: VolumeType, glance: FakeGlance
) -> None:
    key_id = keys.create_key(keys.service, "aes", 256)
    volume = create(world, luks, glance.add(IMAGE, cinder_encryption_key_id=key_id))
    with path_of(world, volume).open("rb") as file:
        assert file.read(len(IMAGE)) == IMAGE
    assert keys.secret(volume.encryption_key_id) == keys.secret(key_id)


def test_the_cache_has_no_part_in_it(
    world: World, luks: VolumeType, glance: FakeGlance, option: SetOption
) -> None:
    option("cinder_internal_tenant_project_id", "internal")
    for name in ("one", "two"):
        option("image_volume_cache_enabled", True, f"{name}_file")
    create(world, luks, glance.add(IMAGE, updated_at="now"))
    assert [volume.project_id for volume in live()] == [rows.PROJECT]


def test_a_volume_that_dm_crypt_must_open(
    world: World,
    keys: Keys,
    glance: FakeGlance,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: pathlib.Path,
) -> None:
    dm = crypt.install(monkeypatch, tmp_path / "dm")
    copied: list[dict[str, Any]] = []

    def watched(*args: Any, **options: Any) -> Any:
        copied.append(options)
        return copy_volume(*args, **options)

    monkeypatch.setattr("cinder_lite.volume.backend.copy_volume", watched)
    volume = create(world, encrypted_type("luks2"), glance.add(IMAGE))
    path = path_of(world, volume)
    assert crypt.kind_of(path) == "luks2"
    secret = keys.secret(volume.encryption_key_id)
    assert crypt.plain_of(path, secret, len(IMAGE)) == IMAGE
    assert dm.nothing_open()
    assert not copied[0].get("sparse")


def _in_vain(world: World, kind: VolumeType, image_id: str) -> str:
    """Have a volume made that can not be; return what its user is told."""
    world.create(CreateRequest(size=1, volume_type=kind, image_id=image_id))
    [volume] = world.verify()
    assert volume.status == states.ERROR
    assert nothing_but_volumes(world)
    return str([told.detail_id for told in messages.listing(world.context, {})])


def test_a_node_without_dm_crypt_makes_no_such_volume(
    world: World,
    keys: Keys,
    glance: FakeGlance,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(encryptors, "obstacle", lambda: "the kernel of x has no device-mapper.")
    _in_vain(world, encrypted_type("luks2"), glance.add(IMAGE))
    assert "can not be opened on this node: the kernel of x has no device-mapper." in caplog.text
    assert len(keys.kept) == 1, "the key goes with the volume"


def test_an_image_that_leaves_no_room_for_the_header(
    world: World,
    luks: VolumeType,
    glance: FakeGlance,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(image_encryption, "_GIB", 4 * MIB)
    _in_vain(world, luks, glance.add(IMAGE))
    assert "in an encrypted volume, whose LUKS header takes room" in caplog.text


def test_an_image_is_written_over_an_encrypted_volume(
    world: World, keys: Keys, luks: VolumeType, glance: FakeGlance, tmp_path: pathlib.Path
) -> None:
    volume = create(world, luks, glance.add(b"old" * 1000))
    image_id = glance.add(IMAGE)
    send(world, "reimage", volume, states.DOWNLOADING, glance.images[image_id])
    after = volumes.get(world.context, volume.id)
    assert (after.status, after.encryption_key_id) == ("available", volume.encryption_key_id)
    with path_of(world, volume).open("rb") as file:
        start = file.read(8 * MIB)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "start").write_bytes(start)
    secret = keys.secret(volume.encryption_key_id)
    assert plain_of(tmp_path / "out" / "start", secret).startswith(IMAGE)


def test_an_image_of_a_volume_holds_what_the_volume_holds(
    world: World, luks: VolumeType, glance: FakeGlance
) -> None:
    volume = create(world, luks, glance.add(IMAGE))
    image_id = glance.add(b"", status="queued")
    send(world, "copy_volume_to_image", volume, states.UPLOADING, glance.images[image_id])
    with path_of(world, volume).open("rb") as file:
        assert glance.data[image_id][: 8 * MIB] == file.read(8 * MIB)
    assert glance.images[image_id]["size"] == rows.GIB
