# SPDX-License-Identifier: Apache-2.0
"""Writes to block devices and sums them up, inside the machine. Standard library only.

``device.py digest PATH`` prints a SHA-256 over all bytes; blocks of zeros enter it by their
absence, so that a device of mostly zeros takes little time. ``device.py fill PATH SEED MIB``
writes so many MiB in pieces at odd places. ``device.py count PATH TEXT`` prints how many blocks of
4 KiB begin with the text, and ``device.py pattern PATH TEXT`` writes such blocks to all of it.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import random
import sys
from collections.abc import Callable, Iterator

MIB = 1024 * 1024
PAGE = 4096


def blocks(path: str) -> Iterator[tuple[int, bytes]]:
    """Yield the blocks of 1 MiB that are not all zeros, each with its offset in bytes.

    Read past the page cache, which is the slow part in the machine.
    """
    nothing = bytes(MIB)
    buffer = mmap.mmap(-1, MIB)  # aligned, as O_DIRECT wants it
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECT)
    try:
        offset = 0
        while length := os.preadv(descriptor, [buffer], offset):
            block = buffer[:length]
            if block != nothing[:length]:
                yield offset, block
            offset += length
    finally:
        os.close(descriptor)


def size_of(path: str) -> int:
    """Return the size of a device or file in bytes."""
    with open(path, "rb") as stream:
        return stream.seek(0, os.SEEK_END)


def digest(path: str) -> str:
    """Return the digest of a device."""
    total = hashlib.sha256(str(size_of(path)).encode())
    for offset, block in blocks(path):
        total.update(f"{offset}:".encode() + block)
    return total.hexdigest()


def fill(path: str, seed: str, mebibytes: str) -> None:
    """Write random bytes in pieces of up to 2 MiB that begin and end at odd places."""
    source = random.Random(seed)
    size = size_of(path)
    left = int(mebibytes) * MIB
    with open(path, "r+b", buffering=0) as stream:
        while left > 0:
            length = min(left, source.randrange(1, 2 * MIB))
            stream.seek(source.randrange(0, size - length))
            stream.write(os.urandom(length))
            left -= length
        for offset in (0, size - 777):  # the very first and the very last bytes too
            stream.seek(offset)
            stream.write(os.urandom(777))
        os.fsync(stream.fileno())


def pattern(path: str, text: str) -> None:
    """Write blocks of 4 KiB that begin with a text to the whole of a device."""
    buffer = mmap.mmap(-1, MIB)
    buffer.write(text.encode().ljust(PAGE, b".") * (MIB // PAGE))
    descriptor = os.open(path, os.O_WRONLY | os.O_DIRECT)
    try:
        for offset in range(0, size_of(path), MIB):
            os.pwrite(descriptor, buffer, offset)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def count(path: str, text: str) -> int:
    """Count the blocks of 4 KiB that begin with a text."""
    wanted = text.encode()
    return sum(
        block.startswith(wanted, start)
        for _, block in blocks(path)
        for start in range(0, len(block), PAGE)
    )


def main(command: str, *words: str) -> None:
    """Do what the command line says."""
    commands: dict[str, Callable[..., object]] = {
        "digest": digest,
        "fill": fill,
        "pattern": pattern,
        "count": count,
    }
    result = commands[command](*words)
    if result is not None:
        print(result)


if __name__ == "__main__":
    main(*sys.argv[1:])
