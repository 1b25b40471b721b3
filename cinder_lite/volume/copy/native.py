# SPDX-License-Identifier: Apache-2.0
"""Copying by a process of our own: :mod:`cinder_lite.volume.copy.child`, seen from its parent."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Sequence

from cinder_lite.volume.copy import process
from cinder_lite.volume.copy.progress import CopyResult, Meter, Report

CHILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "child")
"""The folder of the process's program."""
_MIN_BLOCK, _BLOCK, _KERNEL_BLOCK = 64 * 1024, 1024**2, 4 * 1024**2
_BLOCKS_PER_SECOND = 16


def copy(
    src: str,
    dest: str,
    size: int,
    *,
    meter: Meter,
    holes: bool = False,
    zeros: bool = False,
    offload: bool = False,
    limit: Callable[[], int] = lambda: 0,
    prefix: Sequence[str] = (),
    ionice: str | None = None,
    stop: process.Stop | None = None,
) -> None:
    """Copy the first ``size`` bytes of a file or block device onto another.

    :param holes: do not read the holes of a source that is a file; the target must read as zero
    :param zeros: do not write blocks of zeros; the target must read as zero
    :param offload: let the kernel copy where it can
    :param limit: bytes per second now, 0 for none; asked several times a second
    :raises VolumeCopyFailed: the copy failed
    :raises CopyStopped: ``stop`` was set
    """
    words = [sys.executable, "-I", "-S", CHILD, f"source={src}", f"target={dest}", f"size={size}"]
    switches = {"holes": holes, "zeros": zeros, "offload": offload}
    words += [f"{name}=1" for name, on in switches.items() if on]
    current = limit()
    if current:
        words += [f"limit={current}", f"block={block_under(current)}"]
    elif offload:
        words += ["threads=2", f"block={_KERNEL_BLOCK}"]

    def tell() -> str | None:
        nonlocal current
        wanted = limit()
        if wanted == current:
            return None
        current = wanted
        return f"limit {wanted}"

    command = process.assemble(words, prefix, ionice)
    outcome = process.run(command, parse=parse_line, meter=meter, stop=stop, tell=tell)
    if outcome.status != 0:
        process.fail(outcome, src, dest)


def sparse_copy_file(
    src: str,
    dest: str,
    size: int,
    progress: Report | None = None,
    stop: process.Stop | None = None,
) -> CopyResult:
    """Copy a regular file onto a new one without touching its holes.

    :param dest: a regular file of at least ``size`` bytes that holds nothing but a hole
    :param size: bytes to copy
    :param progress: told at least once a second how far the copy is, and once at the end
    :param stop: when it is set, the copy is stopped
    :returns: the result; the data is on stable storage
    :raises VolumeCopyFailed: the copy failed
    :raises CopyStopped: ``stop`` was set
    """
    meter = Meter(size, progress)
    facts = [os.stat(path) for path in (src, dest)]
    # Within one file system the kernel copies best, and some move no bytes at all.
    offload = facts[0].st_dev == facts[1].st_dev and all(stat.S_ISREG(f.st_mode) for f in facts)
    copy(src, dest, size, meter=meter, holes=True, offload=offload, stop=stop)
    return meter.finish("native")


def parse_line(line: str) -> tuple[int, int] | None:
    """Return the bytes copied and skipped that a line of the child tells of, None for a message."""
    words = line.split()
    if len(words) == 2 and all(word.isdecimal() for word in words):
        return int(words[0]), int(words[1])
    return None


def block_under(limit: int) -> int:
    """Return a size of reads and writes that lets a limited copy flow rather than jerk."""
    block = limit // _BLOCKS_PER_SECOND // _MIN_BLOCK * _MIN_BLOCK
    return min(max(block, _MIN_BLOCK), _BLOCK)
