# SPDX-License-Identifier: Apache-2.0
"""Tests of moving a file between two directories, with a crash after every step."""

from __future__ import annotations

import errno
import os
import pathlib
import threading

import pytest

from cinder_lite import exception
from cinder_lite.volume.copy import CopyProgress
from cinder_lite.volume.drivers import file_move, filestore
from cinder_lite.volume.drivers.file_move import LocalMove
from cinder_lite.volume.drivers.filestore import PARTIAL_PREFIX, FileStore
from tests.unit.volume.copy.conftest import MIB, allocated, digest, noise

SIZE = 8 * MIB


@pytest.fixture
def stores(tmp_path: pathlib.Path) -> tuple[FileStore, FileStore]:
    made = FileStore(str(tmp_path / "a")), FileStore(str(tmp_path / "b"))
    for store in made:
        store.prepare()
    return made


@pytest.fixture
def move(stores: tuple[FileStore, FileStore]) -> LocalMove:
    """Return a move of the file ``v``, which has data between holes."""
    with stores[0].new("v") as new:
        new.resize(SIZE, sparse=True)
        with pathlib.Path(new.path).open("r+b") as file:
            file.seek(3 * MIB)
            file.write(noise(MIB))
        new.publish()
    return LocalMove("v", *stores)


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the two directories on different file systems."""
    plain = os.link

    def link(source: str, target: str) -> None:
        if os.path.dirname(source) != os.path.dirname(target):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        plain(source, target)

    monkeypatch.setattr(filestore.os, "link", link)


def names(store: FileStore) -> list[str]:
    return sorted(os.listdir(store.directory))


def inode(store: FileStore) -> int:
    return os.stat(store.path("v")).st_ino


def test_within_a_file_system_no_bytes_move(
    move: LocalMove, stores: tuple[FileStore, FileStore]
) -> None:
    number, reports = inode(stores[0]), list[CopyProgress]()
    move.run(sparse=True, progress=reports.append)
    assert inode(stores[1]) == inode(stores[0]) == number
    assert [(report.bytes_copied, report.percent) for report in reports] == [(0, 100)]
    move.finish()
    assert (names(stores[0]), names(stores[1])) == ([], ["v"])


@pytest.mark.usefixtures("apart")
def test_between_file_systems_the_data_is_copied_and_the_holes_stay(
    move: LocalMove, stores: tuple[FileStore, FileStore]
) -> None:
    before, reports = digest(stores[0].path("v")), list[CopyProgress]()
    move.run(sparse=True, progress=reports.append)
    assert digest(stores[0].path("v")) == digest(stores[1].path("v")) == before
    assert allocated(stores[1].path("v")) <= MIB + 64 * 1024
    assert (reports[-1].bytes_copied, reports[-1].bytes_skipped) == (MIB, SIZE - MIB)
    move.finish()
    assert (names(stores[0]), names(stores[1])) == ([], ["v"])


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("sparse", [False, True])
def test_a_thick_target_takes_all_of_its_space(
    move: LocalMove, stores: tuple[FileStore, FileStore], offloads: list[bool], sparse: bool
) -> None:
    """It takes no blocks of the source's, as the kernel would where file systems share them."""
    move.run(sparse=sparse)
    assert (allocated(stores[1].path("v")) >= SIZE) is not sparse
    assert offloads == [sparse]
    assert digest(stores[1].path("v")) == digest(stores[0].path("v"))


@pytest.mark.parametrize("across", [False, True])
def test_a_move_may_be_undone_and_done_again(
    move: LocalMove,
    stores: tuple[FileStore, FileStore],
    across: bool,
    request: pytest.FixtureRequest,
) -> None:
    if across:
        request.getfixturevalue("apart")
    before = digest(stores[0].path("v"))
    for _ in range(2):
        move.run(sparse=True)
        move.cancel()
        move.cancel()
        assert (names(stores[0]), names(stores[1])) == (["v"], [])
    move.run(sparse=True)
    move.finish()
    move.finish()
    assert digest(stores[1].path("v")) == before


def test_a_move_that_was_linked_before_a_crash_is_gone_on_with(
    move: LocalMove, stores: tuple[FileStore, FileStore]
) -> None:
    os.link(stores[0].path("v"), stores[1].path("v"))
    move.run(sparse=True)
    move.finish()
    assert (names(stores[0]), names(stores[1])) == ([], ["v"])


@pytest.mark.usefixtures("apart")
def test_a_copy_that_fails_leaves_nothing_and_the_source(
    move: LocalMove, stores: tuple[FileStore, FileStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest(stores[0].path("v"))

    def fail(*_: object, **__: object) -> None:
        raise exception.VolumeCopyFailed(reason="no space left")

    monkeypatch.setattr(file_move, "sparse_copy_file", fail)
    with pytest.raises(exception.VolumeCopyFailed):
        move.run(sparse=True)
    assert (names(stores[0]), names(stores[1])) == (["v"], [])
    assert digest(stores[0].path("v")) == before


@pytest.mark.usefixtures("apart")
def test_a_stopped_copy_leaves_nothing_and_the_source(
    move: LocalMove, stores: tuple[FileStore, FileStore]
) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(exception.CopyStopped):
        move.run(sparse=True, stop=stop)
    assert (names(stores[0]), names(stores[1])) == (["v"], [])


def test_what_a_killed_copy_has_left_is_removed(
    move: LocalMove, stores: tuple[FileStore, FileStore]
) -> None:
    pathlib.Path(stores[1].directory, PARTIAL_PREFIX + "v").write_bytes(b"half")
    move.cancel()
    assert (names(stores[0]), names(stores[1])) == (["v"], [])


def test_a_copy_that_still_runs_is_not_undone(
    move: LocalMove, stores: tuple[FileStore, FileStore]
) -> None:
    with stores[1].new("v"), pytest.raises(BlockingIOError):
        move.cancel()


@pytest.mark.parametrize("across", [False, True])
def test_another_file_of_that_name_is_not_overwritten(
    move: LocalMove,
    stores: tuple[FileStore, FileStore],
    across: bool,
    request: pytest.FixtureRequest,
) -> None:
    if across:
        request.getfixturevalue("apart")
    other = pathlib.Path(stores[1].path("v"))
    other.write_bytes(b"other")
    with pytest.raises(FileExistsError):
        move.run(sparse=True)
    assert other.read_bytes() == b"other"


def test_a_file_that_is_missing_can_not_be_moved(stores: tuple[FileStore, FileStore]) -> None:
    with pytest.raises(FileNotFoundError):
        LocalMove("v", *stores).run(sparse=True)


@pytest.mark.parametrize("at_target", [None, b"half of it"])
def test_the_only_whole_copy_is_never_removed_by_the_end(
    move: LocalMove, stores: tuple[FileStore, FileStore], at_target: bytes | None
) -> None:
    if at_target is not None:
        pathlib.Path(stores[1].path("v")).write_bytes(at_target)
    with pytest.raises(exception.VolumeBackendAPIException, match="is kept"):
        move.finish()
    assert names(stores[0]) == ["v"]


def test_the_only_copy_is_never_removed_by_undoing(
    move: LocalMove, stores: tuple[FileStore, FileStore]
) -> None:
    move.run(sparse=True)
    move.finish()
    with pytest.raises(exception.VolumeBackendAPIException, match="is kept"):
        move.cancel()
    assert names(stores[1]) == ["v"]
