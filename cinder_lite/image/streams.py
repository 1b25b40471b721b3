# SPDX-License-Identifier: Apache-2.0
"""An image's bytes on their way: read ahead of what sends them, or written behind what receives.

One side is the connection to Glance, which is the caller's thread; the other is the disk, in a real
thread of its own, so that neither waits for the other. What is between them is a few MiB, however
large the image is. Holes are neither read nor written.
"""

from __future__ import annotations

import collections
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import Self

from cinder_lite import concurrency, exception
from cinder_lite.image.glance import CHUNK
from cinder_lite.volume.copy.child.extents import data_extents

AHEAD = 4
"""Pieces that wait between the two sides; as many may be in the hands of the one who takes them."""
_ZERO = bytes(CHUNK)
_ZEROS = memoryview(_ZERO)

Piece = bytes | int
"""Data, at most :data:`CHUNK` bytes, or the length of a hole."""


class _Line:
    """Pieces that one thread gives to another, of which one is green perhaps and one is real.

    The methods but :meth:`offer`, :meth:`end` and :meth:`halt` may wait, so a green thread calls
    them through ``run_blocking``.
    """

    def __init__(self) -> None:
        self._changed = concurrency.native("threading").Condition()
        self._pieces = collections.deque[Piece]()
        self._ended = False
        self.halted = False
        """True when one side has given up: nothing is passed on any more."""

    def offer(self, piece: Piece) -> bool:
        """Pass a piece on if that needs no waiting; False where it does."""
        with self._changed:
            if len(self._pieces) >= AHEAD and not self.halted:
                return False
            self._add(piece)
            return True

    def put(self, piece: Piece) -> None:
        """Pass a piece on."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._pieces) < AHEAD or self.halted)
            self._add(piece)

    def _add(self, piece: Piece) -> None:
        if not self.halted:
            self._pieces.append(piece)
            self._changed.notify_all()

    def take(self) -> list[Piece]:
        """Return all pieces that there are, at least one; none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._pieces or self._ended or self.halted)
            taken = list(self._pieces)
            self._pieces.clear()
            self._changed.notify_all()
            return taken

    def end(self) -> None:
        """Say that nothing more will come."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def halt(self) -> None:
        """Give up; who waits goes on."""
        with self._changed:
            self.halted = True
            self._pieces.clear()
            self._changed.notify_all()


class _Side:
    """The disk's side of a line, in a real thread."""

    def __init__(self, work: Callable[[], None], line: _Line) -> None:
        self._work, self._line = work, line
        self.error: Exception | None = None
        """What went wrong."""
        self._thread = concurrency.native("threading").Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._work()
            self._line.end()
        except Exception as error:
            self.error = error
            self._line.halt()

    def join(self) -> None:
        """Wait for its end."""
        concurrency.run_blocking(self._thread.join)


class Outgoing:
    """A file's or device's data as the body of a request, sent once; a context manager.

    :param path: what this process may read; the holes of a regular file are found
    :param size: bytes to send
    :param extents: offset and length in bytes of what a device holds, in order, where that is
        known; the rest reads as zero
    """

    def __init__(
        self, path: str, size: int, extents: Iterable[tuple[int, int]] | None = None
    ) -> None:
        self._path, self._size, self._extents = path, size, extents
        self._line = _Line()

    def __enter__(self) -> Self:
        self._reader = _Side(self._read, self._line)
        return self

    def __exit__(self, *_: object) -> None:
        self._line.halt()
        self._reader.join()

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes | memoryview]:
        while pieces := concurrency.run_blocking(self._line.take):
            for piece in pieces:
                yield from _zeros(piece) if isinstance(piece, int) else (piece,)
        error = self._reader.error
        if error is not None:
            raise exception.ImageCopyFailure(
                reason=f"the volume can not be read: {error}."
            ) from error

    def _read(self) -> None:
        """Pass everything on; runs in the disk's thread."""
        line = self._line
        fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            done = 0
            for offset, length in self._data(fd):
                if offset > done:
                    line.put(offset - done)
                done, end = offset, offset + length
                while done < end and not line.halted:
                    data = os.pread(fd, min(CHUNK, end - done), done)
                    if not data:
                        raise EOFError(f"it ends after {done} of {self._size} bytes")
                    line.put(data)
                    done += len(data)
            if done < self._size:
                line.put(self._size - done)
            # Leave the page cache to those who need it.
            os.posix_fadvise(fd, 0, self._size, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(fd)

    def _data(self, fd: int) -> Iterable[tuple[int, int]]:
        """Tell where there is data, from the first byte to the last."""
        facts = os.fstat(fd)
        if stat.S_ISREG(facts.st_mode) and facts.st_size >= self._size:
            os.fsync(fd)  # on some file systems, unwritten data looks like a hole
            return data_extents(fd, self._size)
        if self._extents is None:
            return [(0, self._size)]
        inside = ((first, length) for first, length in self._extents if first < self._size)
        return ((first, min(length, self._size - first)) for first, length in inside)


def _zeros(length: int) -> Iterator[memoryview]:
    for first in range(0, length, CHUNK):
        yield _ZEROS[: length - first]


class Incoming:
    """Writes what arrives into a new file, behind who receives it; a context manager.

    Zeros become holes. The ``with`` block ends when all is written; ``OSError`` tells there, or at
    the next piece, that it can not be.

    :param path: of the file to make
    :param seen: is given every piece, in order, in the disk's thread
    """

    def __init__(self, path: str, seen: Callable[[bytes], object]) -> None:
        self._path, self._seen = path, seen
        self._line = _Line()

    def __enter__(self) -> Self:
        self._fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._writer = _Side(self._write, self._line)
        return self

    def write(self, data: bytes) -> None:
        """Have data written at the end of the file."""
        if not self._line.offer(data):
            concurrency.run_blocking(self._line.put, data)
        self._check()

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._line.end()
        else:
            self._line.halt()
        self._writer.join()
        os.close(self._fd)
        if kind is None:
            self._check()

    def _check(self) -> None:
        if self._writer.error is not None:
            raise self._writer.error

    def _write(self) -> None:
        """Write what arrives; runs in the disk's thread."""
        done = 0
        while pieces := self._line.take():
            for data in pieces:
                assert isinstance(data, bytes)
                self._seen(data)
                # Of all ways to find zeros, two objects of this type are compared the fastest.
                if data != _ZERO[: len(data)]:
                    _write_all(self._fd, data, done)
                done += len(data)
        os.ftruncate(self._fd, done)


def _write_all(fd: int, data: bytes, offset: int) -> None:
    left = memoryview(data)
    while left:
        count = os.pwrite(fd, left, offset)
        left, offset = left[count:], offset + count
