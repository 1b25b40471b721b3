# SPDX-License-Identifier: Apache-2.0
"""How fast a volume's bytes are copied, beside dd, qemu-img and nbdcopy.

``python -m benchmarks.copy``. Every tool copies the same source onto a target in the same state,
with O_DIRECT where it knows that, and flushes. The tools take turns, so that what else the machine
does meets all of them; a figure is the median of its runs. After its first run a tool's target is
compared with the source.

``full``: a volume full of random bytes, onto a target that an earlier tenant has filled.
``20 % full``: a thin volume with data in scattered extents, onto a new thin volume, which reads as
zero; every tool that can be told so is told so. The extents that cinder_lite is given are what a
thin pool knows of its volume; here they are those of the file behind the device.

As root, the two sides are loop devices with direct I/O; otherwise, or with ``--files``, they are
plain files.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import filecmp
import json
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from cinder_lite.volume.copy import copy_volume
from cinder_lite.volume.copy.child.extents import data_extents

MIB = 1024**2
BLKFLSBUF = 0x1261
"""ioctl of block devices (linux/fs.h): forget what is cached of it."""
PIECE = 4 * MIB
"""Bytes of the thin volume's extents, at most."""


class Side(NamedTuple):
    """The source or the target: a file, and what is copied from or to, itself or a device."""

    file: Path
    path: str

    def forget(self) -> None:
        """Leave nothing of it in the page cache."""
        for path in (self.path, self.file):
            descriptor = os.open(path, os.O_RDWR)
            try:
                os.fsync(descriptor)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                with contextlib.suppress(OSError):  # a file, not a device
                    fcntl.ioctl(descriptor, BLKFLSBUF, 0)
            finally:
                os.close(descriptor)


class Case(NamedTuple):
    """One state of the volume."""

    name: str
    thin: bool
    source: Side
    target: Side
    size: int
    """Bytes."""


Tool = Callable[[Case], object]


def run(*words: str) -> None:
    """Run a tool.

    :raises SystemExit: it failed
    """
    done = subprocess.run(
        words, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: exit status {done.returncode}\n{done.stderr}")


def dd(case: Case, *conversions: str) -> None:
    """Copy as an administrator would by hand."""
    run(
        *("dd", f"if={case.source.path}", f"of={case.target.path}", "bs=1M"),
        *("iflag=direct", "oflag=direct", f"conv={','.join(('notrunc', 'fsync', *conversions))}"),
    )


def qemu_img(case: Case) -> None:
    """Copy with eight requests in flight, written in any order."""
    run(
        *("qemu-img", "convert", "-n", "-W", "-m", "8", "-t", "none", "-T", "none"),
        *(("--target-is-zero",) if case.thin else ()),
        *("-f", "raw", "-O", "raw", case.source.path, case.target.path),
    )


def nbdcopy(case: Case) -> None:
    """Copy with libnbd's copier, which takes local files and devices, too."""
    zero = ("--destination-is-zero",) if case.thin else ()
    run("nbdcopy", "--flush", *zero, case.source.path, case.target.path)


def ours(case: Case) -> None:
    """Copy as a move between two volume groups does."""
    extents = None
    if case.thin:
        with case.source.file.open("rb") as stream:
            extents = list(data_extents(stream.fileno(), case.size))
    copy_volume(
        case.source.path,
        case.target.path,
        case.size // MIB,
        sync=True,
        sparse=case.thin,
        extents=extents,
    )


def tools(*, thin: bool) -> dict[str, Tool]:
    """Return the tools that this machine has, dd first."""
    found: dict[str, Tool] = {"dd": dd}
    if thin:
        found["dd conv=sparse"] = lambda case: dd(case, "sparse")
    if shutil.which("qemu-img"):
        found["qemu-img convert -n -W -m 8"] = qemu_img
    if shutil.which("nbdcopy"):
        found["nbdcopy"] = nbdcopy
    found["cinder_lite"] = ours
    return found


def fill(path: Path, size: int, share: float) -> None:
    """Make a file of random bytes in extents all over it, with holes between them.

    :param size: bytes
    :param share: how much of it is data, 0 to 1
    """
    places = random.Random(1)
    pieces = range(0, size, PIECE)
    wanted = pieces if share >= 1 else sorted(places.sample(pieces, round(len(pieces) * share)))
    with path.open("wb", buffering=0) as stream:
        stream.truncate(size)
        for offset in wanted:
            stream.seek(offset)
            stream.write(os.urandom(min(PIECE, size - offset)))
        os.fsync(stream.fileno())


@contextlib.contextmanager
def side(path: Path, *, as_file: bool) -> Iterator[Side]:
    """Show a file as a block device for the time of a ``with`` block."""
    if as_file:
        yield Side(path, str(path))
        return
    command = ["losetup", "--show", "--find", "--direct-io=on", str(path)]
    device = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    try:
        yield Side(path, device)
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


def make_anew(case: Case) -> None:
    """Bring the target into the state that every run begins with."""
    if case.thin:  # punched, not truncated: a device is on it
        words = ("fallocate", "--punch-hole", "--offset", "0", "--length", str(case.size))
        run(*words, str(case.target.file))
    case.source.forget()
    case.target.forget()


def measure(case: Case, runs: int) -> dict[str, float]:
    """Return the median seconds of every tool."""
    chosen = tools(thin=case.thin)
    seconds: dict[str, list[float]] = {name: [] for name in chosen}
    for number in range(runs):
        for name, tool in chosen.items():
            make_anew(case)
            begin = time.perf_counter()
            tool(case)
            seconds[name].append(time.perf_counter() - begin)
            if number == 0:
                case.target.forget()
                filecmp.clear_cache()
                if not filecmp.cmp(case.source.file, case.target.file, shallow=False):
                    raise SystemExit(f"{name}: the target differs from the source")
    return {name: statistics.median(figures) for name, figures in seconds.items()}


def print_table(case: Case, figures: dict[str, float]) -> None:
    """Print the figures of one case, each beside dd's."""
    print(f"{case.size // MIB} MiB, {case.name}")
    for name, value in figures.items():
        speed = case.size / MIB / value
        print(f"    {name:<30}{value:>8.3f} s{speed:>9.0f} MiB/s{figures['dd'] / value:>8.2f}x dd")


def main() -> None:
    """Make the volumes, measure, print."""
    parser = argparse.ArgumentParser(prog="benchmarks.copy", description=__doc__)
    parser.add_argument("--size", type=int, default=1024, help="MiB of the volumes")
    parser.add_argument("--runs", type=int, default=5, help="of every tool")
    parser.add_argument("--files", action="store_true", help="plain files, not loop devices")
    parser.add_argument("--directory", type=Path, help="on the disk to measure")
    parser.add_argument("--out", type=Path, help="also write the figures here, as JSON")
    args = parser.parse_args()
    as_file = args.files or os.getuid() != 0
    size = args.size * MIB
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="cinder_lite-copy-", dir=args.directory) as name:
        for title, share in (("full", 1.0), ("20 % full", 0.2)):
            source, target = Path(name, "source"), Path(name, "target")
            fill(source, size, share)
            fill(target, size, 0.0 if share < 1 else 1.0)
            with side(source, as_file=as_file) as one, side(target, as_file=as_file) as other:
                case = Case(title, share < 1, one, other, size)
                results[title] = measure(case, args.runs)
            print_table(case, results[title])
    if args.out:
        args.out.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
