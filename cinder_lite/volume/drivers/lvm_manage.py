# SPDX-License-Identifier: Apache-2.0
"""The part of the LVM driver that takes over logical volumes which others have made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cinder_lite.objects import Snapshot, Volume
from cinder_lite.volume.drivers import base
from cinder_lite.volume.drivers.manageable import Entry, page
from cinder_lite.volume.lvm import manage, names
from cinder_lite.volume.lvm.executor import explained
from cinder_lite.volume.lvm.group import VolumeGroup


class LVMManageable(base.VolumeDriver):
    """Takes over logical volumes by renaming them; a reference is ``{"source-name": <name>}``.

    A volume whose size is no whole number of GiB is grown to the next one.
    """

    _group: VolumeGroup

    def manage_existing(
        self, volume: Volume, existing_ref: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Give the logical volume the volume's name."""
        with explained(f"volume {volume.id} could not be taken over"):
            self._take(existing_ref, volume.name, None)
        return None

    def manage_existing_get_size(self, volume: Volume, existing_ref: Mapping[str, Any]) -> int:
        """Return the size of the logical volume in GiB, rounded up."""
        with explained(f"{existing_ref} could not be measured"):
            return manage.gibibytes(manage.find(self._group, existing_ref))

    def get_manageable_volumes(
        self,
        cinder_volumes: Sequence[Volume],
        marker: str | None,
        limit: int,
        offset: int | None,
        sort_keys: Sequence[str],
        sort_dirs: Sequence[str],
    ) -> list[Entry]:
        """List the group's logical volumes, but for pools and snapshots."""
        managed = {volume.name: volume.id for volume in cinder_volumes}
        with explained(f"the volume group {self._group.name} could not be listed"):
            entries = manage.volumes(self._group, managed)
        return page(entries, marker, limit, offset, sort_keys, sort_dirs)

    def manage_existing_snapshot(
        self, snapshot: Snapshot, existing_ref: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Give the logical volume, a snapshot of the snapshot's volume, the snapshot's name."""
        with explained(f"snapshot {snapshot.id} could not be taken over"):
            self._take(existing_ref, names.snapshot(snapshot.name), snapshot.volume_name)
        return None

    def manage_existing_snapshot_get_size(
        self, snapshot: Snapshot, existing_ref: Mapping[str, Any]
    ) -> int:
        """Return the size of the snapshot's volume at its time in GiB, rounded up."""
        with explained(f"{existing_ref} could not be measured"):
            found = manage.find(self._group, existing_ref, origin=snapshot.volume_name)
            return manage.gibibytes(found)

    def get_manageable_snapshots(
        self,
        cinder_snapshots: Sequence[Snapshot],
        marker: str | None,
        limit: int,
        offset: int | None,
        sort_keys: Sequence[str],
        sort_dirs: Sequence[str],
    ) -> list[Entry]:
        """List the snapshots among the group's logical volumes."""
        managed = {names.snapshot(snapshot.name): snapshot.id for snapshot in cinder_snapshots}
        with explained(f"the volume group {self._group.name} could not be listed"):
            entries = manage.snapshots(self._group, managed)
        return page(entries, marker, limit, offset, sort_keys, sort_dirs)

    def _take(self, reference: Mapping[str, Any], name: str, origin: str | None) -> None:
        """Take a logical volume over, unless that was done before a crash."""
        if manage.source_name(reference) != name and self._group.find(name) is not None:
            return
        manage.take(self._group, manage.find(self._group, reference, origin=origin), name)
