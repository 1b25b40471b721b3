# SPDX-License-Identifier: Apache-2.0
"""One volume's bytes copied onto another, by whichever means suits the two."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from typing import Any

from oslo_log import log as logging

from cinder_lite import cgroup, exception
from cinder_lite.volume.copy import dd, handles, native, process
from cinder_lite.volume.copy.progress import CopyResult, Meter, Report
from cinder_lite.volume.copy.throttling import Throttle

LOG = logging.getLogger(__name__)

_MIB = 1024**2
_SECTOR = 512
"""Bytes; the kernel counts the size of every block device in these."""


def copy_volume(
    src: Any,
    dest: Any,
    size_in_m: int,
    blocksize: str | int | None = None,
    sync: bool = False,
    execute: dd.Execute = process.execute,
    ionice: str | None = None,
    throttle: Throttle | None = None,
    sparse: bool = False,
    progress: Report | None = None,
    stop: process.Stop | None = None,
    extents: Sequence[tuple[int, int]] | None = None,
    compare: bool = False,
    root_helper: str | None = None,
) -> CopyResult:
    """Copy a volume's data; when this returns, it is on the target's stable storage.

    Two paths are copied by our own process, or by dd where its block size is given and there is
    neither a list of extents nor a bandwidth limit that nobody would keep. Anything else is a file
    object and is copied through ``read`` and ``write``.

    :param src: path of the source, or an object with ``read(length)``, at its start
    :param dest: path of the target, or an object with ``write(data)``, at its start
    :param size_in_m: MiB to copy
    :param blocksize: have dd copy, with blocks of so many bytes, or of a number with a unit such
        as ``1M``; None has our own process copy, which is faster
    :param sync: kept for callers that know Cinder's signature: the target is always flushed
    :param execute: runs dd's two probes for O_DIRECT
    :param ionice: arguments of ionice(1) for the copying process, such as ``-c3``
    :param throttle: the backend's bandwidth limit, None for none
    :param sparse: do not write zeros. The caller vouches for a target that reads as zero:
        otherwise what it held before shows through. A file object gets every byte
    :param progress: called in the caller's thread at least once a second and once at the end
    :param stop: when it is set, the copy is stopped
    :param extents: offset and length in bytes of what the source holds, in order, where that is
        known; the rest reads as zero and is not read, nor need the source reach so far. On a
        target that is not ``sparse`` it is overwritten with zeros
    :param compare: of two devices, read the target, too, and write only what differs
    :param root_helper: the words, in one string, that run ``cinder-lite-copy`` as root; used only
        for devices that this process may not open itself
    :raises VolumeCopyFailed: the copy failed, or cannot fit; the reason is one sentence
    :raises CopyStopped: ``stop`` was set; nothing writes to the target any more
    """
    size = size_in_m * _MIB
    data = _end_of(size, extents)
    _check(src, dest, size, data)
    if stop is not None and stop.is_set():
        raise exception.CopyStopped(reason="it was asked to stop before it began")
    meter = Meter(size, progress)
    with (throttle or Throttle()).subcommand(src, dest) as (limit, group):
        if not (isinstance(src, str) and isinstance(dest, str)):
            handles.copy(src, dest, size, data=data, meter=meter, limit=limit, stop=stop)
            return meter.finish("file")
        helper = root_helper if root_helper and _needs_root(src, dest) else None
        if helper and (os.path.isfile(src) or os.path.isfile(dest)):
            blocksize = None  # dd runs as root on devices only
        block = None if blocksize is None else dd.parse_blocksize(blocksize)
        kept = helper and block and dd.suits_direct(block, size) and cgroup.base()
        plain = extents is None and not compare
        if block is not None and plain and (kept or not limit()):
            try:
                dd.copy(
                    src,
                    dest,
                    size,
                    block,
                    meter=meter,
                    sparse=sparse,
                    execute=execute,
                    limit=limit,
                    group=group,
                    ionice=ionice,
                    root_helper=helper,
                    stop=stop,
                )
                return meter.finish("dd")
            except dd.NoLimit as error:
                LOG.warning("dd is not used: %s; the service's own program copies", error)
        native.copy(
            src,
            dest,
            size,
            meter=meter,
            holes=sparse,
            zeros=sparse,
            extents=extents,
            fill=not sparse,
            compare=compare,
            limit=limit,
            ionice=ionice,
            root_helper=helper,
            stop=stop,
        )
        return meter.finish("native")


def _end_of(size: int, extents: Sequence[tuple[int, int]] | None) -> int:
    """Return how far a source is read: it may be smaller than the target."""
    if extents is None:
        return size
    return min(size, max((sum(extent) for extent in extents), default=0))


def _check(src: Any, dest: Any, size: int, data: int) -> None:
    """Refuse a copy that can not end well before a byte is written."""
    paths = [side for side in (src, dest) if isinstance(side, str)]
    try:
        facts = [os.stat(path) for path in paths]
        sizes = [size_of(path, fact) for path, fact in zip(paths, facts, strict=True)]
    except OSError as error:
        raise exception.VolumeCopyFailed(
            reason=f"cannot open {error.filename}: {error.strerror}"
        ) from error
    if len(facts) == 2 and os.path.samestat(*facts):
        raise exception.VolumeCopyFailed(reason=f"{src} and {dest} are one and the same")
    for path, known in zip(paths, sizes, strict=True):
        wanted = size if path is dest else data
        if known is not None and known < wanted:
            part = "target" if path is dest else "source"
            raise exception.VolumeCopyFailed(
                reason=f"the {part} {path} holds {known} bytes, but {wanted} are to be copied"
            )


def size_of(path: str, facts: os.stat_result | None = None) -> int | None:
    """Return the size of a file or block device in bytes, None where it has none.

    :param facts: what is known of it already
    :raises OSError: it is not there
    """
    facts = facts or os.stat(path)
    if stat.S_ISREG(facts.st_mode):
        return facts.st_size
    if not stat.S_ISBLK(facts.st_mode):
        return None
    device = f"{os.major(facts.st_rdev)}:{os.minor(facts.st_rdev)}"
    try:  # no right to open the device is needed for this
        with open(f"/sys/dev/block/{device}/size", encoding="ascii") as sectors:
            return int(sectors.read()) * _SECTOR
    except FileNotFoundError as error:
        raise OSError(error.errno, "there is no such device", path) from error


def _needs_root(src: Any, dest: Any) -> bool:
    """Tell whether either side is a device that this process may not open itself."""
    for path, right in ((src, os.R_OK), (dest, os.R_OK | os.W_OK)):
        if isinstance(path, str) and not os.access(path, right):
            with contextlib.suppress(OSError):
                if stat.S_ISBLK(os.stat(path).st_mode):
                    return True
    return False
