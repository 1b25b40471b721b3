# SPDX-License-Identifier: Apache-2.0
"""Tests of the reads and writes of the copying process, run in this one."""

from __future__ import annotations

import errno
import os
import pathlib
from typing import Any

import pytest

from cinder_lite.volume.copy.child import engine
from cinder_lite.volume.copy.child.engine import Copier
from tests.unit.volume.copy.conftest import MIB, MakeFile, allocated, digest, noise


def copy(source: str, target: str, size: int = 4 * MIB, **how: Any) -> Copier:
    copier = Copier(source, target, size, **how)
    assert copier.run(lambda copied, skipped: None) is None
    assert copier.copied + copier.skipped == size
    return copier


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("block", [64 * 1024, MIB, 3 * MIB])
def test_every_byte_arrives(image: str, make_file: MakeFile, threads: int, block: int) -> None:
    target = make_file("dirty", 4 * MIB, {0: noise(4 * MIB)})
    copier = copy(image, target, threads=threads, block=block)
    assert digest(target) == digest(image)
    assert copier.copied == 4 * MIB


def test_holes_are_neither_read_nor_written(image: str, blank: str) -> None:
    copier = copy(image, blank, holes=True)
    assert digest(blank) == digest(image)
    assert copier.skipped == 2 * MIB
    assert allocated(blank) <= 2 * MIB + 64 * 1024


def test_blocks_of_zeros_are_not_written(make_file: MakeFile, blank: str) -> None:
    source = make_file("full", 4 * MIB, {0: bytes(2 * MIB) + noise(2 * MIB - 5) + bytes(5)})
    copier = copy(source, blank, zeros=True)
    assert digest(blank) == digest(source)
    assert copier.skipped == 2 * MIB
    assert allocated(blank) <= 2 * MIB + 64 * 1024


def test_a_target_that_may_hold_old_data_gets_the_zeros(image: str, make_file: MakeFile) -> None:
    target = make_file("dirty", 4 * MIB, {0: b"old" * MIB})
    copy(image, target)
    assert digest(target) == digest(image)


@pytest.mark.parametrize("fill", [False, True])
def test_only_differences_are_written(
    make_file: MakeFile, monkeypatch: pytest.MonkeyPatch, fill: bool
) -> None:
    """Also where the source has zeros, and the target has not."""
    data = noise(4 * MIB)
    source = make_file("source", 4 * MIB, {0: data[:MIB] + bytes(MIB) + data[2 * MIB :]})
    target = make_file("target", 4 * MIB, {0: data[: 3 * MIB] + b"old" + data[3 * MIB + 3 :]})
    written: list[tuple[int, int]] = []
    write = engine.Side.write

    def noted(self: engine.Side, view: memoryview, offset: int) -> None:
        written.append((offset, len(view)))
        write(self, view, offset)

    monkeypatch.setattr(engine.Side, "write", noted)
    copier = copy(source, target, compare=True, fill=fill, threads=1)
    assert digest(target) == digest(source)
    assert written == [(MIB, MIB), (3 * MIB, 4096)]
    assert copier.copied == MIB + 4096


def test_what_lies_behind_the_copy_stays(image: str, make_file: MakeFile) -> None:
    target = make_file("larger", 5 * MIB, {4 * MIB: b"kept"})
    copy(image, target)
    assert pathlib.Path(target).read_bytes()[4 * MIB : 4 * MIB + 4] == b"kept"


def test_a_size_that_no_sector_divides(make_file: MakeFile) -> None:
    source = make_file("odd", 3 * MIB + 777, {MIB: noise(2 * MIB + 777)})
    target = make_file("target", 3 * MIB + 777)
    copy(source, target, 3 * MIB + 777, holes=True)
    assert digest(target) == digest(source)


@pytest.mark.parametrize("holes", [True, False])
def test_the_kernel_copies_where_it_can(image: str, blank: str, holes: bool) -> None:
    copy(image, blank, offload=True, holes=holes)
    assert digest(blank) == digest(image)


def test_where_the_kernel_can_not_copy_we_do(
    image: str, blank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EXDEV, "elsewhere")

    monkeypatch.setattr(engine.os, "copy_file_range", refuse)
    copy(image, blank, offload=True)
    assert digest(blank) == digest(image)


def test_a_device_that_wants_a_larger_alignment_is_copied_through_the_page_cache(
    image: str, blank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, refused = os.pwrite, list[int]()

    def picky(fd: int, data: memoryview, offset: int) -> int:
        if engine.fcntl.fcntl(fd, engine.fcntl.F_GETFL) & os.O_DIRECT:
            refused.append(offset)
            raise OSError(errno.EINVAL, "Invalid argument")
        return plain(fd, data, offset)

    monkeypatch.setattr(engine.os, "pwrite", picky)
    copy(image, blank)
    assert refused
    assert digest(blank) == digest(image)


def test_short_reads_and_writes_are_gone_on_with(
    image: str, blank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwrite, preadv = os.pwrite, os.preadv
    monkeypatch.setattr(
        engine.os, "pwrite", lambda fd, data, offset: pwrite(fd, data[: 96 * 1024], offset)
    )
    monkeypatch.setattr(
        engine.os,
        "preadv",
        lambda fd, views, offset: preadv(fd, [view[: 160 * 1024] for view in views], offset),
    )
    copy(image, blank)
    assert digest(blank) == digest(image)


def test_a_full_target_is_one_sentence(image: str) -> None:
    copier = Copier(image, "/dev/full", 4 * MIB)
    assert copier.run(lambda *_: None) == "cannot write /dev/full: No space left on device"


def test_a_source_that_ends_too_early_is_one_sentence(make_file: MakeFile, blank: str) -> None:
    source = make_file("short", MIB)
    error = Copier(source, blank, 4 * MIB).run(lambda *_: None)
    assert error == f"cannot read {source}: it ends too early"


def test_a_flush_that_fails_is_an_error(
    image: str, blank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(engine.os, "fsync", fail)
    error = Copier(image, blank, 4 * MIB).run(lambda *_: None)
    assert error == f"cannot flush {blank}: Input/output error"


def test_a_device_clears_blocks_of_zeros_by_itself(
    make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_file("source", 4 * MIB, {MIB: noise(MIB), 3 * MIB + 9: b"x"})
    target = make_file("dirty", 4 * MIB, {0: b"old!" * MIB})
    cleared = list[tuple[int, int]]()
    zero = engine.Side.zero

    def note(side: engine.Side, offset: int, length: int) -> None:
        cleared.append((offset, length))
        zero(side, offset, length)

    monkeypatch.setattr(engine.Side, "zero", note)
    monkeypatch.setattr(engine.stat, "S_ISBLK", lambda mode: True)
    copier = Copier(source, target, 4 * MIB, fill=True)
    assert copier.run(lambda copied, skipped: None) is None
    assert digest(target) == digest(source)
    assert sorted(cleared) == [(0, MIB), (2 * MIB, MIB)]
    assert (copier.copied, copier.skipped) == (2 * MIB, 2 * MIB)
