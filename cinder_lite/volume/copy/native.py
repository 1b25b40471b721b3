# SPDX-License-Identifier: Apache-2.0
"""Copying by a process of our own: :mod:`cinder_lite.volume.copy.child`, seen from its parent."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence

from cinder_lite.volume.copy import process
from cinder_lite.volume.copy.progress import CopyResult, Meter, Report
from cinder_lite.volume.copy.throttling import Teller

CHILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "child")
"""The folder of the process's program."""
_MIN_BLOCK, _BLOCK, _KERNEL_BLOCK = 64 * 1024, 1024**2, 4 * 1024**2
_THREADS, _KERNEL_THREADS = 4, 2
_BLOCKS_PER_SECOND = 16


def copy(
    src: str,
    dest: str,
    size: int,
    *,
    meter: Meter,
    holes: bool = False,
    zeros: bool = False,
    extents: Sequence[tuple[int, int]] | None = None,
    fill: bool = False,
    compare: bool = False,
    offload: bool = False,
    limit: Callable[[], int] = lambda: 0,
    ionice: str | None = None,
    root_helper: str | None = None,
    stop: process.Stop | None = None,
) -> None:
    """Copy the first ``size`` bytes of a file or block device onto another.

    :param holes: do not read the holes of a source that is a file; the target must read as zero
    :param zeros: do not write blocks of zeros; the target must read as zero
    :param extents: offset and length in bytes of what the source holds, in order; the rest of it
        reads as zero and is not read
    :param fill: clear the target where the source has holes, and where a target that is a device
        can be spared the transfer of blocks of zeros
    :param compare: read the target, too, and write only what differs
    :param offload: let the kernel copy where it can
    :param limit: bytes per second now, 0 for none; asked several times a second
    :param root_helper: run the process as root by these words
    :raises VolumeCopyFailed: the copy failed
    :raises CopyStopped: ``stop`` was set
    """
    teller = Teller(limit)
    plain = (_BLOCK, _THREADS) if not offload else (_KERNEL_BLOCK, _KERNEL_THREADS)
    block, threads = (block_under(teller.told), _THREADS) if teller.told else plain
    job = {
        "source": src,
        "target": dest,
        "size": size,
        "holes": int(holes),
        "zeros": int(zeros),
        "fill": int(fill),
        "compare": int(compare),
        "offload": int(offload),
        "limit": teller.told,
        "block": block,
        "threads": threads,
    }

    program = ["native"] if root_helper else [sys.executable, "-I", "-S", CHILD]
    with _listed(extents) as path:
        words = [*program, *(f"{name}={value}" for name, value in job.items()), f"extents={path}"]
        outcome = process.run(
            process.assemble(words, ionice, root_helper),
            parse=parse_line,
            meter=meter,
            stop=stop,
            tell=teller,
            as_root=bool(root_helper),
        )
    if outcome.status != 0:
        process.fail(outcome, src, dest)


@contextlib.contextmanager
def _listed(extents: Sequence[tuple[int, int]] | None) -> Iterator[str]:
    """Put extents into a file for the time of a ``with`` block; yield its path, '' without any."""
    if extents is None:
        yield ""
        return
    with tempfile.NamedTemporaryFile("w", prefix="cinder_lite-extents-", encoding="ascii") as file:
        file.writelines(f"{offset} {length}\n" for offset, length in extents)
        file.flush()
        yield file.name


def sparse_copy_file(
    src: str,
    dest: str,
    size: int,
    progress: Report | None = None,
    stop: process.Stop | None = None,
    *,
    offload: bool = True,
) -> CopyResult:
    """Copy a regular file onto a new one without touching its holes.

    :param dest: a regular file of at least ``size`` bytes that holds nothing but a hole
    :param size: bytes to copy
    :param progress: told at least once a second how far the copy is, and once at the end
    :param stop: when it is set, the copy is stopped
    :param offload: let the kernel copy where it can. Some file systems give the target the
        source's blocks then, in the place of those that it has: not for one that must keep them
    :returns: the result; the data is on stable storage
    :raises VolumeCopyFailed: the copy failed
    :raises CopyStopped: ``stop`` was set
    """
    meter = Meter(size, progress)
    facts = [os.stat(path) for path in (src, dest)]
    # Within one file system the kernel copies best, and some move no bytes at all.
    offload &= facts[0].st_dev == facts[1].st_dev and all(stat.S_ISREG(f.st_mode) for f in facts)
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
