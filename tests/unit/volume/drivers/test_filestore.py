# SPDX-License-Identifier: Apache-2.0
"""Tests of a directory of volume files: nothing half made is seen, nothing is overwritten."""

from __future__ import annotations

import errno
import os
import pathlib
import stat
import subprocess
import sys

import pytest

from cinder_lite import exception
from cinder_lite.volume.drivers import filestore
from cinder_lite.volume.drivers.filestore import PARTIAL_PREFIX, FileStore
from tests.unit.volume.copy.conftest import MIB, allocated


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def store(tmp_path: pathlib.Path) -> FileStore:
    made = FileStore(str(tmp_path / "store"))
    made.prepare()
    return made


def names(store: FileStore) -> list[str]:
    return sorted(os.listdir(store.directory))


def make(store: FileStore, name: str, data: bytes = b"", size: int = MIB) -> str:
    with store.new(name) as new:
        new.resize(size, sparse=True)
        with pathlib.Path(new.path).open("r+b") as file:
            file.write(data)
        new.publish()
    return store.path(name)


def crash_in(store: FileStore, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """Make a file and die before a system call, as the kernel sees it."""

    def die(*_: object, **__: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(filestore, "_link" if call == "link" else "_sync_directory", die)
        if call == "unlink":
            patch.setattr(filestore.Partial, "_remove", die)
        # What a dead process does not do is tidy up; its locks go, as its descriptors do.
        patch.setattr(filestore.Partial, "discard", lambda partial: os.close(partial._fd))
        with pytest.raises(Crash):
            make(store, "v", b"data")


# --- the directory -------------------------------------------------------------------------------


def test_the_directory_is_made_for_this_user_only(store: FileStore) -> None:
    assert stat.S_IMODE(os.stat(store.directory).st_mode) == 0o700
    assert store.writable()


def test_a_directory_that_exists_is_left_as_it_is(tmp_path: pathlib.Path) -> None:
    (tmp_path / "d").mkdir(mode=0o750)
    FileStore(str(tmp_path / "d")).prepare()
    assert stat.S_IMODE((tmp_path / "d").stat().st_mode) == 0o750


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "../x", "/etc/passwd", "a\0b"])
def test_names_that_could_lead_elsewhere_are_refused(store: FileStore, name: str) -> None:
    with pytest.raises(exception.InvalidInput):
        store.path(name)


def test_a_directory_is_itself_by_any_name(store: FileStore, tmp_path: pathlib.Path) -> None:
    (tmp_path / "link").symlink_to(store.directory)
    (tmp_path / "other").mkdir()
    assert store.is_same_as(FileStore(str(tmp_path / "link")))
    assert not store.is_same_as(FileStore(str(tmp_path / "other")))


def test_usage_counts_promised_sizes_of_whole_files(store: FileStore) -> None:
    make(store, "a", size=3 * MIB)
    make(store, "b", size=1 << 40)
    with store.new("c") as new:
        new.resize(1 << 30, sparse=True)
        usage = store.usage()
    assert usage.provisioned == 3 * MIB + (1 << 40)
    assert 0 < usage.free <= usage.total


# --- new files -----------------------------------------------------------------------------------


def test_a_new_file_is_seen_when_it_is_whole(store: FileStore) -> None:
    with store.new("v") as new:
        new.resize(MIB, sparse=True)
        assert store.size("v") is None
        assert names(store) == [PARTIAL_PREFIX + "v"]
        new.publish()
        assert names(store) == ["v"]
    assert names(store) == ["v"]
    facts = os.stat(store.path("v"))
    assert (facts.st_size, stat.S_IMODE(facts.st_mode), facts.st_nlink) == (MIB, 0o600, 1)


def test_space_is_taken_only_as_it_is_asked_for(store: FileStore) -> None:
    with store.new("thin") as new:
        new.resize(MIB, sparse=True)
        new.publish()
    with store.new("thick") as new:
        new.resize(MIB, sparse=False)
        new.publish()
    assert allocated(store.path("thin")) == 0
    assert allocated(store.path("thick")) >= MIB


def test_a_new_file_that_fails_vanishes(store: FileStore) -> None:
    with pytest.raises(RuntimeError), store.new("v"):
        raise RuntimeError
    assert names(store) == []


def test_a_name_that_is_taken_is_not_overwritten(store: FileStore) -> None:
    path = make(store, "v", b"old")
    with pytest.raises(FileExistsError):
        make(store, "v", b"new")
    assert pathlib.Path(path).read_bytes().rstrip(b"\0") == b"old"
    assert names(store) == ["v"]


def test_a_file_can_be_replaced_on_purpose(store: FileStore) -> None:
    path = make(store, "v", b"old")
    with store.new("v") as new:
        pathlib.Path(new.path).write_bytes(b"new")
        new.publish(replace=True)
    assert pathlib.Path(path).read_bytes() == b"new"
    assert names(store) == ["v"]


def test_a_file_that_is_being_made_is_made_once(store: FileStore) -> None:
    with store.new("v"), pytest.raises(BlockingIOError, match="another process is writing it"):
        store.new("v").__enter__()
    assert names(store) == []


def test_data_and_name_are_flushed(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = list[str]()
    plain = os.fsync

    def note(fd: int) -> None:
        kinds.append("directory" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file")
        plain(fd)

    monkeypatch.setattr(filestore.os, "fsync", note)
    make(store, "v")
    assert kinds == ["file", "directory"]
    store.delete("v")
    assert kinds == ["file", "directory", "directory"]


def test_a_flush_that_fails_publishes_nothing(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="Input/output error"):
        patch.setattr(filestore.os, "fsync", fail)
        make(store, "v")
    assert names(store) == []


def test_blocks_are_shared_where_the_file_system_can(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(store, "a")
    asked = list[int]()
    monkeypatch.setattr(filestore.fcntl, "ioctl", lambda fd, number, source: asked.append(number))
    with store.new("b") as new:
        assert new.share_blocks_of(store.path("a"))
    assert asked == [filestore.FICLONE]


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL])
def test_where_blocks_can_not_be_shared_it_says_so(
    store: FileStore, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, "no")

    make(store, "a")
    monkeypatch.setattr(filestore.fcntl, "ioctl", refuse)
    with store.new("b") as new:
        assert not new.share_blocks_of(store.path("a"))


def test_without_hard_links_files_are_renamed_and_still_not_overwritten(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(filestore.os, "link", refuse)
    make(store, "v", b"old")
    with pytest.raises(FileExistsError):
        make(store, "v", b"new")
    make(store, "w")
    assert store.rename("w", "x")
    assert not store.rename("x", "v")
    assert names(store) == ["v", "x"]


# --- crashes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "left", "kept"),
    [
        ("link", [PARTIAL_PREFIX + "v"], []),
        ("unlink", [PARTIAL_PREFIX + "v", "v"], ["v"]),
        ("sync", ["v"], ["v"]),
    ],
)
def test_after_a_crash_a_name_means_a_whole_file(
    store: FileStore,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    left: list[str],
    kept: list[str],
) -> None:
    crash_in(store, monkeypatch, call)
    assert names(store) == left
    FileStore(store.directory).prepare()
    assert names(store) == kept
    if kept:
        assert pathlib.Path(store.path("v")).read_bytes().rstrip(b"\0") == b"data"


def test_after_a_crash_the_file_can_be_made_again(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash_in(store, monkeypatch, "link")
    path = make(store, "v", b"again")
    assert pathlib.Path(path).read_bytes().rstrip(b"\0") == b"again"
    assert names(store) == ["v"]


def test_making_a_file_again_never_empties_the_one_that_was_published(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash_in(store, monkeypatch, "unlink")  # one inode with both names
    with pytest.raises(FileExistsError):
        make(store, "v", b"again")
    assert pathlib.Path(store.path("v")).read_bytes().rstrip(b"\0") == b"data"
    assert names(store) == ["v"]


def test_a_writer_of_another_process_is_left_alone_until_it_dies(store: FileStore) -> None:
    script = (
        "import sys, time\n"
        "from cinder_lite.volume.drivers.filestore import FileStore\n"
        "with FileStore(sys.argv[1]).new('v'):\n"
        "    print('writes', flush=True)\n"
        "    time.sleep(1000)\n"
    )
    command = [sys.executable, "-c", script, store.directory]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writes\n"
        assert store.prepare() == []
        with pytest.raises(BlockingIOError):
            store.discard_partial("v")
        writer.kill()
    assert store.prepare() == [PARTIAL_PREFIX + "v"]
    assert names(store) == []


def test_what_is_no_file_is_no_leftover(store: FileStore, tmp_path: pathlib.Path) -> None:
    (tmp_path / "precious").write_text("kept")
    pathlib.Path(store.directory, PARTIAL_PREFIX + "dir").mkdir()
    pathlib.Path(store.directory, PARTIAL_PREFIX + "link").symlink_to(tmp_path / "precious")
    assert store.prepare() == []
    assert (tmp_path / "precious").read_text() == "kept"


# --- files that exist ----------------------------------------------------------------------------


def test_deleting_is_idempotent(store: FileStore) -> None:
    make(store, "v")
    store.delete("v")
    store.delete("v")
    assert names(store) == []


@pytest.mark.parametrize("sparse", [True, False])
def test_files_grow_and_never_shrink(store: FileStore, sparse: bool) -> None:
    path = make(store, "v", b"data")
    store.grow("v", 3 * MIB, sparse)
    assert os.stat(path).st_size == 3 * MIB
    assert pathlib.Path(path).read_bytes().rstrip(b"\0") == b"data"
    store.grow("v", 2 * MIB, sparse)
    assert os.stat(path).st_size == 3 * MIB
    if not sparse:
        assert allocated(path) >= 3 * MIB


def test_growth_that_fails_leaves_the_size(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(store, "v")

    def half(fd: int, offset: int, length: int) -> None:
        os.ftruncate(fd, length // 2)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(filestore.os, "posix_fallocate", half)
    with pytest.raises(OSError, match="No space left"):
        store.grow("v", 8 * MIB, sparse=False)
    assert os.stat(path).st_size == MIB


def test_renaming_does_not_overwrite(store: FileStore) -> None:
    make(store, "a", b"a")
    make(store, "b", b"b")
    assert not store.rename("a", "b")
    assert names(store) == ["a", "b"]
    assert pathlib.Path(store.path("b")).read_bytes().rstrip(b"\0") == b"b"


def test_renaming_may_be_repeated(store: FileStore) -> None:
    make(store, "a", b"a")
    assert store.rename("a", "b")
    assert store.rename("a", "b")
    os.link(store.path("b"), store.path("a"))  # as a crash between its two steps leaves it
    assert store.rename("a", "b")
    assert names(store) == ["b"]


def test_what_is_not_there_can_not_be_renamed(store: FileStore) -> None:
    with pytest.raises(FileNotFoundError):
        store.rename("a", "b")
