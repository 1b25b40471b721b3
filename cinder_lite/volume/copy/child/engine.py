# SPDX-License-Identifier: Apache-2.0
"""Reads and writes in flight between two files or block devices."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import stat
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from .bucket import TokenBucket
from .extents import data_extents, differing_runs, nonzero_runs

ALIGNMENT = 4096
"""Bytes. O_DIRECT transfers start and end at multiples of it; few devices ask for more."""
BLOCK = 1024 * 1024
"""Bytes of one read or write."""
THREADS = 4
"""Reads and writes in flight; more gained nothing on local disks."""
REPORT_INTERVAL = 0.5
"""Seconds between two reports of progress."""
FILL_BLOCK = 16 * 1024 * 1024
"""Bytes of one request to write zeros."""
BLKZEROOUT = 0x127F
"""ioctl of block devices (linux/fs.h): write zeros, which many devices do by themselves."""
NOT_IN_KERNEL = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM)
"""What copy_file_range says where it does not serve these two files."""


class Side:
    """The source or the target of a copy: a path, opened with O_DIRECT where that works.

    :param path: a file or block device
    :param flags: of :func:`os.open`
    :param direct: False opens it without O_DIRECT
    """

    def __init__(self, path: str, flags: int, direct: bool) -> None:
        self.path = path
        self.fd = self._open(flags | os.O_CLOEXEC, direct)

    def _open(self, flags: int, direct: bool) -> int:
        if direct:
            try:
                return os.open(self.path, flags | os.O_DIRECT)
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                    raise
        return os.open(self.path, flags)

    def read(self, view: memoryview, offset: int) -> None:
        """Fill ``view`` from ``offset``; raise OSError where the file ends before that."""
        self._transfer("read", lambda done: os.preadv(self.fd, [view[done:]], offset + done), view)

    def write(self, view: memoryview, offset: int) -> None:
        """Write all of ``view`` at ``offset``."""
        self._transfer("write", lambda done: os.pwrite(self.fd, view[done:], offset + done), view)

    def zero(self, offset: int, length: int) -> None:
        """Make a range read as zero, whatever it held."""
        if stat.S_ISBLK(os.fstat(self.fd).st_mode):
            try:
                fcntl.ioctl(self.fd, BLKZEROOUT, struct.pack("QQ", offset, length))
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.ENOTTY, errno.EOPNOTSUPP):
                    sentence = f"cannot write {self.path}: {error.strerror}"
                    raise OSError(error.errno, sentence) from error
            else:
                return
        with mmap.mmap(-1, min(BLOCK, length)) as zeros, memoryview(zeros) as view:
            for first in range(0, length, len(view)):
                self.write(view[: min(len(view), length - first)], offset + first)

    def _transfer(self, verb: str, move: Callable[[int], int], view: memoryview) -> None:
        done = 0
        retried = False
        while done < len(view):
            try:
                count = move(done)
            except OSError as error:
                if error.errno != errno.EINVAL or retried:
                    sentence = f"cannot {verb} {self.path}: {error.strerror}"
                    raise OSError(error.errno, sentence) from error
                # The device wants a larger alignment than ours: go on through the page cache.
                retried = True
                flags = fcntl.fcntl(self.fd, fcntl.F_GETFL)
                fcntl.fcntl(self.fd, fcntl.F_SETFL, flags & ~os.O_DIRECT)
                continue
            if not count:
                raise OSError(errno.EIO, f"cannot {verb} {self.path}: it ends too early")
            done += count


class Copier:
    """One copy. :meth:`run` does it; ``copied`` and ``skipped`` tell how far it is, in bytes.

    The parameters are those of the command line; see the package.
    """

    def __init__(
        self,
        source: str,
        target: str,
        size: int,
        *,
        holes: bool = False,
        zeros: bool = False,
        extents: Sequence[tuple[int, int]] | None = None,
        fill: bool = False,
        compare: bool = False,
        offload: bool = False,
        limit: int = 0,
        threads: int = THREADS,
        block: int = BLOCK,
    ) -> None:
        self.size = size
        self.copied = 0
        self.skipped = 0
        self.bucket = TokenBucket(limit)
        # A tail that is no multiple of the sector size can not be written with O_DIRECT.
        direct = not offload and size % ALIGNMENT == 0 and block % ALIGNMENT == 0
        self._source = Side(source, os.O_RDONLY, direct)
        self._target = Side(target, os.O_RDWR, direct)
        self._holes = holes and stat.S_ISREG(os.fstat(self._source.fd).st_mode)
        self._zeros = zeros
        self._extents = extents
        self._fill = fill
        self._compare = compare
        self._clears = (
            fill and not (zeros or compare) and stat.S_ISBLK(os.fstat(self._target.fd).st_mode)
        )
        self._offload = offload
        self._threads = threads
        self._block = block
        self._lock = threading.Lock()
        self._blocks = self._plan()
        self._error: str | None = None

    def run(self, report: Callable[[int, int], None]) -> str | None:
        """Copy and flush the target; return None, or a sentence on what went wrong.

        :param report: told the bytes copied and skipped each half second
        """
        workers = [threading.Thread(target=self._work) for _ in range(self._threads)]
        for worker in workers:
            worker.start()
        due = time.monotonic() + REPORT_INTERVAL
        for worker in workers:
            while worker.is_alive():
                worker.join(max(0.0, due - time.monotonic()))
                if time.monotonic() >= due:
                    report(self.copied, self.skipped)
                    due += REPORT_INTERVAL
        if self._error is None:
            self._finish()
        report(self.copied, self.skipped)
        return self._error

    def _finish(self) -> None:
        done = self.copied + self.skipped
        if done != self.size:
            self._error = f"only {done} of {self.size} bytes were copied"
            return
        try:
            os.fsync(self._target.fd)
        except OSError as error:
            self._error = f"cannot flush {self._target.path}: {error.strerror}"
            return
        for side in (self._source, self._target):  # leave the page cache to those who need it
            os.posix_fadvise(side.fd, 0, self.size, os.POSIX_FADV_DONTNEED)

    def _plan(self) -> Iterator[tuple[int, int, bool]]:
        """Cut the work into blocks: offset, length, and whether it is data or a hole to fill."""
        for offset, length, is_data in self._parts():
            if not is_data and not self._fill:
                self.skipped += length
                continue
            block = self._block if is_data else FILL_BLOCK
            for first in range(offset, offset + length, block):
                yield first, min(block, offset + length - first), is_data

    def _parts(self) -> Iterator[tuple[int, int, bool]]:
        """Tell what lies where, from the first byte to the last: offset, length, is it data."""
        extents: Iterable[tuple[int, int]]
        if self._extents is not None:
            extents = self._extents
        elif self._holes:
            os.fsync(self._source.fd)  # on some file systems, unwritten data looks like a hole
            extents = data_extents(self._source.fd, self.size)
        else:
            extents = [(0, self.size)]
        done = 0
        for offset, length in extents:
            start = min(max(offset - offset % ALIGNMENT, done), self.size)
            end = min(offset + length + -(offset + length) % ALIGNMENT, self.size)
            if start > done:
                yield done, start - done, False
            if end > start:
                yield start, end - start, True
            done = max(done, end)
        if self.size > done:
            yield done, self.size - done, False

    def _work(self) -> None:
        buffer = mmap.mmap(-1, self._block)  # page-aligned, as O_DIRECT wants it
        there = mmap.mmap(-1, self._block) if self._compare else None
        while self._error is None:
            try:
                with self._lock:
                    offset, length, is_data = next(self._blocks, (0, 0, False))
                if not length:
                    return
                self.bucket.acquire(length)
                if not is_data:
                    self._target.zero(offset, length)
                    self._count(0, length)
                elif not (self._offload and self._copy_in_kernel(offset, length)):
                    self._copy_block(buffer, there, offset, length)
            except OSError as error:
                self._error = self._error or error.strerror

    def _copy_block(
        self, buffer: mmap.mmap, there: mmap.mmap | None, offset: int, length: int
    ) -> None:
        written = 0
        with memoryview(buffer) as view:
            self._source.read(view[:length], offset)
            # The first byte alone decides for most data.
            if self._clears and not buffer[0] and not any(nonzero_runs(buffer, length)):
                self._target.zero(offset, length)
                self._count(0, length)
                return
            for first, last in self._to_write(buffer, there, offset, length):
                self._target.write(view[first:last], offset + first)
                written += last - first
        self._count(written, length - written)

    def _to_write(
        self, buffer: mmap.mmap, there: mmap.mmap | None, offset: int, length: int
    ) -> Iterable[tuple[int, int]]:
        if there is not None:
            with memoryview(there) as view:
                self._target.read(view[:length], offset)
            return differing_runs(buffer, there, length)
        return nonzero_runs(buffer, length) if self._zeros else [(0, length)]

    def _copy_in_kernel(self, offset: int, length: int) -> bool:
        """Copy without a buffer; False where these two files do not allow it."""
        done = 0
        while done < length:
            try:
                count = os.copy_file_range(
                    self._source.fd, self._target.fd, length - done, offset + done, offset + done
                )
            except OSError as error:
                if done or error.errno not in NOT_IN_KERNEL:
                    raise
                self._offload = False
                return False
            if not count:
                raise OSError(errno.EIO, f"cannot read {self._source.path}: it ends too early")
            done += count
        self._count(length, 0)
        return True

    def _count(self, copied: int, skipped: int) -> None:
        with self._lock:
            self.copied += copied
            self.skipped += skipped
