# SPDX-License-Identifier: Apache-2.0
"""What need not be copied: holes of a file, blocks of zeros, and what the target has already."""

from __future__ import annotations

import errno
import itertools
import mmap
import os
from collections.abc import Callable, Iterator

ZERO_UNIT = 64 * 1024
"""Bytes: zeros are looked for in units of this size, the smallest usual chunk of a thin pool."""
CHUNK = 4096
"""Bytes: the smallest chunk of an LVM snapshot, which keeps each chunk of its origin once."""


def data_extents(fd: int, size: int) -> Iterator[tuple[int, int]]:
    """Tell where a regular file holds data.

    :param fd: the open file; its position is moved
    :param size: bytes to look at, from the start
    :returns: pairs of offset and length in bytes, in order; what lies between is holes
    """
    offset = 0
    while offset < size:
        try:
            start = os.lseek(fd, offset, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole from here to the end
                return
            raise
        if start >= size:
            return
        end = min(os.lseek(fd, start, os.SEEK_HOLE), size)
        yield start, end - start
        offset = end


def read_extents(path: str) -> list[tuple[int, int]]:
    """Return the extents that a file lists: pairs of offset and length in bytes, in order.

    :raises ValueError: the file is no such list
    """
    if not os.path.isfile(path):
        raise ValueError(f"{path} is no list of extents")
    with open(path, encoding="ascii", errors="replace") as lines:
        pairs = [line.split() for line in lines]
    if not all(len(pair) == 2 and all(word.isdecimal() for word in pair) for pair in pairs):
        raise ValueError(f"{path} is no list of extents")
    extents = [(int(offset), int(length)) for offset, length in pairs]
    if any(a[0] + a[1] > b[0] for a, b in itertools.pairwise(extents)):
        raise ValueError(f"the extents in {path} are not in order")
    return extents


def nonzero_runs(buffer: mmap.mmap | bytes, length: int) -> Iterator[tuple[int, int]]:
    """Tell which parts of a buffer's first ``length`` bytes hold anything but zeros.

    :returns: pairs of first byte and byte after the last, in units of ``ZERO_UNIT``, in order
    """
    zeros = bytes(ZERO_UNIT)
    # The first byte alone decides for most data, and spares a copy of the rest.
    return _runs(
        0, length, ZERO_UNIT, lambda a, b: bool(buffer[a]) or buffer[a:b] != zeros[: b - a]
    )


def differing_runs(
    buffer: mmap.mmap | bytes, other: mmap.mmap | bytes, length: int
) -> Iterator[tuple[int, int]]:
    """Tell which parts of two buffers' first ``length`` bytes differ.

    :returns: pairs of first byte and byte after the last, in units of ``CHUNK``, in order
    """

    def differs(first: int, last: int) -> bool:
        return buffer[first:last] != other[first:last]

    for begin, end in _runs(0, length, ZERO_UNIT, differs):
        yield from _runs(begin, end, CHUNK, differs)


def _runs(
    start: int, stop: int, unit: int, counts: Callable[[int, int], bool]
) -> Iterator[tuple[int, int]]:
    begin: int | None = None
    for first in range(start, stop, unit):
        if counts(first, min(first + unit, stop)):
            begin = first if begin is None else begin
        elif begin is not None:
            yield begin, first
            begin = None
    if begin is not None:
        yield begin, stop
