# SPDX-License-Identifier: Apache-2.0
"""What may become a volume: an image's description, and what its file turns out to be.

An image is a stranger's file, and formats such as qcow2 and vmdk can name other files of this
node. So a file is looked at by oslo.utils' inspectors, which read bytes and nothing else, before
any program that understands such names is let near it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from oslo_config import cfg

from cinder_lite import concurrency, exception

CONF = cfg.CONF

GIB = 1024**3
RAW = "raw"
_FORMATS = {"raw": "raw", "iso": "iso", "vhd": "vpc", "ploop": "parallels"}
"""Glance's names of formats where qemu-img has other ones."""
_CONVERTIBLE = ("qcow2", "vmdk", "vhd", "vhdx", "vdi", "qed")
_READ = 65536


class Facts(NamedTuple):
    """What an image's file is."""

    format: str
    """qemu-img's name of the format; what only looks like a disk (iso, gpt) is raw."""
    virtual_size: int
    """Bytes of the disk in it."""


def is_bare(image: Mapping[str, Any]) -> bool:
    """Tell whether an image's data is, byte by byte, what a volume of it holds."""
    return (image.get("disk_format"), image.get("container_format")) == (RAW, "bare")


def check_description(image: Mapping[str, Any], size: int) -> None:
    """Check that an image can become a volume of ``size`` GiB, as far as its description tells.

    :raises InvalidInput: it is not active, or too large
    :raises ImageUnacceptable: the disk in it is too large
    """
    image_id = image["id"]
    if image.get("status") != "active":
        raise exception.InvalidInput(reason=f"Image {image_id} is not active.")
    needed = -(-int(image.get("size") or 0) // GIB)
    if needed > size:
        raise exception.InvalidInput(
            reason=f"Size of specified image {needed}GB is larger than volume size {size}GB."
        )
    least = int(image.get("min_disk") or 0)
    if size < least:
        raise exception.InvalidInput(
            reason=f"Volume size {size}GB cannot be smaller than the image minDisk size {least}GB."
        )
    check_virtual_size(int(image.get("virtual_size") or 0), size, image_id)


def check_virtual_size(virtual_size: int, size: int, image_id: str) -> None:
    """Check that a disk of ``virtual_size`` bytes fits into a volume of ``size`` GiB.

    :raises ImageUnacceptable: it does not
    """
    needed = -(-virtual_size // GIB)
    if needed > size:
        raise exception.ImageUnacceptable(
            image_id=image_id,
            reason=f"Image virtual size is {needed}GB and doesn't fit in a volume of size "
            f"{size}GB.",
        )


def check_conversion(disk_format: str | None, image_id: str) -> None:
    """Check that an image of this format may be converted, if it must.

    :raises ImageConversionNotAllowed: ``image_conversion_disable`` forbids it
    """
    if CONF.image_conversion_disable and disk_format != RAW:
        raise exception.ImageConversionNotAllowed(
            image_id=image_id,
            reason=f"images are not converted here, and this one's disk_format is {disk_format}, "
            f"not {RAW}.",
        )


def qemu_format(disk_format: str) -> str:
    """Return qemu-img's name of one of Glance's disk formats."""
    return _FORMATS.get(disk_format, disk_format)


def inspect(path: str, claimed: str | None, image_id: str) -> Facts:
    """Find out what an image's file is, and refuse what may not be converted.

    :param claimed: the image's ``disk_format``
    :raises ImageUnacceptable: it is not what it claims to be, it refers to other files, or it is
        damaged
    """
    facts: Facts = concurrency.run_blocking(_inspect, path, claimed, image_id)
    return facts


def _inspect(path: str, claimed: str | None, image_id: str) -> Facts:
    from oslo_utils.imageutils import format_inspector as inspectors

    def refuse(reason: str) -> exception.ImageUnacceptable:
        return exception.ImageUnacceptable(image_id=image_id, reason=reason)

    with open(path, "rb") as file:
        wrapper = inspectors.InspectWrapper(file)
        while wrapper.read(_READ):
            if wrapper.formats is not None:
                break
        wrapper.close()
    found = {str(one): one for one in wrapper.formats or ()}
    found.pop(RAW, None)
    disks = [one for name, one in found.items() if name in _CONVERTIBLE]
    if len(disks) > 1 or (disks and len(found) > 1):
        raise refuse(f"it is several formats at once: {', '.join(sorted(found))}.")
    name = str(disks[0]) if disks else RAW
    _check_claim(name, found, claimed, refuse)
    if not disks:
        return Facts(RAW, _size(path))
    if name == "qed":
        raise refuse("the format qed is not accepted.")
    try:
        disks[0].safety_check()
    except inspectors.SafetyCheckFailed as error:
        raise refuse(f"its {name} format is not safe: {_reasons(error)}.") from error
    except Exception as error:
        raise refuse(f"its {name} format is damaged: {error}.") from error
    if name == "vmdk":
        _check_vmdk(disks[0], refuse)
    return Facts(qemu_format(name), int(disks[0].virtual_size))


def _check_claim(name: str, found: Mapping[str, Any], claimed: str | None, refuse: Any) -> None:
    if claimed == "iso" and "iso" in found:
        return
    if claimed in ("ami", "ari", "aki"):
        claimed = RAW
    if claimed is not None and claimed != name:
        raise refuse(
            f"it was registered as {claimed}, but its data is {', '.join(sorted(found)) or RAW}."
        )


def _check_vmdk(inspector: Any, refuse: Any) -> None:
    kind = str(getattr(inspector, "vmdktype", "")).lower()
    if kind not in [allowed.lower() for allowed in CONF.vmdk_allowed_types]:
        raise refuse(f"VMDK images of the type {kind or 'unknown'} are not accepted.")


def _reasons(error: Any) -> str:
    failures = getattr(error, "failures", {})
    return "; ".join(f"{name}: {why}" for name, why in sorted(failures.items())) or str(error)


def _size(path: str) -> int:
    return os.stat(path).st_size
