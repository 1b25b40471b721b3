# SPDX-License-Identifier: Apache-2.0
"""Writes pieces of a disk of random bytes to a block device, inside the machine.

``device.py SOURCE TARGET`` reads lines ``FROM TO LENGTH`` (bytes, multiples of 512) and copies
each. Past the page cache, which is the slow part in the machine. Standard library only.
"""

from __future__ import annotations

import mmap
import os
import sys


def main(source: str, target: str) -> None:
    """Do what standard input says."""
    pieces = [[int(word) for word in line.split()] for line in sys.stdin]
    one = os.open(source, os.O_RDONLY | os.O_DIRECT)
    other = os.open(target, os.O_WRONLY | os.O_DIRECT)
    buffer = mmap.mmap(-1, max(length for _, _, length in pieces))  # aligned, for O_DIRECT
    view = memoryview(buffer)
    for begin, place, length in pieces:
        if os.preadv(one, [view[:length]], begin) != length:
            raise SystemExit(f"{source} ends too early")
        if os.pwrite(other, view[:length], place) != length:
            raise SystemExit(f"{target} ends too early")
    os.fsync(other)


if __name__ == "__main__":
    main(*sys.argv[1:])
