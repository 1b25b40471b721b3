# SPDX-License-Identifier: Apache-2.0
"""Encrypted volumes on LVM: moved as they are, encrypted anew by dm-crypt, made of images."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.storage.deployment import (
    ALPHA_THICK,
    ALPHA_THICK2,
    ALPHA_THIN,
    BETA_THICK,
    FIXED_KEY,
    Backend,
    StorageDeployment,
)
from tests.storage.groups import MIB

pytestmark = pytest.mark.slow

GUEST = ("/opt/venv/bin/python", "/opt/cinder_lite/guest/luks.py")
HEADERS = {"luks": 2 * MIB, "luks2": 16 * MIB}
"""Bytes that a header takes."""
PIECES = (0, 300, 700)
"""MiB at which data is written."""


def encrypted_type(storage: StorageDeployment, provider: str | None) -> str:
    """Make a type whose volumes are encrypted, or are not, and return its name."""
    name = f"{provider}-{uuid.uuid4().hex[:8]}"
    made = storage.request("POST", "/types", {"volume_type": {"name": name}})
    assert made.status_code == 200, made.text
    if provider is not None:
        encryption = {
            "provider": provider,
            "cipher": "aes-xts-plain64",
            "key_size": 256,
            "control_location": "front-end",
        }
        path = f"/types/{made.json()['volume_type']['id']}/encryption"
        answer = storage.request("POST", path, {"encryption": encryption})
        assert answer.status_code == 200, answer.text
    return name


@contextlib.contextmanager
def used(storage: StorageDeployment, volume: Mapping[str, Any]) -> Iterator[str]:
    """Use an encrypted volume as a compute host does; yield the path of its plain data."""
    device = storage.logical_volume(volume).path
    path = storage.machine.run(*GUEST, "open", device, FIXED_KEY).out.strip()
    try:
        yield path
    finally:
        storage.machine.run(*GUEST, "close", device, FIXED_KEY)


def write(storage: StorageDeployment, path: str) -> None:
    """Write random data to parts of a device, but not to its end."""
    for place in PIECES:
        storage.machine.shell(
            f"dd if=/dev/urandom of={path} bs=1M count=16 seek={place} oflag=direct "
            "conv=notrunc,fsync status=none"
        )


def retype(storage: StorageDeployment, volume: Mapping[str, Any], to: str) -> dict[str, Any]:
    """Change a volume's type, by a move where that is needed, and return the volume."""
    body = {"new_type": to, "migration_policy": "on-demand"}
    answer = storage.action(volume["id"], "os-retype", body)
    assert answer.status_code == 202, answer.text
    return storage.wait_for_status(volume["id"], "available")


@pytest.mark.parametrize(
    ("source", "target", "mode"),
    [(ALPHA_THIN, ALPHA_THICK2, "driver"), (ALPHA_THICK, BETA_THICK, "host_copy")],
    ids=("driver", "host-copy"),
)
def test_a_move_copies_what_is_stored(
    storage: StorageDeployment, source: Backend, target: Backend, mode: str
) -> None:
    """Nothing is deciphered on the way, and who has the key reads the same as before."""
    kind = encrypted_type(storage, "luks")
    volume = storage.create_volume(host=source.host, volume_type=kind)
    assert volume["encrypted"] is True
    with used(storage, volume) as path:
        write(storage, path)
        plain = storage.groups.digest(path)
    stored = storage.digest(volume)
    assert stored != plain
    moved = storage.migrate_and_wait(volume["id"], target.host)
    record = storage.wait_for_record(volume["id"], "status", "success", "error")
    assert (record["mode"], record["status"]) == (mode, "success")
    assert storage.digest(moved) == stored
    with used(storage, moved) as path:
        assert storage.groups.digest(path) == plain
    storage.only(moved)


def test_types_that_are_encrypted_in_different_ways(storage: StorageDeployment) -> None:
    """Plain, luks, luks2 and plain again: the same data, and zeros where no header is any more."""
    kinds = {name: encrypted_type(storage, name) for name in ("luks", "luks2")}
    plain = encrypted_type(storage, None)
    volume = storage.create_volume(host=ALPHA_THICK.host, volume_type=plain)
    found = storage.logical_volume(volume)
    write(storage, found.path)
    whole = storage.groups.digest(found.path)
    expected = {
        name: storage.groups.digest(found.path, found.size - header)
        for name, header in HEADERS.items()
    }
    for name in ("luks", "luks2"):
        volume = retype(storage, volume, kinds[name])
        assert (volume["volume_type"], volume["encrypted"]) == (kinds[name], True), storage.records(
            volume["id"]
        )
        storage.only(volume)
        device = storage.logical_volume(volume).path
        dump = storage.machine.run("cryptsetup", "luksDump", device).out
        assert f"Version:       \t{1 if name == 'luks' else 2}".split() in [
            line.split() for line in dump.splitlines()
        ]
        with used(storage, volume) as path:
            assert storage.groups.digest(path) == expected[name]
    volume = retype(storage, volume, plain)
    assert (volume["volume_type"], volume["encrypted"]) == (plain, False)
    assert storage.digest(volume) == whole
    storage.only(volume)


def test_data_where_the_header_would_go(storage: StorageDeployment) -> None:
    """A volume whose end is used keeps its type, and its record says why."""
    plain, secret = encrypted_type(storage, None), encrypted_type(storage, "luks")
    volume = storage.create_volume(host=ALPHA_THICK.host, volume_type=plain)
    before = storage.fill(volume, 4)  # its last sector, too
    after = retype(storage, volume, secret)
    assert (after["volume_type"], after["encrypted"]) == (plain, False)
    record = storage.wait_for_record(volume["id"], "status", "success", "error")
    assert record["status"] == "error"
    assert "2097152 less than now, and its last bytes are used" in record["error"]
    assert storage.digest(after) == before
    storage.only(after)


@pytest.mark.parametrize("provider", ["luks", "luks2"])
def test_an_encrypted_volume_of_an_image(
    storage: StorageDeployment, tmp_path: Path, provider: str
) -> None:
    """Who has the key reads the image; nothing of it is stored plain."""
    text = b"the image of somebody".ljust(4096, b".")
    data = text * 1024
    image_id = storage.images.add(data, "raw")
    kind = encrypted_type(storage, provider)
    volume = storage.create_volume(host=ALPHA_THICK.host, volume_type=kind, imageRef=image_id)
    path = storage.logical_volume(volume).path
    assert storage.groups.count_pattern(path, "the image of somebody") == 0
    with used(storage, volume) as plain:
        assert storage.groups.count_pattern(plain, "the image of somebody") == 1024
    storage.only(volume)
