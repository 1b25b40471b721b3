# SPDX-License-Identifier: Apache-2.0
"""Bytes read ahead and written behind, in threads of their own."""

from __future__ import annotations

import os
import pathlib
import random
import threading
import tracemalloc
from collections.abc import Iterator

import pytest

from cinder_lite import exception
from cinder_lite.image import streams
from cinder_lite.image.glance import CHUNK
from cinder_lite.image.streams import Incoming, Outgoing

SIZE = 24 * CHUNK


@pytest.fixture(autouse=True)
def threads_end() -> Iterator[None]:
    """No thread is left, however a transfer ends."""
    before = threading.active_count()
    yield
    assert threading.active_count() <= before


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    """A file with data at its start, in its middle and near its end, and holes between."""
    path = tmp_path / "volume"
    with path.open("wb") as out:
        for place in (0, 5 * CHUNK + 12288, SIZE - 2 * CHUNK):
            out.seek(place)
            out.write(random.Random(place).randbytes(CHUNK + 4096))
        out.truncate(SIZE)
    return path


class Reads:
    """Notes what is read of files."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bytes = 0
        self._pread = os.pread
        monkeypatch.setattr(streams.os, "pread", self)

    def __call__(self, fd: int, length: int, offset: int) -> bytes:
        data = self._pread(fd, length, offset)
        self.bytes += len(data)
        return data


# --- out -------------------------------------------------------------------------------------


def test_holes_are_sent_and_not_read(file: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = Reads(monkeypatch)
    with Outgoing(str(file), SIZE) as body:
        assert len(body) == SIZE
        pieces = [bytes(piece) for piece in body]
    assert b"".join(pieces) == file.read_bytes()
    assert max(map(len, pieces)) == CHUNK
    assert reads.bytes < 4 * CHUNK


def test_a_part_of_a_file(file: pathlib.Path) -> None:
    part = 6 * CHUNK + 5
    with Outgoing(str(file), part) as body:
        assert b"".join(body) == file.read_bytes()[:part]


def test_what_a_device_holds_is_known_to_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = Reads(monkeypatch)
    known = [(4096, 100), (CHUNK, CHUNK + 7), (SIZE - 10, 50), (SIZE + 1, 5)]
    with Outgoing("/dev/zero", SIZE, known) as body:
        assert b"".join(body) == bytes(SIZE)
    assert reads.bytes == 100 + CHUNK + 7 + 10
    with Outgoing("/dev/zero", CHUNK) as body:
        assert b"".join(body) == bytes(CHUNK)
    assert reads.bytes == 100 + CHUNK + 7 + 10 + CHUNK


def test_a_volume_that_ends_early(file: pathlib.Path) -> None:
    with (
        Outgoing(str(file), SIZE + 1) as body,
        pytest.raises(exception.ImageCopyFailure, match=f"ends after {SIZE} of {SIZE + 1} bytes"),
    ):
        list(body)


def test_a_volume_that_can_not_be_opened(tmp_path: pathlib.Path) -> None:
    with (
        Outgoing(str(tmp_path / "none"), 1) as body,
        pytest.raises(exception.ImageCopyFailure, match="No such file"),
    ):
        list(body)


def test_who_sends_may_give_up(tmp_path: pathlib.Path) -> None:
    full = tmp_path / "full"
    full.write_bytes(b"x" * SIZE)
    with Outgoing(str(full), SIZE) as body:
        next(iter(body))


def test_who_sends_is_not_far_behind(tmp_path: pathlib.Path) -> None:
    """However large the volume and slow the line, a few MiB are in memory."""
    full = tmp_path / "full"
    with full.open("wb") as out:
        out.truncate(64 * CHUNK)
        for first in range(0, 64, 2):
            os.pwrite(out.fileno(), b"x" * CHUNK, first * CHUNK)
    tracemalloc.start()
    with Outgoing(str(full), 64 * CHUNK) as body:
        for _ in body:
            pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < (2 * streams.AHEAD + 3) * CHUNK


# --- in --------------------------------------------------------------------------------------


def test_zeros_become_holes(tmp_path: pathlib.Path) -> None:
    path, seen = tmp_path / "image", bytearray()
    data = [b"begin" * 10, *[bytes(CHUNK)] * 8, b"", b"x" * CHUNK, bytes(3)]
    with Incoming(str(path), seen.extend) as file:
        for piece in data:
            file.write(piece)
    assert path.read_bytes() == seen == b"".join(data)
    assert path.stat().st_blocks * 512 < 4 * CHUNK
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_full_disk_is_met_by_who_receives(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(streams.os, "pwrite", full)
    received = 0
    with (
        pytest.raises(OSError, match="No space left"),
        Incoming(str(tmp_path / "image"), len) as file,
    ):
        for _ in range(100_000):
            file.write(b"x" * 4096)
            received += 1
    assert received < 100_000


def test_a_failure_at_the_last_piece_is_told(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_data: bytes) -> None:
        raise OSError(5, "Input/output error")

    with (
        pytest.raises(OSError, match="Input/output error"),
        Incoming(str(tmp_path / "image"), refuse) as file,
    ):
        file.write(b"x")


def test_who_receives_may_give_up(tmp_path: pathlib.Path) -> None:
    with (
        pytest.raises(RuntimeError, match="the line is cut"),
        Incoming(str(tmp_path / "image"), len) as file,
    ):
        for _ in range(3 * streams.AHEAD):
            file.write(b"x" * CHUNK)
        raise RuntimeError("the line is cut")


def test_nothing_at_all(tmp_path: pathlib.Path) -> None:
    with Incoming(str(tmp_path / "image"), len):
        pass
    assert (tmp_path / "image").stat().st_size == 0
