# SPDX-License-Identifier: Apache-2.0
"""Tests of copying through file objects."""

from __future__ import annotations

import io
import pathlib
import threading

import pytest

from cinder_lite import exception
from cinder_lite.volume.copy import handles
from cinder_lite.volume.copy.progress import CopyProgress, Meter
from tests.unit.volume.copy.conftest import MIB, MakeFile, digest, noise


class Image:
    """A volume without a path: an object with read, write and flush, like RBD's."""

    def __init__(self, data: bytes = b"", piece: int = 1 << 30) -> None:
        self.data = bytearray(data)
        self.piece = piece
        self.flushed = 0
        self._at = 0

    def read(self, length: int) -> bytes:
        begin = self._at
        self._at = min(begin + min(length, self.piece), len(self.data))
        return bytes(self.data[begin : self._at])

    def write(self, data: bytes) -> int:
        assert isinstance(data, bytes)
        self.data += data[: self.piece]
        return min(len(data), self.piece)

    def flush(self) -> None:
        self.flushed = len(self.data)


def copy(src: object, dest: object, size: int, **how: object) -> Meter:
    meter = Meter(size)
    handles.copy(src, dest, size, meter=meter, **how)  # type: ignore[arg-type]
    return meter


@pytest.mark.parametrize("piece", [1 << 30, 100_000])
def test_from_an_object_to_an_object(piece: int) -> None:
    data = noise(9 * MIB + 5)
    source, target = Image(data, piece), Image(piece=piece)
    meter = copy(source, target, len(data))
    assert target.data == data
    assert target.flushed == len(data)
    assert meter.copied == len(data)


@pytest.mark.parametrize("piece", [1 << 30, 100_000])
def test_from_an_object_to_a_path(piece: int, make_file: MakeFile) -> None:
    data = noise(9 * MIB)
    target = make_file("target", 9 * MIB, {0: b"old" * MIB})
    copy(Image(data, piece), target, len(data))
    assert pathlib.Path(target).read_bytes() == data


def test_from_a_path_to_an_object(make_file: MakeFile) -> None:
    data = noise(9 * MIB)
    target = Image()
    copy(make_file("source", 9 * MIB, {0: data}), target, len(data))
    assert target.data == data


def test_from_a_file_to_a_file(make_file: MakeFile, image: str, blank: str) -> None:
    with pathlib.Path(image).open("rb") as source, pathlib.Path(blank).open("r+b") as target:
        copy(source, target, 4 * MIB)
    assert digest(blank) == digest(image)


def test_no_more_than_the_size_is_copied() -> None:
    source, target = Image(noise(6 * MIB)), Image()
    copy(source, target, 5 * MIB)
    assert len(target.data) == 5 * MIB


def test_objects_that_tell_no_count_have_written_all() -> None:
    class Silent(Image):
        def write(self, data: bytes) -> None:  # type: ignore[override]
            super().write(data)

    target = Silent()
    copy(Image(noise(MIB)), target, MIB)
    assert len(target.data) == MIB


def test_a_source_that_ends_too_early_is_an_error() -> None:
    target = Image()
    with pytest.raises(exception.VolumeCopyFailed, match="ends after 3145728 of 10485760 bytes"):
        copy(Image(noise(3 * MIB)), target, 10 * MIB)
    assert target.flushed == 0


@pytest.mark.parametrize("size", [5 * MIB, 13 * MIB])
def test_zeros_follow_what_a_shorter_source_holds(make_file: MakeFile, size: int) -> None:
    data = noise(5 * MIB)
    for target in (make_file("target", size, {0: b"old" * (size // 3)}), Image()):
        meter = copy(Image(data), target, size, data=5 * MIB)
        written = target.data if isinstance(target, Image) else pathlib.Path(target).read_bytes()
        assert written == data + bytes(size - len(data))
        assert meter.copied == size


def test_a_write_that_fails_ends_the_reader_too() -> None:
    class Full(Image):
        def write(self, data: bytes) -> int:
            raise OSError(28, "No space left on device")

    source = Image(bytes(64 * MIB))
    threads = threading.active_count()
    with pytest.raises(exception.VolumeCopyFailed, match="Image to Full: No space left on device"):
        copy(source, Full(), 64 * MIB)
    assert threading.active_count() == threads


def test_a_flush_that_fails_is_an_error() -> None:
    class Lossy(Image):
        def flush(self) -> None:
            raise OSError(5, "Input/output error")

    with pytest.raises(exception.VolumeCopyFailed, match="Input/output error"):
        copy(Image(noise(MIB)), Lossy(), MIB)


def test_a_path_that_can_not_be_opened_is_one_sentence(tmp_path: pathlib.Path) -> None:
    with pytest.raises(exception.VolumeCopyFailed, match="cannot open .*/none: No such file"):
        copy(Image(noise(MIB)), str(tmp_path / "none"), MIB)


def test_stop_ends_both_threads() -> None:
    stop = threading.Event()

    class Stopping(Image):
        def write(self, data: bytes) -> int:
            stop.set()
            return super().write(data)

    threads = threading.active_count()
    with pytest.raises(exception.CopyStopped):
        copy(Image(noise(8 * MIB)), Stopping(), 8 * MIB, stop=stop, limit=lambda: 100_000)
    assert threading.active_count() == threads


def test_progress_comes_in_the_caller_s_thread() -> None:
    threads = set[int]()
    meter = Meter(8 * MIB, lambda progress: threads.add(threading.get_ident()))
    asked = iter([1000, 1000, 1000, 1000, 1000, 1000])
    source, target = Image(noise(MIB)), Image()
    handles.copy(source, target, MIB, meter=meter, limit=lambda: next(asked, 0))
    meter.finish("file")
    assert threads == {threading.get_ident()}
    assert len(target.data) == MIB


def test_a_report_that_fails_ends_both_threads() -> None:
    class Broken(Meter):
        def tick(self) -> None:
            raise RuntimeError("no database")

    threads = threading.active_count()
    with pytest.raises(RuntimeError, match="no database"):
        handles.copy(Image(noise(MIB)), Image(), MIB, meter=Broken(MIB), limit=lambda: 100_000)
    assert threading.active_count() == threads


def test_buffered_writers_are_flushed_to_the_disk(
    blank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = list[int]()
    monkeypatch.setattr(handles.os, "fsync", synced.append)
    with pathlib.Path(blank).open("r+b") as target:
        copy(io.BytesIO(noise(MIB)), target, MIB)
        assert synced == [target.fileno()]


def test_the_last_report_is_whole() -> None:
    reports = list[CopyProgress]()
    meter = Meter(MIB, reports.append)
    handles.copy(Image(noise(MIB)), Image(), MIB, meter=meter)
    meter.finish("file")
    assert reports[-1].percent == 100
