# SPDX-License-Identifier: Apache-2.0
"""Moves and changes of type of encrypted volumes: who can read what before and after."""

from __future__ import annotations

import os
import pathlib
from types import SimpleNamespace
from typing import Any

import pytest

from cinder_lite import exception, states
from cinder_lite.db import type_encryption, volume_migrations, volumes
from cinder_lite.objects import Volume, VolumeType
from cinder_lite.volume import encryptors
from tests.unit import crypt, rows
from tests.unit.keys import Keys
from tests.unit.volume.migration import world as worlds
from tests.unit.volume.migration.world import DATA, World

CIPHER = {
    "provider": "luks",
    "cipher": "aes-xts-plain64",
    "key_size": 256,
    "control_location": "front-end",
}
TYPES: dict[str, dict[str, Any] | None] = {
    "plain": None,
    "luks": CIPHER,
    "twin": CIPHER,
    "luks2": {**CIPHER, "provider": "luks2"},
    "wide": {**CIPHER, "key_size": 512},
}


class Copies:
    """Stands in for copy_volume; keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def __call__(self, src: str, dest: str, size: int, _block: Any, **options: Any) -> Any:
        """Copy a volume's first bytes."""
        self.asked.append({"src": src, "dest": dest, "size": size, **options})
        return worlds.copy_volume(src, dest, size, **options)


@pytest.fixture
def copies(world: World, monkeypatch: pytest.MonkeyPatch) -> Copies:
    """What recrypt has copied."""
    made = Copies()
    monkeypatch.setattr("cinder_lite.volume.backend.copy_volume", made)
    return made


@pytest.fixture
def dm(
    world: World,
    keys: Keys,
    copies: Copies,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: pathlib.Path,
) -> crypt.Crypt:
    """The node's dm-crypt."""
    return crypt.install(monkeypatch, tmp_path / "dm")


@pytest.fixture
def types(world: World) -> dict[str, VolumeType]:
    """Types by name, encrypted or not."""
    made = {name: rows.volume_type(name) for name in TYPES}
    for name, encryption in TYPES.items():
        if encryption is not None:
            type_encryption.create(made[name].id, encryption)
    return made


DATA_OF_IT = os.urandom(DATA)


def volume_of(world: World, keys: Keys, kind: VolumeType, header: str | None = "luks1") -> Volume:
    """Make a volume of a type, with data, and a header where it is encrypted."""
    encryption = TYPES[kind.name]
    key_id = keys.create_key(keys.service, "aes", encryption["key_size"]) if encryption else None
    made = world.volume(volume_type_id=kind.id, encryption_key_id=key_id)
    path = path_of(world, made)
    if key_id is None or header is None:
        with path.open("r+b") as file:
            file.write(DATA_OF_IT if key_id is None else bytes(DATA))
    else:
        crypt.fill(path, keys.secret(key_id), DATA_OF_IT, header)
    world.digest = worlds.digest_of(path)
    return made


def path_of(world: World, volume: Volume) -> pathlib.Path:
    """Return where a volume's data is."""
    return world.folder(volume.service_host.partition("@")[0]) / volume.name


def retype(world: World, volume: Volume, to: str) -> Volume:
    """Change a volume's type and wait for what comes of it."""
    world.api.retype.start(world.context, volume, to, "on-demand")
    world.idle()
    return volumes.get(world.context, volume.id)


def record(volume: Volume) -> Any:
    """Return the record of a volume's last move."""
    return volume_migrations.listing({"volume_id": volume.id}, limit=1)[0]


def only(world: World, volume: Volume, dm: crypt.Crypt) -> None:
    """Check that nothing but a volume's data is left, on any backend and node."""
    files = [p for name in ("one", "two") for p in world.folder(name).iterdir()]
    assert files == [path_of(world, volume)]
    assert worlds._live() == [volume.id]
    assert dm.nothing_open()
    assert not list((world.directory / "state").rglob("encryptors/*/*"))


# --- the same encryption ---------------------------------------------------------------------


@pytest.mark.parametrize("force_host_copy", [False, True])
def test_a_move_copies_what_is_stored_and_keeps_the_key(
    world: World,
    keys: Keys,
    types: dict[str, VolumeType],
    dm: crypt.Crypt,
    force_host_copy: bool,
) -> None:
    volume = volume_of(world, keys, types["luks"])
    world.migrate(volume, force_host_copy=force_host_copy)
    world.idle()
    world.check(volume, quota=(1, 1))
    after = volumes.get(world.context, volume.id)
    assert after.encryption_key_id == volume.encryption_key_id
    assert list(keys.kept) == [volume.encryption_key_id]
    assert not dm.commands


def test_a_move_that_fails_leaves_the_key(
    world: World, keys: Keys, types: dict[str, VolumeType], dm: crypt.Crypt
) -> None:
    volume = volume_of(world, keys, types["luks"])
    world.failures["copy 1"] = exception.VolumeCopyFailed(reason="the disk is broken")
    world.migrate(volume, force_host_copy=True)
    world.idle()
    world.check(volume, quota=(1, 1))
    assert list(keys.kept) == [volume.encryption_key_id]


def test_a_type_that_is_encrypted_alike_keeps_the_key(
    world: World, keys: Keys, types: dict[str, VolumeType], dm: crypt.Crypt
) -> None:
    volume = volume_of(world, keys, types["luks"])
    after = retype(world, volume, "twin")
    assert (after.volume_type_id, after.host) == (types["twin"].id, "two@file#file")
    assert after.encryption_key_id == volume.encryption_key_id
    assert worlds.digest_of(path_of(world, after)) == world.digest
    assert list(keys.kept) == [volume.encryption_key_id]
    assert not dm.commands


# --- another encryption ----------------------------------------------------------------------


@pytest.mark.parametrize("to", ["one", "two"])
@pytest.mark.parametrize(
    ("old", "new", "header"),
    [
        ("plain", "luks", "luks1"),
        ("plain", "luks2", "luks2"),
        ("luks", "plain", None),
        ("luks", "luks2", "luks2"),
        ("luks2", "luks", "luks1"),
        ("luks", "wide", "luks1"),
    ],
)
def test_the_plain_data_stays_and_the_key_changes(
    world: World,
    keys: Keys,
    types: dict[str, VolumeType],
    dm: crypt.Crypt,
    old: str,
    new: str,
    header: str | None,
    to: str,
) -> None:
    volume = volume_of(world, keys, types[old], "luks2" if old == "luks2" else "luks1")
    world.retype_to = to
    after = retype(world, volume, new)
    assert (after.status, after.volume_type_id) == ("available", types[new].id), record(volume)
    assert after.host == f"{to}@file#file"
    only(world, after, dm)
    path = path_of(world, after)
    assert crypt.kind_of(path) == header
    assert path.stat().st_size == rows.GIB
    if header is None:
        assert after.encryption_key_id is None
        assert not keys.kept
        with path.open("rb") as file:
            assert file.read(DATA) == DATA_OF_IT
        return
    assert after.encryption_key_id != volume.encryption_key_id
    assert list(keys.kept) == [after.encryption_key_id]
    secret = keys.secret(after.encryption_key_id)
    assert len(secret) == (64 if new == "wide" else 32)
    assert crypt.plain_of(path, secret, DATA) == DATA_OF_IT
    [formatted] = dm.actions("luksFormat")
    assert formatted[formatted.index("--cipher") + 1] == "aes-xts-plain64"
    assert formatted[formatted.index("--key-size") + 1] == str(len(secret) * 8)


def test_every_byte_of_an_encrypted_target_is_written(
    world: World, keys: Keys, types: dict[str, VolumeType], dm: crypt.Crypt, copies: Copies
) -> None:
    """What was never written through dm-crypt reads as anything but zero."""
    retype(world, volume_of(world, keys, types["plain"]), "luks")
    [asked] = copies.asked
    assert asked["sparse"] is False
    assert asked["size"] == 1022


def test_what_a_plain_target_has_more_reads_as_zero(
    world: World, keys: Keys, types: dict[str, VolumeType], dm: crypt.Crypt, copies: Copies
) -> None:
    retype(world, volume_of(world, keys, types["luks"]), "plain")
    [asked] = copies.asked
    assert (asked["size"], asked["extents"]) == (1024, [(0, 1022 * crypt.MIB)])


def test_the_old_key_goes_last(
    world: World, keys: Keys, types: dict[str, VolumeType], dm: crypt.Crypt
) -> None:
    volume = volume_of(world, keys, types["luks"])
    world.held.add("delete_volume")
    after = retype(world, volume, "wide")
    assert set(keys.kept) == {volume.encryption_key_id, after.encryption_key_id}
    assert len({volume.encryption_key_id, after.encryption_key_id}) == 2
    world.held.clear()
    world.idle()
    assert list(keys.kept) == [after.encryption_key_id]
    only(world, after, dm)


@pytest.mark.parametrize("new", ["plain", "luks2"])
def test_a_volume_that_was_never_used_is_not_deciphered(
    world: World,
    keys: Keys,
    types: dict[str, VolumeType],
    dm: crypt.Crypt,
    copies: Copies,
    new: str,
) -> None:
    after = retype(world, volume_of(world, keys, types["luks"], header=None), new)
    assert after.volume_type_id == types[new].id
    only(world, after, dm)
    assert not dm.actions("luksFormat")
    assert [asked["extents"] for asked in copies.asked] == ([[]] if new == "plain" else [])
    assert list(keys.kept) == ([after.encryption_key_id] if new == "luks2" else [])


# --- what does not fit -----------------------------------------------------------------------


def keeps(world: World, keys: Keys, dm: crypt.Crypt, volume: Volume, said: str) -> None:
    """Check that a volume is as it was, and why."""
    after = volumes.get(world.context, volume.id)
    assert (after.status, after.volume_type_id) == ("available", volume.volume_type_id)
    assert (after.host, after.encryption_key_id) == (volume.host, volume.encryption_key_id)
    assert worlds.digest_of(path_of(world, after)) == world.digest
    assert list(keys.kept) == [key for key in (volume.encryption_key_id,) if key]
    only(world, after, dm)
    assert said in record(volume).error


def test_data_that_the_header_leaves_no_room_for(
    world: World, keys: Keys, types: dict[str, VolumeType], dm: crypt.Crypt
) -> None:
    volume = volume_of(world, keys, types["plain"])
    with path_of(world, volume).open("r+b") as file:
        file.seek(rows.GIB - 1)
        file.write(b"x")
    retype(world, volume, "luks")
    keeps(world, keys, dm, volume, "leaves room for 1071644672 bytes, 2097152 less than now")


def test_a_file_system_that_the_header_leaves_no_room_for(
    world: World, keys: Keys, types: dict[str, VolumeType], dm: crypt.Crypt
) -> None:
    volume = volume_of(world, keys, types["luks"])
    superblock = bytearray(DATA)
    superblock[1080:1082] = b"\x53\xef"
    superblock[1028:1032] = (1022 * 256).to_bytes(4, "little")
    superblock[1048] = 2
    crypt.fill(path_of(world, volume), keys.secret(volume.encryption_key_id), bytes(superblock))
    world.digest = worlds.digest_of(path_of(world, volume))
    retype(world, volume, "luks2")
    keeps(world, keys, dm, volume, "it holds an ext file system of 1071644672 bytes; extend")


# --- failures --------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["luksOpen", "luksFormat"])
def test_a_volume_that_can_not_be_opened(
    world: World, keys: Keys, types: dict[str, VolumeType], dm: crypt.Crypt, action: str
) -> None:
    volume = volume_of(world, keys, types["plain"])
    dm.fails[action] = "Cannot initialize device-mapper. Is dm_mod kernel module loaded?\n"
    retype(world, volume, "luks")
    keeps(world, keys, dm, volume, "Is dm_mod kernel module loaded?.")


def test_a_node_without_dm_crypt(
    world: World,
    keys: Keys,
    types: dict[str, VolumeType],
    dm: crypt.Crypt,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    volume = volume_of(world, keys, types["plain"])
    monkeypatch.setattr(encryptors, "obstacle", lambda: "the kernel of x has no device-mapper.")
    retype(world, volume, "luks")
    keeps(world, keys, dm, volume, "the kernel of x has no device-mapper")
    assert not dm.commands


@pytest.mark.parametrize("method", ["create_key", "get"])
def test_without_a_key(
    world: World, keys: Keys, types: dict[str, VolumeType], dm: crypt.Crypt, method: str
) -> None:
    volume = volume_of(world, keys, types["luks"])
    keys.fails.add(method)
    retype(world, volume, "luks2")
    keeps(world, keys, dm, volume, "The key manager did not")


def test_the_new_key_goes_with_a_target_that_can_not_be_made(
    world: World, keys: Keys, types: dict[str, VolumeType], dm: crypt.Crypt
) -> None:
    volume = volume_of(world, keys, types["luks"])
    world.failures["driver create_volume"] = exception.VolumeBackendAPIException(data="full.")
    retype(world, volume, "plain")
    keeps(world, keys, dm, volume, "full.")
    retype(world, volume, "luks2")
    keeps(world, keys, dm, volume, "full.")


def test_a_volume_in_use_is_refused(
    world: World, keys: Keys, types: dict[str, VolumeType], dm: crypt.Crypt
) -> None:
    volume = rows.volume(volume_type_id=types["plain"].id, status=states.IN_USE)
    with pytest.raises(exception.InvalidVolume, match="only while nobody uses it"):
        retype(world, volume, "luks")
    now = volumes.get(world.context, volume.id)
    assert (now.status, now.volume_type_id) == (states.IN_USE, volume.volume_type_id)


def test_without_a_move_the_type_stays(
    world: World, keys: Keys, types: dict[str, VolumeType], dm: crypt.Crypt
) -> None:
    volume = volume_of(world, keys, types["plain"])
    world.retype_to = "one"
    world.api.retype.start(world.context, volume, "luks", "never")
    world.idle()
    after = volumes.get(world.context, volume.id)
    assert (after.status, after.volume_type_id) == ("available", volume.volume_type_id)
    assert not keys.kept


# --- crashes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("new", ["luks", "plain"])
def test_a_service_that_is_killed_leaves_nothing_open(
    world: World, keys: Keys, types: dict[str, VolumeType], dm: crypt.Crypt, new: str
) -> None:
    old = "plain" if new == "luks" else "luks"
    volume = volume_of(world, keys, types[old])

    def die() -> None:
        world.dead.add("one")
        raise worlds.Killed

    world.hooks["copy 1"] = die
    world.api.retype.start(world.context, volume, new, "on-demand")
    world.idle()
    world.settle()
    after = volumes.get(world.context, volume.id)
    assert (after.status, after.volume_type_id) == ("available", types[new].id)
    only(world, after, dm)
    assert list(keys.kept) == ([after.encryption_key_id] if new == "luks" else [])


def test_what_was_left_open_is_closed(
    world: World, keys: Keys, types: dict[str, VolumeType], dm: crypt.Crypt
) -> None:
    volume = volume_of(world, keys, types["luks"])
    backend = world.managers["one"].backend
    path = str(path_of(world, volume))
    dm.fails["luksClose"] = "Device crypt-x is still in use."
    with encryptors.opened(backend, world.context, volume, path) as plain, open(plain, "rb") as f:
        assert f.read(DATA) == DATA_OF_IT
    assert not dm.nothing_open()
    encryptors.settle(backend)
    assert not dm.nothing_open()
    dm.fails.clear()
    encryptors.settle(backend)
    only(world, volume, dm)


def test_a_wrong_key_opens_nothing(
    world: World, keys: Keys, types: dict[str, VolumeType], dm: crypt.Crypt
) -> None:
    volume = volume_of(world, keys, types["luks"])
    other = volume.replace(encryption_key_id=keys.create_key(keys.service, "aes", 256))
    backend, path = world.managers["one"].backend, str(path_of(world, volume))
    with (
        pytest.raises(exception.EncryptorFailed, match="No key available with this passphrase"),
        encryptors.opened(backend, world.context, other, path),
    ):
        pass
    only(world, volume, dm)


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (set(), "cryptsetup is not installed on"),
        ({"cryptsetup"}, "has no device-mapper, which dm-crypt needs"),
        ({"cryptsetup", "/dev/mapper/control"}, "has no device-mapper, which dm-crypt needs"),
        ({"cryptsetup", "/dev/mapper/control", "/lib/modules/1.0"}, None),
        ({"cryptsetup", "/sys/class/misc/device-mapper"}, None),
    ],
)
def test_what_a_node_needs(
    monkeypatch: pytest.MonkeyPatch, there: set[str], said: str | None
) -> None:
    facts = SimpleNamespace(
        path=SimpleNamespace(exists=there.__contains__, isdir=there.__contains__),
        uname=lambda: SimpleNamespace(release="1.0"),
        environ={},
    )
    which = SimpleNamespace(which=lambda name, path: name if name in there else None)
    monkeypatch.setattr(encryptors, "os", facts)
    monkeypatch.setattr(encryptors, "shutil", which)
    found = encryptors.obstacle()
    assert found is None if said is None else said in str(found)
