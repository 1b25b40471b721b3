# SPDX-License-Identifier: Apache-2.0
"""Tests of the one entry: what is refused, which means is chosen, what comes back."""

from __future__ import annotations

import io
import os
import pathlib
import subprocess
import sys
import threading

import pytest

from cinder_lite import exception
from cinder_lite.volume.copy import CopyProgress, Throttle, copy_volume
from tests.unit.volume.copy.conftest import MIB, MakeFile, allocated, digest, noise


def test_two_paths_are_copied_by_our_own_process(image: str, blank: str) -> None:
    reports = list[CopyProgress]()
    result = copy_volume(image, blank, 4, progress=reports.append)
    assert digest(blank) == digest(image)
    assert (result.engine, result.bytes_copied, result.bytes_skipped) == ("native", 4 * MIB, 0)
    assert reports[-1].percent == 100


def test_dd_copies_where_its_block_size_is_set(image: str, blank: str) -> None:
    reports = list[CopyProgress]()
    result = copy_volume(image, blank, 4, "1M", progress=reports.append)
    assert digest(blank) == digest(image)
    assert (result.engine, result.bytes_copied, result.bytes_skipped) == ("dd", 4 * MIB, 0)
    assert reports[-1].percent == 100


def test_sparse_stays_sparse(image: str, blank: str) -> None:
    copy_volume(image, blank, 4, "1M", sparse=True)
    assert digest(blank) == digest(image)
    assert allocated(blank) <= 2 * MIB + 64 * 1024


def test_ionice_is_used(image: str, blank: str) -> None:
    copy_volume(image, blank, 4, "1M", ionice="-c3")
    assert digest(blank) == digest(image)


@pytest.mark.parametrize("sparse", [True, False])
def test_a_limit_is_kept_by_our_own_process(image: str, blank: str, sparse: bool) -> None:
    result = copy_volume(image, blank, 4, "1M", throttle=Throttle(1 << 40), sparse=sparse)
    assert digest(blank) == digest(image)
    assert result.engine == "native"
    assert result.bytes_skipped == (2 * MIB if sparse else 0)


def test_a_source_need_not_reach_further_than_what_is_read(make_file: MakeFile) -> None:
    source = make_file("short", 3 * MIB, {0: noise(3 * MIB)})
    target = make_file("long", 4 * MIB, {0: noise(4 * MIB)})
    copy_volume(source, target, 4, extents=[(0, 3 * MIB)])
    whole = pathlib.Path(source).read_bytes() + bytes(MIB)
    assert pathlib.Path(target).read_bytes() == whole
    with pytest.raises(exception.VolumeCopyFailed, match="the source .*/short holds 3145728 bytes"):
        copy_volume(source, target, 4, extents=[(0, 3 * MIB + 1)])


def test_anything_else_is_a_file_object(image: str) -> None:
    target = io.BytesIO()
    assert copy_volume(image, target, 4, "1M").engine == "file"
    assert target.getvalue() == pathlib.Path(image).read_bytes()


def test_a_target_that_is_too_small_is_refused_untouched(image: str, make_file: MakeFile) -> None:
    target = make_file("small", 3 * MIB, {0: noise(3 * MIB)})
    before = digest(target)
    with pytest.raises(exception.VolumeCopyFailed, match="the target .*/small holds 3145728 bytes"):
        copy_volume(image, target, 4, "1M")
    with pytest.raises(exception.VolumeCopyFailed, match="the target .*/small holds 3145728 bytes"):
        copy_volume(io.BytesIO(bytes(4 * MIB)), target, 4, "1M")
    assert digest(target) == before


def test_a_source_that_is_too_small_is_refused(blank: str, make_file: MakeFile) -> None:
    source = make_file("small", 3 * MIB)
    with pytest.raises(exception.VolumeCopyFailed, match="the source .*/small holds 3145728 bytes"):
        copy_volume(source, blank, 4, "1M")


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_path_that_is_not_there_is_one_sentence(
    side: str, image: str, blank: str, tmp_path: pathlib.Path
) -> None:
    absent = str(tmp_path / "absent")
    paths = (absent, blank) if side == "source" else (image, absent)
    with pytest.raises(exception.VolumeCopyFailed, match="cannot open .*/absent: No such file"):
        copy_volume(*paths, 4, "1M")
    assert not pathlib.Path(absent).exists()


def test_a_volume_is_not_copied_onto_itself(image: str, tmp_path: pathlib.Path) -> None:
    other_name = str(tmp_path / "link")
    os.link(image, other_name)
    before = digest(image)
    with pytest.raises(exception.VolumeCopyFailed, match="one and the same"):
        copy_volume(image, other_name, 4, "1M")
    assert digest(image) == before


def test_a_stop_that_is_set_already_starts_nothing(image: str, blank: str) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(exception.CopyStopped):
        copy_volume(image, blank, 4, "1M", stop=stop)
    assert allocated(blank) == 0


def test_a_running_copy_is_stopped() -> None:
    class Stop:
        looks = 0

        def is_set(self) -> bool:
            self.looks += 1
            return self.looks > 2

    with pytest.raises(exception.CopyStopped):
        copy_volume("/dev/zero", "/dev/null", 1 << 40, "1M", stop=Stop())


def test_a_copy_that_fails_gives_its_share_of_the_limit_back(image: str) -> None:
    throttle = Throttle(1 << 40)
    with pytest.raises(exception.VolumeCopyFailed, match="No space left on device"):
        copy_volume(image, "/dev/full", 4, "1M", throttle=throttle)
    with throttle.subcommand("a", "b") as alone:
        assert alone.limit() == 1 << 40


GREEN = """
from cinder_lite import concurrency
assert concurrency.setup("eventlet") == "eventlet"
import io, sys, threading, time
from cinder_lite.volume.copy import Throttle, copy_volume, sparse_copy_file
source, target, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
main = threading.get_ident()
turns = []
def others():
    while True:
        turns.append(None)
        time.sleep(0.005)
concurrency.spawn(others)
def report(progress):
    assert threading.get_ident() == main
def copies(limit):
    yield lambda: copy_volume(source, target, size, "1M", throttle=Throttle(limit), progress=report)
    data = io.FileIO(source)
    yield lambda: copy_volume(data, target, size, "1M", throttle=Throttle(limit), progress=report)
for copy in (*copies(0), *copies(8 * 2**20)):
    before = len(turns)
    copy()
    assert len(turns) > before, "the copy has stalled the other threads"
sparse_copy_file(source, target, size * 2**20, report)
print("done")
"""


def test_other_green_threads_go_on_meanwhile(image: str, blank: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", GREEN, image, blank, "4"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "done\n", done.stderr
    assert digest(blank) == digest(image)
