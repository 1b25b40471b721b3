# SPDX-License-Identifier: Apache-2.0
"""The thin pool of a group, and which parts of a thin volume hold data."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Iterator, Mapping

from oslo_concurrency import lockutils
from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception
from cinder_lite.volume.lvm import names
from cinder_lite.volume.lvm.executor import CommandFailed, Executor
from cinder_lite.volume.lvm.group import VolumeGroup
from cinder_lite.volume.lvm.report import THIN, THIN_POOL, LogicalVolume

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_SECTOR = 512
# thin_dump's XML is one element a line and may be large: no parser, no tree.
_BLOCK_SIZE = re.compile(r'<superblock [^>]*data_block_size="(\d+)"')
_MAPPING = re.compile(
    r'<(?:range_mapping origin_begin="(?P<first>\d+)" data_begin="\d+" length="(?P<count>\d+)"'
    r'|single_mapping origin_block="(?P<single>\d+)")'
)
_making = threading.Lock()


def pool_name(group: str) -> str:
    """Return the name of a group's thin pool."""
    return f"{group}-pool"


def ensure_pool(group: VolumeGroup) -> LogicalVolume:
    """Return a group's thin pool; it is made of nearly all free space when it is missing.

    :raises VolumeBackendAPIException: it can not be made, or it would show one volume's old data
        in another
    """
    name = pool_name(group.name)
    with _making:
        pool = group.find(name)
        if pool is None:
            LOG.info("The volume group %s gets the thin pool %s", group.name, name)
            try:
                group.make_pool(name)
            except CommandFailed:
                if group.find(name) is None:  # otherwise another process was faster
                    raise
            pool = group.require(name)
    if pool.kind != THIN_POOL:
        raise exception.VolumeBackendAPIException(
            data=f"the logical volume {group.name}/{name} is no thin pool, but {pool.kind}."
        )
    if not pool.zeroes:
        raise exception.VolumeBackendAPIException(
            data=f"the thin pool {group.name}/{name} does not clear the chunks that it gives out, "
            "so that volumes would show each other's old data; "
            f"`lvchange --zero y {group.name}/{name}` mends that."
        )
    return pool


def external_origin(volume: LogicalVolume, present: Mapping[str, LogicalVolume]) -> str:
    """Return what a thin volume reads where its pool has given it no space, '' for zeros.

    That is a logical volume outside of the pool, of the volume's own or of one that it is a
    snapshot of (``lvmthin(7)``, external origin). The pool's metadata know nothing of it.

    :param present: the group's logical volumes by name
    """
    while volume.kind == THIN and volume.origin:
        origin = present.get(volume.origin)
        if origin is None or origin.kind != THIN or origin.pool != volume.pool:
            return volume.origin
        volume = origin
    return ""


def mapped_extents(
    executor: Executor, group: VolumeGroup, volume: LogicalVolume
) -> list[tuple[int, int]] | None:
    """Return the parts of a thin volume that hold data: offset and length in bytes, in order.

    The pool's metadata is read through a snapshot of it that the kernel makes in one step, after
    committing what it has not written yet; there is one such snapshot per pool at a time. The
    answer holds for a volume that nobody writes to, so the volume must be closed.

    :returns: None where that can not be known: the whole volume must be read
    """
    if volume.kind != THIN or volume.thin_id is None or volume.open:
        return None
    if volume.origin and external_origin(volume, group.volumes()):
        return None
    mapped = f"{names.mapped(group.name)}-{names.mapped(volume.pool)}"
    locks = os.path.join(CONF.state_path, "lock")
    # Between processes, too: what is reserved at this time is a dead one's.
    with lockutils.lock(f"{mapped}-metadata-snap", external=True, lock_path=locks):
        try:
            _reserve(executor, mapped)
            try:
                dump = executor.root(
                    "thin_dump",
                    "--metadata-snap",
                    "--dev-id",
                    str(volume.thin_id),
                    f"/dev/mapper/{mapped}_tmeta",
                )
            finally:
                _message(executor, mapped, "release_metadata_snap")
        except CommandFailed as failure:
            LOG.warning(
                "The whole of %s/%s is read, because the map of its data is not to be had: %s",
                group.name,
                volume.name,
                failure.sentence,
            )
            return None
    return parse_dump(dump)


def parse_dump(text: str) -> list[tuple[int, int]] | None:
    """Return the extents in what thin_dump has printed of one volume, None if it is unreadable."""
    superblock = _BLOCK_SIZE.search(text)
    if superblock is None or "</superblock>" not in text or text.count("<device ") != 1:
        return None
    chunk = int(superblock[1]) * _SECTOR
    joined: list[tuple[int, int]] = []
    for first, count in sorted(_mappings(text)):
        offset, length = first * chunk, count * chunk
        if joined and sum(joined[-1]) == offset:
            joined[-1] = (joined[-1][0], joined[-1][1] + length)
        else:
            joined.append((offset, length))
    return joined


def _mappings(text: str) -> Iterator[tuple[int, int]]:
    for match in _MAPPING.finditer(text):
        if match["single"]:
            yield int(match["single"]), 1
        else:
            yield int(match["first"]), int(match["count"])


def _reserve(executor: Executor, mapped: str) -> None:
    """Make the snapshot of a pool's metadata; one that a killed service has left makes room."""
    try:
        _message(executor, mapped, "reserve_metadata_snap")
    except CommandFailed:
        with contextlib.suppress(CommandFailed):  # there is none: the reason is another one
            _message(executor, mapped, "release_metadata_snap")
        _message(executor, mapped, "reserve_metadata_snap")


def _message(executor: Executor, mapped: str, message: str) -> None:
    executor.root("dmsetup", "message", f"{mapped}-tpool", "0", message)
