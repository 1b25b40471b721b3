# SPDX-License-Identifier: Apache-2.0
"""Volume groups and logical volumes as LVM reports them.

LVM's reports are asked for in JSON with sizes in bytes (``lvmreport(7)``); all values are strings.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from typing import Any

from cinder_lite import exception
from cinder_lite.volume.lvm.executor import Executor

_FORMAT = ("--reportformat", "json", "--units", "b", "--nosuffix")
_GROUP_FIELDS = "vg_name,vg_size,vg_free,vg_extent_size,lv_count,pv_count"
_VOLUME_FIELDS = (
    "lv_name,lv_size,segtype,pool_lv,origin,data_percent,metadata_percent,lv_tags,"
    "lv_active,lv_device_open,thin_id,chunk_size,zero,lv_role,origin_size"
)

THIN_POOL = "thin-pool"
THIN = "thin"


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """A volume group; sizes are bytes."""

    name: str
    size: int
    free: int
    extent: int
    """Bytes of an extent, the unit of allocation."""
    volumes: int
    """Logical volumes that are visible, pools and snapshots included."""
    devices: int
    """Physical volumes."""


@dataclasses.dataclass(frozen=True, slots=True)
class LogicalVolume:
    """A logical volume; sizes are bytes."""

    name: str
    size: int
    """Of a thick snapshot that of its origin, not of the room for changes."""
    kind: str
    """Segment type: ``linear``, ``raid1``, ``thin``, ``thin-pool``, …"""
    pool: str
    """Thin pool, '' for none."""
    origin: str
    """The volume of which it is a snapshot, '' for none."""
    percent: float
    """How much of it is allocated or in use, 0 to 100; of a thick volume 100."""
    tags: frozenset[str]
    active: bool
    open: bool
    """Some process, or another device, has its device open."""
    thin_id: int | None
    chunk: int
    """Bytes of a thin pool's or snapshot's chunk, 0 for none."""
    zeroes: bool
    """A thin pool that clears the chunks it gives out."""
    has_snapshots: bool
    """A thick volume that old-style snapshots depend on."""

    @property
    def thick_snapshot(self) -> bool:
        """True for a snapshot with room of its own for what changes in its origin."""
        return bool(self.origin) and self.kind != THIN


def groups(executor: Executor) -> dict[str, Group]:
    """Return the node's volume groups by name."""
    rows = _rows(executor.lvm("vgs", *_FORMAT, "-o", _GROUP_FIELDS), "vg")
    found = (
        Group(
            name=row["vg_name"],
            size=int(row["vg_size"]),
            free=int(row["vg_free"]),
            extent=int(row["vg_extent_size"]),
            volumes=int(row["lv_count"]),
            devices=int(row["pv_count"]),
        )
        for row in rows
    )
    return {group.name: group for group in found}


def volumes(executor: Executor, group: str, name: str | None = None) -> dict[str, LogicalVolume]:
    """Return the logical volumes of a group by name.

    :param name: only the volume of this name, if there is one
    :raises CommandFailed: there is no such group, for one
    """
    only = ("-S", f"lv_name={name}") if name else ()
    rows = _rows(executor.lvm("lvs", *_FORMAT, "-o", _VOLUME_FIELDS, *only, group), "lv")
    return {volume.name: volume for volume in map(_volume, rows)}


def _volume(row: dict[str, str]) -> LogicalVolume:
    roles = row["lv_role"].split(",")
    is_thick_snapshot = row["origin"] and row["segtype"] != THIN
    return LogicalVolume(
        name=row["lv_name"],
        size=int((is_thick_snapshot and row["origin_size"]) or row["lv_size"]),
        kind=row["segtype"],
        pool=row["pool_lv"],
        origin=row["origin"],
        percent=float(row["data_percent"] or 100.0),
        tags=frozenset(tag for tag in row["lv_tags"].split(",") if tag),
        active=row["lv_active"] == "active",
        open=row["lv_device_open"] == "open",
        thin_id=int(row["thin_id"]) if row["thin_id"] else None,
        chunk=int(row["chunk_size"] or 0),
        zeroes=row["zero"] in ("zero", "1"),
        has_snapshots="thickorigin" in roles,
    )


def _rows(text: str, kind: str) -> Iterable[dict[str, str]]:
    """Return the rows of a report."""
    try:
        report: dict[str, Any] = json.loads(text)
        return [row for part in report["report"] for row in part[kind]]
    except (ValueError, KeyError, TypeError) as error:
        raise exception.VolumeBackendAPIException(
            data=f"LVM's report of its {kind}s can not be read ({error})."
        ) from error
