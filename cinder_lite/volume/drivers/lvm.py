# SPDX-License-Identifier: Apache-2.0
"""Volumes as logical volumes of a volume group (LVM), exported over iSCSI."""

from __future__ import annotations

import contextlib
from typing import Any

from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.objects import Snapshot, Volume
from cinder_lite.volume import targets
from cinder_lite.volume.copy import Report, process
from cinder_lite.volume.drivers import base
from cinder_lite.volume.drivers.lvm_exports import LVMExports
from cinder_lite.volume.lvm import names, setup, thin
from cinder_lite.volume.lvm.copies import Copies
from cinder_lite.volume.lvm.executor import CommandFailed, Executor, explained
from cinder_lite.volume.lvm.group import VolumeGroup
from cinder_lite.volume.lvm.location import Location
from cinder_lite.volume.lvm.move import LocalMove
from cinder_lite.volume.lvm.wipe import Wiper

LOG = logging.getLogger(__name__)

GIB = 1024**3
MOVABLE = (states.AVAILABLE, states.RETYPING, states.MAINTENANCE)
"""Statuses in which nobody uses a volume's device, so that it may change its group."""


class LVMVolumeDriver(LVMExports):
    """Keeps volumes in a volume group of this node.

    Options: those of :mod:`cinder_lite.conf.lvm` and, for the exports, of
    :mod:`cinder_lite.conf.targets`. A volume is the logical volume of its name; a snapshot's name
    gets ``_`` in front, because LVM keeps names that begin with ``snapshot`` to itself.
    """

    VERSION = "1.0.0"

    _executor: Executor
    _group: VolumeGroup
    _wiper: Wiper
    _location: Location
    _copies: Copies

    # --- life of the driver ------------------------------------------------------------------

    def do_setup(self, context: RequestContext) -> None:
        """Choose how commands are run, and by what volumes are exported."""
        self._executor = setup.executor(self.configuration)
        self._group = VolumeGroup(self.configuration.volume_group, self._executor)
        self._wiper = setup.wiper(self.configuration, self._executor, self.throttle)
        self.target = targets.create(self.configuration, self._executor)

    def check_for_setup_error(self) -> None:
        """Check group and target, make the thin pool, and remove what a killed service left."""
        self._location = setup.check(self._group, self.configuration)
        self._copies = Copies(self._group, self._location, self._wiper)
        setup.tidy(self._group, self._wiper)
        self.target.set_up()

    def _collect_stats(self) -> dict[str, Any]:
        with explained(f"the volume group {self._group.name} can not be measured"):
            total, free, provisioned = self._measure()
        ratio = self.configuration.lvm_max_over_subscription_ratio
        return {
            "storage_protocol": "iSCSI",
            "location_info": str(self._location),
            "total_capacity_gb": round(total / GIB, 2),
            "free_capacity_gb": round(free / GIB, 2),
            "provisioned_capacity_gb": round(provisioned / GIB, 2),
            "reserved_percentage": self.configuration.reserved_percentage,
            "max_over_subscription_ratio": ratio or self.configuration.max_over_subscription_ratio,
            "thin_provisioning_support": self._location.is_thin,
            "thick_provisioning_support": not self._location.is_thin,
            "QoS_support": False,
            "multiattach": True,
            "sparse_copy_volume": self._location.is_thin,
            # Each volume has a target of its own: Nova need not connect them one by one.
            "shared_targets": False,
        }

    def _measure(self) -> tuple[float, float, float]:
        """Return bytes in all, bytes free, and the bytes that volumes may come to take."""
        if self._location.is_thin:
            present = self._group.volumes()
            pool = present[thin.pool_name(self._group.name)]
            given = sum(volume.size for volume in present.values() if volume.pool == pool.name)
            return pool.size, pool.size * (100.0 - pool.percent) / 100, given
        facts = self._group.facts()
        copies = 1 + self._location.mirrors
        return facts.size / copies, facts.free / copies, (facts.size - facts.free) / copies

    # --- volumes -----------------------------------------------------------------------------

    def create_volume(self, volume: Volume) -> base.ModelUpdate:
        """Create a logical volume. A thick one is not cleared: volumes are when they go."""
        with explained(f"volume {volume.id} could not be created"):
            self._copies.create(volume.name, volume.size)
        return None

    def delete_volume(self, volume: Volume) -> None:
        """Clear the logical volume as ``volume_clear`` says, and remove it."""
        with explained(f"volume {volume.id} could not be deleted"):
            self._remove(volume.name)

    def _remove(self, name: str) -> None:
        found = self._group.find(name)
        if found is None:
            LOG.info("%s/%s is removed already", self._group.name, name)
        else:
            self._wiper.remove(self._group, found)

    def extend_volume(self, volume: Volume, new_size: int) -> None:
        """Grow the logical volume, in use or not."""
        with explained(f"volume {volume.id} could not be extended to {new_size} GiB"):
            if volume.provider_location:
                self.target.check_resizable(self.target.iqn(volume))
            self._group.extend(volume.name, new_size)

    def create_volume_from_snapshot(
        self, volume: Volume, snapshot: Snapshot, progress: Report | None = None
    ) -> base.ModelUpdate:
        """Share a thin snapshot's chunks, or copy the data of a thick one."""
        with explained(f"volume {volume.id} could not be created from snapshot {snapshot.id}"):
            self._copies.duplicate(
                names.snapshot(snapshot.name),
                volume.name,
                size=volume.size,
                data=snapshot.volume_size,
                progress=progress,
            )
        return None

    def create_cloned_volume(
        self, volume: Volume, src_vref: Volume, progress: Report | None = None
    ) -> base.ModelUpdate:
        """Share a thin volume's chunks, or copy the data of a thick one from a snapshot of it."""
        with explained(f"volume {volume.id} could not be cloned from volume {src_vref.id}"):
            self._copies.clone(
                src_vref.name,
                volume.name,
                temporary=f"clone-snap-{volume.id}",
                size=volume.size,
                data=src_vref.size,
                progress=progress,
            )
        return None

    # --- snapshots ---------------------------------------------------------------------------

    def create_snapshot(self, snapshot: Snapshot) -> base.ModelUpdate:
        """Make LVM's snapshot: a thick one with room for all of the volume to change."""
        with explained(f"snapshot {snapshot.id} could not be created"):
            self._copies.snapshot(snapshot.volume_name, names.snapshot(snapshot.name))
        return None

    def delete_snapshot(self, snapshot: Snapshot) -> None:
        """Clear the room of a thick snapshot as ``volume_clear`` says, and remove it."""
        with explained(f"snapshot {snapshot.id} could not be deleted"):
            self._remove(names.snapshot(snapshot.name))

    def revert_to_snapshot(
        self, context: RequestContext, volume: Volume, snapshot: Snapshot
    ) -> None:
        """Copy a thick snapshot onto the volume; share a thin one's data."""
        with explained(f"volume {volume.id} could not be reverted to snapshot {snapshot.id}"):
            name = names.snapshot(snapshot.name)
            self._copies.revert(volume.name, name, snapshot.volume_size)

    def snapshot_revert_use_temp_snapshot(self) -> bool:
        """Tell that no further snapshot is needed: what fails can be done again."""
        return False

    # --- data ------------------------------------------------------------------------------

    def mapped_extents(self, volume: Volume) -> list[tuple[int, int]] | None:
        """Return the parts of a thin volume that its pool has given space to."""
        return thin.mapped_extents(self._executor, self._group, self._group.require(volume.name))

    # --- moves -------------------------------------------------------------------------------

    def migrate_volume(
        self,
        context: RequestContext,
        volume: Volume,
        host: dict[str, Any],
        progress: Report | None = None,
        stop: process.Stop | None = None,
    ) -> tuple[bool, base.ModelUpdate]:
        """Copy the volume into another group of this node.

        Declines where the other backend is not a group of this node, and while the volume is in
        use.
        """
        move = self._local_move(volume, host)
        if move is None or volume.status not in MOVABLE:
            return False, None
        with explained(f"volume {volume.id} could not be moved to {host.get('host')}"):
            move.run(progress, stop)
        return True, None

    def finish_migration(
        self, context: RequestContext, volume: Volume, host: dict[str, Any]
    ) -> None:
        """Clear the volume's old logical volume and remove it."""
        move = self._local_move(volume, host)
        if move is not None:
            with explained(f"the old data of volume {volume.id} could not be removed"):
                move.finish()

    def cancel_migration(
        self, context: RequestContext, volume: Volume, host: dict[str, Any]
    ) -> None:
        """Remove the unfinished logical volume from the other group."""
        with contextlib.suppress(_SameGroup):
            move = self._local_move(volume, host)
            if move is not None:
                with explained(f"the unfinished move of volume {volume.id} is not undone"):
                    move.cancel()

    def _local_move(self, volume: Volume, host: dict[str, Any]) -> LocalMove | None:
        """Return the move to another group of this node, None where that is not asked for.

        :raises VolumeBackendAPIException: it is this group
        """
        there = Location.parse(str((host.get("capabilities") or {}).get("location_info") or ""))
        if there is None or there.node != self._location.node:
            return None
        if there.group == self._group.name:
            raise _SameGroup(
                data=f"volume {volume.id} can not be moved to {host.get('host')}: both backends "
                f"keep their volumes in the volume group {there.group}."
            )
        target = VolumeGroup(there.group, self._executor)
        if not target.exists():
            return None
        return LocalMove(
            volume.name,
            volume.size,
            self._group,
            target,
            is_thin=there.is_thin,
            mirrors=there.mirrors,
            wiper=self._wiper,
        )

    def update_migrated_volume(
        self,
        context: RequestContext,
        volume: Volume,
        new_volume: Volume,
        original_volume_status: str,
    ) -> dict[str, Any]:
        """Rename the target after the volume's id, unless it is in use or that name is taken."""
        wanted = volume.replace(name_id_override=None).name
        try:
            renamed = original_volume_status != states.IN_USE and self._group.rename_unless_taken(
                new_volume.name, wanted
            )
        except CommandFailed as failure:
            LOG.error(
                "Volume %s: its data keeps the name %s: %s",
                volume.id,
                new_volume.name,
                failure.sentence,
            )
            renamed = False
        if renamed:
            return {"_name_id": None, "provider_location": None}
        return super().update_migrated_volume(context, volume, new_volume, original_volume_status)


class _SameGroup(exception.VolumeBackendAPIException):
    """The destination of a move is where the volume is."""
