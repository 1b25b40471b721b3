# SPDX-License-Identifier: Apache-2.0
"""A look at a volume's data: whether a part of it is used, and what file system is on it."""

from __future__ import annotations

import os
import struct

from oslo_concurrency import processutils

from cinder_lite import exception
from cinder_lite.volume.root_helper import root_helper

HEAD = 65536 + 256
"""Bytes at the start of a disk in which a file system says how large it is."""
_CHUNK = 1024**2
_DIFFERENT = 1
"""Exit status of cmp(1)."""


def reads_zero(path: str, offset: int, length: int) -> bool:
    """Tell whether a part of a device or file holds nothing but zeros.

    :param offset: of its first byte
    :param length: bytes
    :raises VolumeCopyFailed: it can not be read
    """
    if os.access(path, os.R_OK):
        return _reads_zero(path, offset, length)
    words = ("cmp", "-n", str(length), "-i", f"{offset}:0", path, "/dev/zero")
    try:
        _as_root(*words)
    except processutils.ProcessExecutionError as error:
        if error.exit_code == _DIFFERENT:
            return False
        raise exception.VolumeCopyFailed(
            reason=f"cannot read {path}: {str(error.stderr).strip()}"
        ) from error
    return True


def _reads_zero(path: str, offset: int, length: int) -> bool:
    with open(path, "rb", buffering=0) as file:
        file.seek(offset)
        while length:
            data = file.read(min(length, _CHUNK))
            if not data:
                raise exception.VolumeCopyFailed(reason=f"{path} ends {length} bytes early")
            if data.strip(b"\0"):
                return False
            length -= len(data)
    return True


def head(path: str) -> bytes:
    """Return the first :data:`HEAD` bytes of a device or file.

    :raises VolumeCopyFailed: it can not be read
    """
    if os.access(path, os.R_OK):
        with open(path, "rb") as file:
            return file.read(HEAD)
    try:
        said = _as_root("od", "-v", "-A", "n", "-t", "x1", "-N", str(HEAD), path)
    except processutils.ProcessExecutionError as error:
        raise exception.VolumeCopyFailed(
            reason=f"cannot read {path}: {str(error.stderr).strip()}"
        ) from error
    return bytes.fromhex(said)


def _as_root(*words: str) -> str:
    out, _ = processutils.execute(*words, run_as_root=True, root_helper=root_helper(), cwd="/")
    return str(out)


# --- what is on a disk -----------------------------------------------------------------------


def content_of(data: bytes) -> tuple[str, int] | None:
    """Return what a disk holds that has a size of its own, and that size in bytes.

    :param data: the disk's first :data:`HEAD` bytes
    :returns: None where nothing of it is known
    """
    data = data.ljust(HEAD, b"\0")
    for look in (_ext, _xfs, _btrfs, _physical_volume, _swap, _partitions):
        found = look(data)
        if found is not None:
            return found
    return None


def _ext(data: bytes) -> tuple[str, int] | None:
    """ext2, ext3 and ext4: the superblock is at 1024."""
    if data[1080:1082] != b"\x53\xef":
        return None
    blocks, log_size = struct.unpack_from("<I16xI", data, 1028)
    if struct.unpack_from("<I", data, 1120)[0] & 0x80:  # incompatible feature 64bit
        blocks |= struct.unpack_from("<I", data, 1360)[0] << 32
    return "an ext file system", blocks << (10 + min(log_size, 6))


def _xfs(data: bytes) -> tuple[str, int] | None:
    if data[:4] != b"XFSB":
        return None
    block, blocks = struct.unpack_from(">IQ", data, 4)
    return "an XFS file system", block * blocks


def _btrfs(data: bytes) -> tuple[str, int] | None:
    if data[65600:65608] != b"_BHRfS_M":
        return None
    return "a Btrfs file system", struct.unpack_from("<Q", data, 65648)[0]


def _physical_volume(data: bytes) -> tuple[str, int] | None:
    """LVM: the label is in one of the first four sectors."""
    for start in range(0, 2048, 512):
        if data[start : start + 8] == b"LABELONE" and data[start + 24 : start + 28] == b"LVM2":
            (header,) = struct.unpack_from("<I", data, start + 20)
            (size,) = struct.unpack_from("<Q", data, start + min(header, HEAD // 2) + 32)
            return "a physical volume of LVM", size
    return None


def _swap(data: bytes) -> tuple[str, int] | None:
    if data[4086:4096] != b"SWAPSPACE2":
        return None
    return "swap space", (struct.unpack_from("<I", data, 1028)[0] + 1) * 4096


def _partitions(data: bytes) -> tuple[str, int] | None:
    """A partition table as of DOS; GPT's has a copy at the disk's end besides."""
    if data[510:512] != b"\x55\xaa":
        return None
    entries = [struct.unpack_from("<B3xB3xII", data, 446 + 16 * number) for number in range(4)]
    if any(status not in (0, 0x80) for status, *_ in entries):
        return None
    ends = [first + count for _, kind, first, count in entries if kind and first]
    return ("partitions", 512 * max(ends)) if ends else None
