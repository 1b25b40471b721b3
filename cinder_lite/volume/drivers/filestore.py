# SPDX-License-Identifier: Apache-2.0
"""A directory of volume files, in which no file is ever seen half made.

A new file is written as ``.partial-<name>``, flushed, and only then linked to its name; a name
that is taken is never overwritten by that. Whoever writes a partial file holds a lock (flock) on
it. The kernel gives the lock up when the writer is gone, however it went, so a partial file
without a lock is a leftover and may be removed at any time.

System calls run in real threads: storage may be slow, and green threads must not wait for it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import functools
import os
import re
from collections.abc import Callable, Iterator
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

from cinder_lite import concurrency, exception

PARTIAL_PREFIX = ".partial-"
FICLONE = 0x40049409
"""ioctl of linux/fs.h: let a file share another's blocks."""
NO_HARD_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:+-]*")

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S")


def _blocking(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Have a method run in a real thread; it may do nothing but system calls."""

    @functools.wraps(method)
    def in_thread(self: S, *args: P.args, **kwargs: P.kwargs) -> T:
        return concurrency.run_blocking(method, self, *args, **kwargs)

    return in_thread


class Usage(NamedTuple):
    """How full a directory is, in bytes."""

    total: int
    free: int
    """What an unprivileged process may still take."""
    provisioned: int
    """The sizes that the files promise, whether they take the space or not."""


class FileStore:
    """The volume files of one directory.

    :param directory: its absolute path
    """

    def __init__(self, directory: str) -> None:
        self.directory = os.path.realpath(directory)

    def path(self, name: str) -> str:
        """Return the path of a file.

        :raises InvalidInput: the name could lead out of the directory, or hide the file
        """
        if not _NAME.fullmatch(name):
            raise exception.InvalidInput(reason=f"{name!r} is no name for a volume's file")
        return os.path.join(self.directory, name)

    @_blocking
    def prepare(self) -> list[str]:
        """Make the directory if it is missing, and remove leftovers of killed writers.

        :returns: the names of the leftovers
        """
        os.makedirs(self.directory, mode=0o700, exist_ok=True)
        removed = []
        for entry in list(os.scandir(self.directory)):
            if not entry.name.startswith(PARTIAL_PREFIX) or not entry.is_file(
                follow_symlinks=False
            ):
                continue
            if _remove_unlocked(entry.path):
                removed.append(entry.name)
        return removed

    @_blocking
    def writable(self) -> bool:
        """Tell whether the directory exists and files can be made in it."""
        return os.path.isdir(self.directory) and os.access(self.directory, os.W_OK | os.X_OK)

    @_blocking
    def is_same_as(self, other: FileStore) -> bool:
        """Tell whether two stores are one directory, by whatever names."""
        return os.path.samefile(self.directory, other.directory)

    @_blocking
    def size(self, name: str) -> int | None:
        """Return a file's size in bytes, None where there is no such file."""
        try:
            return os.stat(self.path(name)).st_size
        except FileNotFoundError:
            return None

    @_blocking
    def usage(self) -> Usage:
        """Return how full the directory is."""
        facts = os.statvfs(self.directory)
        provisioned = 0
        with os.scandir(self.directory) as entries:
            for entry in entries:
                # A file may go while we look.
                with contextlib.suppress(FileNotFoundError):
                    if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                        provisioned += entry.stat(follow_symlinks=False).st_size
        return Usage(facts.f_blocks * facts.f_frsize, facts.f_bavail * facts.f_frsize, provisioned)

    @_blocking
    def files(self) -> list[tuple[str, int]]:
        """Return the names and sizes, in bytes, of the directory's files, without half made ones.

        A file with a name that :meth:`path` refuses is left out.
        """
        found = []
        with os.scandir(self.directory) as entries:
            for entry in entries:
                # A file may go while we look.
                with contextlib.suppress(FileNotFoundError):
                    if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                        found.append((entry.name, entry.stat(follow_symlinks=False).st_size))
        return found

    @contextlib.contextmanager
    def new(self, name: str) -> Iterator[Partial]:
        """Yield a new, empty file that gets its name when it is published, or else vanishes.

        :raises BlockingIOError: another process is making a file of that name
        """
        partial = self._open_partial(name)
        try:
            yield partial
        finally:
            partial.discard()

    @_blocking
    def _open_partial(self, name: str) -> Partial:
        final = self.path(name)
        path = os.path.join(self.directory, PARTIAL_PREFIX + name)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        while True:
            try:
                fd = os.open(path, flags, 0o600)
            except FileExistsError:
                if _remove_unlocked(path):
                    continue
                text = "another process is writing it"
                raise BlockingIOError(errno.EAGAIN, text, path) from None
            # Between open and lock, the file could be taken for a leftover: then begin again.
            if _lock(fd, path):
                return Partial(path, final, fd)
            os.close(fd)

    @_blocking
    def grow(self, name: str, size: int, sparse: bool) -> None:
        """Make a file larger; one that is as large already stays as it is.

        :param size: bytes
        :param sparse: do not take the space now
        """
        fd = os.open(self.path(name), os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            before = os.fstat(fd).st_size
            if before < size:
                _extend(fd, before, size, sparse)
                os.fsync(fd)
        finally:
            os.close(fd)

    @_blocking
    def delete(self, name: str) -> None:
        """Remove a file, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path(name))
        _sync_directory(self.directory)

    @_blocking
    def discard_partial(self, name: str) -> None:
        """Remove what a writer that is gone has left of a new file.

        :raises BlockingIOError: the writer is still there
        """
        path = os.path.join(self.directory, PARTIAL_PREFIX + name)
        if not _remove_unlocked(path):
            raise BlockingIOError(errno.EAGAIN, "another process is writing it", path)

    @_blocking
    def rename(self, old: str, new: str) -> bool:
        """Give a file another name, unless a different file has it.

        May be repeated after a crash at any point.

        :returns: False where the name is taken
        :raises FileNotFoundError: there is no such file
        """
        old_path, new_path = self.path(old), self.path(new)
        if os.path.lexists(new_path) and not os.path.lexists(old_path):
            return True  # it was renamed before the crash
        try:
            _link(old_path, new_path)
        except FileExistsError:
            if not os.path.samefile(old_path, new_path):
                return False
        with contextlib.suppress(FileNotFoundError):
            os.unlink(old_path)
        _sync_directory(self.directory)
        return True

    @_blocking
    def link_from(self, other: FileStore, name: str) -> bool:
        """Have another directory's file here, too, under the same name; no bytes move.

        May be repeated.

        :returns: False where the two directories can not share a file
        :raises FileExistsError: a different file has the name
        """
        theirs, ours = other.path(name), self.path(name)
        try:
            os.link(theirs, ours)
        except FileExistsError:
            if not os.path.samefile(theirs, ours):
                raise
        except OSError as error:
            if error.errno in (errno.EXDEV, *NO_HARD_LINKS):
                return False
            raise
        _sync_directory(self.directory)
        return True


class Partial:
    """A file that is being made, made by :meth:`FileStore.new`."""

    def __init__(self, path: str, final: str, fd: int) -> None:
        self.path = path
        """Where it is written."""
        self._final = final
        self._fd = fd
        self._published = False

    @_blocking
    def resize(self, size: int, sparse: bool) -> None:
        """Make it ``size`` bytes long; what is added reads as zero.

        :param sparse: do not take the space now
        """
        _extend(self._fd, os.fstat(self._fd).st_size, size, sparse)

    @_blocking
    def share_blocks_of(self, path: str) -> bool:
        """Take over another file's data without copying it.

        :returns: False where the file system can not do that
        """
        source = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.ioctl(self._fd, FICLONE, source)
        except OSError as error:
            if error.errno in (errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL):
                return False
            raise
        finally:
            os.close(source)
        return True

    @_blocking
    def publish(self, replace: bool = False) -> None:
        """Flush the file and give it its name.

        :param replace: put it in the place of the file that has the name
        :raises FileExistsError: a file has the name
        """
        os.fsync(self._fd)
        if replace:
            os.rename(self.path, self._final)
            self._published = True
        else:
            _link(self.path, self._final)
        self._remove()
        _sync_directory(os.path.dirname(self._final))

    @_blocking
    def discard(self) -> None:
        """Give up the lock, and remove the file if it was not published."""
        try:
            self._remove()
        finally:
            os.close(self._fd)

    def _remove(self) -> None:
        if not self._published:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)
        self._published = True


def _lock(fd: int, path: str) -> bool:
    """Lock an open file; False where somebody has locked it, or removed it before."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(fd), os.stat(path, follow_symlinks=False))
    except (BlockingIOError, FileNotFoundError):
        return False


def _remove_unlocked(path: str) -> bool:
    """Remove a partial file that nobody writes; False where somebody does."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True
    try:
        if not _lock(fd, path):
            return not os.path.lexists(path)
        os.unlink(path)
        return True
    finally:
        os.close(fd)


def _link(path: str, final: str) -> None:
    """Give a file a name that must be free; where there are no hard links, instead of its own."""
    try:
        os.link(path, final)
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        # Names hold a volume's id and one process makes it, so nobody takes the name meanwhile.
        if os.path.lexists(final):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), final) from error
        os.rename(path, final)


def _extend(fd: int, before: int, size: int, sparse: bool) -> None:
    try:
        if sparse:
            os.ftruncate(fd, size)
        else:
            os.posix_fallocate(fd, 0, size)
    except OSError:
        os.ftruncate(fd, before)
        raise


def _sync_directory(directory: str) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
