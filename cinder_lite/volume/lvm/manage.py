# SPDX-License-Identifier: Apache-2.0
"""Logical volumes that somebody else has made, taken over as volumes and snapshots."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from oslo_config import cfg

from cinder_lite import exception
from cinder_lite.volume.drivers.manageable import Entry
from cinder_lite.volume.lvm import names, thin
from cinder_lite.volume.lvm.group import MOVING, TEMPORARY, VolumeGroup
from cinder_lite.volume.lvm.report import THIN_POOL, LogicalVolume

CONF = cfg.CONF

_GIB = 1024**3
_ID = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"


def gibibytes(volume: LogicalVolume) -> int:
    """Return a logical volume's size in GiB, rounded up."""
    return -(-volume.size // _GIB)


def source_name(reference: Mapping[str, Any] | str) -> str:
    """Return the name of the logical volume that a reference names.

    :raises ManageExistingInvalidReference: it names none
    """
    name = reference if isinstance(reference, str) else reference.get("source-name")
    if not name:
        raise exception.ManageExistingInvalidReference(
            existing_ref=reference, reason="it must have a source-name, a logical volume's name."
        )
    if not names.allowed(str(name)):
        raise exception.ManageExistingInvalidReference(
            existing_ref=reference, reason=f"{name!r} is no name of a logical volume."
        )
    return str(name)


def find(
    group: VolumeGroup, reference: Mapping[str, Any] | str, *, origin: str | None = None
) -> LogicalVolume:
    """Return the logical volume that a reference names, if it can be taken over.

    :param origin: it must be a snapshot of this logical volume; None: it shall become a volume
    :raises ManageExistingInvalidReference: there is none, or it can not
    """
    name = source_name(reference)
    present = group.volumes()
    found = present.get(name)
    reason = None
    if found is None:
        reason = f"the volume group {group.name} has no logical volume {name}."
    elif not _is_data(found):
        reason = f"{group.name}/{name} holds no volume's data."
    elif outside := thin.external_origin(found, present):
        reason = f"{group.name}/{name} needs the data of {outside}, outside of its thin pool."
    elif origin is None and found.thick_snapshot:
        reason = f"{group.name}/{name} is a snapshot of {found.origin}."
    elif origin is not None and found.origin != origin:
        reason = f"{group.name}/{name} is no snapshot of {origin}."
    elif found.open:
        reason = f"{group.name}/{name} is in use on this node."
    if reason is not None or found is None:
        raise exception.ManageExistingInvalidReference(existing_ref=reference, reason=reason)
    return found


def take(group: VolumeGroup, found: LogicalVolume, name: str) -> None:
    """Give a logical volume a volume's name, and a size of whole GiB.

    :raises VolumeBackendAPIException: LVM refused: there is no room to round its size up
    """
    if not found.thick_snapshot:
        group.extend(found.name, gibibytes(found))
    group.rename(found.name, name)


def volumes(group: VolumeGroup, managed: Mapping[str, str]) -> list[Entry]:
    """List what is, or could become, a volume.

    :param managed: names of the backend's volumes, and their ids
    """
    present = group.volumes()
    return [
        _entry(volume, managed, "volume", present)
        for volume in _data(present)
        if not volume.thick_snapshot
        and (volume.name in managed or not _named_as_snapshot(volume.name))
    ]


def snapshots(group: VolumeGroup, managed: Mapping[str, str]) -> list[Entry]:
    """List what is, or could become, a snapshot.

    :param managed: names that the backend's snapshots have in LVM, and their ids
    """
    present = group.volumes()
    return [
        {
            **_entry(volume, managed, "snapshot", present),
            "source_reference": {"source-name": volume.origin},
        }
        for volume in _data(present)
        if volume.origin and (volume.name in managed or not _named_as_volume(volume.name))
    ]


def _entry(
    volume: LogicalVolume,
    managed: Mapping[str, str],
    what: str,
    present: Mapping[str, LogicalVolume],
) -> Entry:
    known = managed.get(volume.name)
    reason = None
    if known is not None:
        reason = "already managed"
    elif volume.open:
        reason = f"{what} in use"
    elif outside := thin.external_origin(volume, present):
        reason = f"needs the data of {outside}"
    return {
        "reference": {"source-name": volume.name},
        "size": gibibytes(volume),
        "safe_to_manage": reason is None,
        "reason_not_safe": reason,
        "cinder_id": known,
        "extra_info": None,
    }


def _data(present: Mapping[str, LogicalVolume]) -> Iterator[LogicalVolume]:
    return (volume for volume in present.values() if _is_data(volume))


def _is_data(volume: LogicalVolume) -> bool:
    """Tell whether a logical volume is somebody's data: no pool, and nothing that a copy needs."""
    return volume.kind != THIN_POOL and not volume.tags & {MOVING, TEMPORARY}


def _named_as_volume(name: str) -> bool:
    return _fits(CONF.volume_name_template, name)


def _named_as_snapshot(name: str) -> bool:
    return _fits(names.snapshot(CONF.snapshot_name_template), name)


def _fits(template: str, name: str) -> bool:
    before, _, after = template.partition("%s")
    return bool(re.fullmatch(re.escape(before) + _ID + re.escape(after), name))
