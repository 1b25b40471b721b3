# SPDX-License-Identifier: Apache-2.0
"""Copying by dd(1), whose progress is read while it runs."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Callable

from oslo_log import log as logging

from cinder_lite import cgroup, exception
from cinder_lite.volume.copy import process
from cinder_lite.volume.copy.progress import Meter
from cinder_lite.volume.copy.throttling import GROUP, Teller

LOG = logging.getLogger(__name__)

Execute = Callable[..., tuple[str, str]]
"""Runs a short command; raises when its exit status is not 0."""

DEFAULT_BLOCKSIZE = 1024**2
_ALIGNMENT = 4096
_BLOCKSIZE = re.compile(r"([1-9]\d*) *([kKMGT]?)(?:i?B)?")
_UNITS = {"": 1, "k": 1024, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
# coreutils: "1073741824 bytes (1.1 GB, 1.0 GiB) copied, 0.7 s, 1.5 GB/s"; shorter below 1000 bytes.
_PROGRESS = re.compile(r"(\d+) bytes?\b.* copied, ")
_RECORDS = re.compile(r"\d+\+\d+ records (in|out)")


class NoLimit(Exception):
    """The kernel does not keep a limit; the text says why."""


def parse_blocksize(blocksize: str | int) -> int:
    """Return a block size in bytes.

    :param blocksize: bytes, or a number with a unit: ``512``, ``64K``, ``1M``, ``1MiB``
    """
    match = _BLOCKSIZE.fullmatch(str(blocksize).strip())
    if match is None:
        LOG.warning(
            "Block size %r of volume_dd_blocksize is no size; %s is used",
            blocksize,
            DEFAULT_BLOCKSIZE,
        )
        return DEFAULT_BLOCKSIZE
    return int(match[1]) * _UNITS[match[2]]


def suits_direct(blocksize: int, size: int) -> bool:
    """Tell whether all blocks, also a short last one, suit O_DIRECT.

    :param blocksize: bytes
    :param size: bytes to copy
    """
    return blocksize % _ALIGNMENT == 0 and size % _ALIGNMENT == 0


def takes_direct(execute: Execute, side: str, path: str) -> bool:
    """Tell whether a file or device can be opened with O_DIRECT; nothing in it changes.

    :param side: ``iflag`` for a source, ``oflag`` for a target
    """
    if _is_block_device(path):  # all can, and only root may try
        return True
    # Without notrunc, dd would empty a target that is a file.
    sides = (f"if={path}", "of=/dev/null") if side == "iflag" else ("if=/dev/zero", f"of={path}")
    try:
        execute("dd", "count=0", *sides, f"{side}=direct", "conv=notrunc")
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _is_block_device(path: str) -> bool:
    try:
        return stat.S_ISBLK(os.stat(path).st_mode)
    except OSError:
        return False


def command(
    src: str, dest: str, size: int, blocksize: int, *, sparse: bool, execute: Execute
) -> list[str]:
    """Return the dd command of a copy.

    :param size: bytes to copy
    :param blocksize: bytes
    :param sparse: do not write blocks of zeros; the target must read as zero
    :param execute: runs the probes for O_DIRECT, one for each side
    """
    input_flags = ["count_bytes"]
    output_flags = []
    if suits_direct(blocksize, size):
        if takes_direct(execute, "iflag", src):
            input_flags.append("direct")
        if takes_direct(execute, "oflag", dest):
            output_flags.append("direct")
    # O_DIRECT passes by the page cache, not by the device's own: fsync in any case, once.
    conversions = ["notrunc", *(["sparse"] if sparse else []), "fsync"]
    return [
        "dd",
        f"if={src}",
        f"of={dest}",
        f"count={size}",
        f"bs={blocksize}",
        f"iflag={','.join(input_flags)}",
        *([f"oflag={','.join(output_flags)}"] if output_flags else []),
        f"conv={','.join(conversions)}",
        "status=progress",
    ]


def copy(
    src: str,
    dest: str,
    size: int,
    blocksize: int,
    *,
    meter: Meter,
    sparse: bool = False,
    execute: Execute = process.execute,
    limit: Callable[[], int] = lambda: 0,
    group: str = GROUP,
    ionice: str | None = None,
    root_helper: str | None = None,
    stop: process.Stop | None = None,
) -> None:
    """Copy with dd; the parameters are those of :func:`command` and :func:`process.run`.

    :param limit: bytes per second now, 0 for none; only a dd that runs as root keeps it
    :param group: name of the control group that has the kernel keep it
    :raises NoLimit: it does not, and nothing was copied
    :raises VolumeCopyFailed: dd failed, or copied less than it should
    :raises CopyStopped: ``stop`` was set
    """
    words = command(src, dest, size, blocksize, sparse=sparse, execute=execute)
    teller = Teller(limit) if root_helper else None
    if teller:
        words[1:1] = [f"group={group}", f"limit={teller.told}"]
    outcome = process.run(
        process.assemble(words, ionice, root_helper),
        parse=parse_line,
        meter=meter,
        stop=stop,
        tell=teller,
        as_root=bool(root_helper),
    )
    if teller and outcome.status == cgroup.NO_LIMIT:
        raise NoLimit(outcome.error())
    # The first complaint is the cause; the flush of a target that failed fails, too.
    complaints = [line for line in outcome.messages if line.startswith("dd: ")]
    others = [line for line in outcome.messages if not _RECORDS.match(line)]
    outcome.messages = complaints[:1] or others
    if outcome.status != 0:
        process.fail(outcome, src, dest)
    if meter.copied != size:
        raise exception.VolumeCopyFailed(
            reason=f"dd copied only {meter.copied} of {size} bytes from {src} to {dest}"
        )


def parse_line(line: str) -> tuple[int, int] | None:
    """Return the bytes that a line of dd's progress tells of, None for any other line."""
    match = _PROGRESS.match(line)
    return (int(match[1]), 0) if match else None
