# SPDX-License-Identifier: Apache-2.0
"""What a volume holds at its beginning and at its end."""

from __future__ import annotations

import os
import pathlib
import shutil
import struct
import subprocess
from typing import Any

import pytest
from oslo_concurrency import processutils

from cinder_lite import exception
from cinder_lite.volume import peek

MIB = 1024**2
ADMIN = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


@pytest.fixture
def disk(tmp_path: pathlib.Path) -> pathlib.Path:
    """An empty disk of 64 MiB."""
    path = tmp_path / "disk"
    path.touch()
    os.truncate(path, 64 * MIB)
    return path


def put(path: pathlib.Path, offset: int, data: bytes) -> None:
    """Write into a disk."""
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


# --- zeros -----------------------------------------------------------------------------------


def test_zeros(disk: pathlib.Path) -> None:
    put(disk, 10 * MIB, b"x")
    assert peek.reads_zero(str(disk), 0, 10 * MIB)
    assert not peek.reads_zero(str(disk), 0, 10 * MIB + 1)
    assert not peek.reads_zero(str(disk), 9 * MIB, 5 * MIB)
    assert peek.reads_zero(str(disk), 10 * MIB + 1, 54 * MIB - 1)
    with pytest.raises(exception.VolumeCopyFailed, match="ends"):
        peek.reads_zero(str(disk), 63 * MIB, 2 * MIB)


class Root:
    """Stands in for rootwrap: runs commands as they are."""

    def __init__(self) -> None:
        self.commands: list[tuple[str, ...]] = []

    def execute(self, *words: str, run_as_root: bool, root_helper: str, cwd: str) -> Any:
        """Run a command."""
        assert run_as_root and root_helper and cwd == "/"
        self.commands.append(words)
        return processutils.execute(*words)


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> Root:
    """Let disks be readable for root only."""
    made = Root()
    monkeypatch.setattr(peek.os, "access", lambda path, right: False)
    monkeypatch.setattr(
        peek,
        "processutils",
        type(
            "Processutils",
            (),
            {
                "execute": staticmethod(made.execute),
                "ProcessExecutionError": processutils.ProcessExecutionError,
            },
        ),
    )
    return made


def test_zeros_of_a_device_that_only_root_reads(disk: pathlib.Path, root: Root) -> None:
    put(disk, 10 * MIB, b"x")
    assert peek.reads_zero(str(disk), 0, 10 * MIB)
    assert not peek.reads_zero(str(disk), 9 * MIB, 5 * MIB)
    assert peek.reads_zero(str(disk), 10 * MIB + 1, MIB)
    with pytest.raises(exception.VolumeCopyFailed, match="cannot read"):
        peek.reads_zero(f"{disk}-gone", 0, MIB)
    assert [words[0] for words in root.commands] == ["cmp"] * 4


def test_the_beginning_of_a_device_that_only_root_reads(disk: pathlib.Path, root: Root) -> None:
    noise = os.urandom(peek.HEAD)
    put(disk, 0, noise + b"more")
    assert peek.head(str(disk)) == noise
    with pytest.raises(exception.VolumeCopyFailed, match="cannot read"):
        peek.head(f"{disk}-gone")


def test_root_may_do_what_is_done(disk: pathlib.Path, root: Root) -> None:
    """The filters let through what peek asks for, for a device's path."""
    from oslo_rootwrap import filters

    rules = {}
    for line in pathlib.Path("rootwrap.d/volume.filters").read_text().splitlines():
        name, _, rule = line.partition(": ")
        if name in ("peek_zero", "peek_head"):
            kind, *words = [word.strip() for word in rule.split(",")]
            rules[words[0]] = getattr(filters, kind)(*words)
    peek.reads_zero(str(disk), MIB, MIB)
    peek.head(str(disk))
    assert {words[0] for words in root.commands} == set(rules) == {"cmp", "od"}
    for words in root.commands:
        assert not rules[words[0]].match(list(words))
        device = [w.replace(str(disk), "/dev/mapper/vg--a-volume--1") for w in words]
        assert rules[words[0]].match(device)


# --- what is on it ---------------------------------------------------------------------------


def content(disk: pathlib.Path) -> tuple[str, int] | None:
    """Return what is found on a disk."""
    return peek.content_of(peek.head(str(disk)))


@pytest.mark.parametrize(
    ("command", "found"),
    [
        (("mkfs.ext4", "-q", "-F", "-b", "4096"), ("an ext file system", 64 * MIB)),
        (("mkfs.ext2", "-q", "-F", "-b", "1024"), ("an ext file system", 64 * MIB)),
        (("mkfs.ext4", "-q", "-F", "-O", "64bit"), ("an ext file system", 64 * MIB)),
        (("mkswap", "-q"), ("swap space", 64 * MIB)),
    ],
)
def test_made_by_its_own_tools(
    disk: pathlib.Path, command: tuple[str, ...], found: tuple[str, int]
) -> None:
    program = shutil.which(command[0], path=ADMIN)
    if program is None:
        pytest.skip(f"needs {command[0]}")
    subprocess.run([program, *command[1:], disk], check=True, capture_output=True)
    assert content(disk) == found


def test_others(disk: pathlib.Path) -> None:
    assert content(disk) is None
    put(disk, 0, b"XFSB" + struct.pack(">IQ", 4096, 16000))
    assert content(disk) == ("an XFS file system", 4096 * 16000)
    put(disk, 0, bytes(16))
    put(disk, 65536 + 64, b"_BHRfS_M")
    put(disk, 65536 + 112, struct.pack("<Q", 12345678))
    assert content(disk) == ("a Btrfs file system", 12345678)


def test_a_physical_volume(disk: pathlib.Path) -> None:
    label = b"LABELONE" + struct.pack("<QII", 1, 0, 32) + b"LVM2 001"
    put(disk, 512, label + b"u" * 32 + struct.pack("<Q", 63 * MIB))
    assert content(disk) == ("a physical volume of LVM", 63 * MIB)


def test_partitions(disk: pathlib.Path) -> None:
    entry = struct.pack("<B3xB3xII", 0x80, 0x83, 2048, 4096)
    put(disk, 446, entry + struct.pack("<B3xB3xII", 0, 0x8E, 6144, 8192) + bytes(32) + b"\x55\xaa")
    assert content(disk) == ("partitions", 512 * (6144 + 8192))
    put(disk, 446, b"\x01")
    assert content(disk) is None, "it is no partition table"


def test_less_than_a_beginning() -> None:
    assert peek.content_of(b"XFSB") == ("an XFS file system", 0)
    assert peek.content_of(b"") is None
