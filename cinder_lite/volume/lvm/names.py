# SPDX-License-Identifier: Apache-2.0
"""Names: what LVM allows, where the kernel shows a volume, and what stands in command lines."""

from __future__ import annotations

import re

from cinder_lite import exception

_NAME = re.compile(r"[A-Za-z0-9_+.][A-Za-z0-9_+.-]{0,126}")
_RESERVED = ("snapshot", "pvmove")


def check(name: str) -> str:
    """Return a name that LVM takes and rootwrap's filters let through.

    :raises VolumeBackendAPIException: LVM would refuse it, or take it for something else
    """
    if not allowed(name):
        raise exception.VolumeBackendAPIException(data=f"{name!r} is no name that LVM takes.")
    return name


def allowed(name: str) -> bool:
    """Tell whether LVM takes a name, and rootwrap's filters let it through."""
    return bool(_NAME.fullmatch(name)) and name not in (".", "..")


def snapshot(name: str) -> str:
    """Return a snapshot's name in LVM, which keeps names that begin with ``snapshot`` to itself."""
    return f"_{name}" if name.startswith(_RESERVED) else name


def device(group: str, volume: str) -> str:
    """Return the path of a logical volume's device; device-mapper doubles hyphens in names."""
    return f"/dev/mapper/{mapped(group)}-{mapped(volume)}"


def mapped(name: str) -> str:
    """Return a part of a device-mapper name."""
    return name.replace("-", "--")
