# SPDX-License-Identifier: Apache-2.0
"""Volumes as logical volumes of a volume group (LVM), exported over iSCSI."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.objects import Volume
from cinder_lite.volume import targets
from cinder_lite.volume.copy import Report, process
from cinder_lite.volume.drivers import base
from cinder_lite.volume.lvm import setup, thin
from cinder_lite.volume.lvm.executor import CommandFailed, Executor
from cinder_lite.volume.lvm.group import VolumeGroup
from cinder_lite.volume.lvm.location import Location
from cinder_lite.volume.lvm.move import LocalMove
from cinder_lite.volume.lvm.wipe import Wiper
from cinder_lite.volume.targets.base import ISCSITarget

LOG = logging.getLogger(__name__)

GIB = 1024**3
MOVABLE = (states.AVAILABLE, states.RETYPING, states.MAINTENANCE)
"""Statuses in which nobody uses a volume's device, so that it may change its group."""


class LVMVolumeDriver(base.VolumeDriver):
    """Keeps volumes in a volume group of this node.

    Options: those of :mod:`cinder_lite.conf.lvm` and, for the exports, of
    :mod:`cinder_lite.conf.targets`. A volume is the logical volume of its name; a snapshot's name
    gets ``_`` in front, because LVM keeps names that begin with ``snapshot`` to itself.
    """

    VERSION = "1.0.0"

    target: ISCSITarget
    """Exports volumes."""
    _executor: Executor
    _group: VolumeGroup
    _wiper: Wiper
    _location: Location

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
        setup.tidy(self._group, self._wiper)
        self.target.set_up()

    def _collect_stats(self) -> dict[str, Any]:
        with _explained(f"the volume group {self._group.name} can not be measured"):
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
        with _explained(f"volume {volume.id} could not be created"):
            self._create(volume.name, volume.size)
        return None

    def _create(self, name: str, size: int) -> None:
        if self._location.is_thin:
            self._group.create_thin(name, size, thin.pool_name(self._group.name))
        else:
            self._group.create_thick(name, size, mirrors=self._location.mirrors)

    def delete_volume(self, volume: Volume) -> None:
        """Clear the logical volume as ``volume_clear`` says, and remove it."""
        with _explained(f"volume {volume.id} could not be deleted"):
            found = self._group.find(volume.name)
            if found is None:
                LOG.info("Volume %s: %s is removed already", volume.id, volume.name)
                return
            self._wiper.remove(self._group, found)

    def extend_volume(self, volume: Volume, new_size: int) -> None:
        """Grow the logical volume, in use or not."""
        with _explained(f"volume {volume.id} could not be extended to {new_size} GiB"):
            self._group.extend(volume.name, new_size)
            if volume.provider_location:
                self.target.resized(self.target.iqn(volume), self.local_path(volume))

    # --- access ------------------------------------------------------------------------------

    def local_path(self, volume: Volume) -> str:
        """Return the path of the volume's device."""
        return self._group.path(volume.name)

    def create_export(
        self, context: RequestContext, volume: Volume, connector: dict[str, Any]
    ) -> base.ModelUpdate:
        """Settle the name and the secret of the volume's target."""
        return self.target.create_export(volume)

    def remove_export(self, context: RequestContext, volume: Volume) -> None:
        """Remove the volume's target, if it was ever exported."""
        if volume.provider_location:
            with _explained(f"the export of volume {volume.id} could not be removed"):
                self.target.remove(self.target.iqn(volume))

    def initialize_connection(self, volume: Volume, connector: dict[str, Any]) -> dict[str, Any]:
        """Let the connector's initiator use the volume's target."""
        with _explained(f"volume {volume.id} could not be exported"):
            return self.target.initialize_connection(volume, self.local_path(volume), connector)

    def terminate_connection(
        self, volume: Volume, connector: dict[str, Any] | None, force: bool = False
    ) -> None:
        """Let the connector's initiator use the volume's target no more."""
        with _explained(f"a connection of volume {volume.id} could not be ended"):
            self.target.terminate_connection(volume, connector)

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
        with _explained(f"volume {volume.id} could not be moved to {host.get('host')}"):
            move.run(progress, stop)
        return True, None

    def finish_migration(
        self, context: RequestContext, volume: Volume, host: dict[str, Any]
    ) -> None:
        """Clear the volume's old logical volume and remove it."""
        move = self._local_move(volume, host)
        if move is not None:
            with _explained(f"the old data of volume {volume.id} could not be removed"):
                move.finish()

    def cancel_migration(
        self, context: RequestContext, volume: Volume, host: dict[str, Any]
    ) -> None:
        """Remove the unfinished logical volume from the other group."""
        with contextlib.suppress(_SameGroup):
            move = self._local_move(volume, host)
            if move is not None:
                with _explained(f"the unfinished move of volume {volume.id} is not undone"):
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
            renamed = original_volume_status != states.IN_USE and self._rename(new_volume, wanted)
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

    def _rename(self, volume: Volume, wanted: str) -> bool:
        """Give a volume's data another name; False where that is taken. May be repeated."""
        if volume.name == wanted:
            return True
        present = self._group.volumes()
        if wanted in present:
            return volume.name not in present  # or it was renamed before a crash
        self._group.rename(volume.name, wanted)
        return True


class _SameGroup(exception.VolumeBackendAPIException):
    """The destination of a move is where the volume is."""


@contextlib.contextmanager
def _explained(what: str) -> Iterator[None]:
    """Say what could not be done when a command fails."""
    try:
        yield
    except CommandFailed as failure:
        raise exception.VolumeBackendAPIException(data=f"{what}: {failure.sentence}") from failure
