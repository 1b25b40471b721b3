# SPDX-License-Identifier: Apache-2.0
"""How other nodes reach the volumes and snapshots of a volume group: iSCSI targets."""

from __future__ import annotations

from typing import Any

from cinder_lite.context import RequestContext
from cinder_lite.objects import Snapshot, Volume
from cinder_lite.volume.drivers import base
from cinder_lite.volume.drivers.lvm_manage import LVMManageable
from cinder_lite.volume.lvm import names
from cinder_lite.volume.lvm.executor import explained
from cinder_lite.volume.targets.base import ISCSITarget


class LVMExports(LVMManageable):
    """The part of the LVM driver that lets nodes use what it keeps."""

    target: ISCSITarget
    """Exports volumes and snapshots, each by a target of its own."""

    def local_path(self, volume: Volume) -> str:
        """Return the path of the volume's device."""
        return self._group.path(volume.name)

    # --- volumes -----------------------------------------------------------------------------

    def create_export(
        self, context: RequestContext, volume: Volume, connector: dict[str, Any]
    ) -> base.ModelUpdate:
        """Settle the name and the secret of the volume's target."""
        return self.target.create_export(volume)

    def remove_export(self, context: RequestContext, volume: Volume) -> None:
        """Remove the volume's target, if it was ever exported."""
        if volume.provider_location:
            with explained(f"the export of volume {volume.id} could not be removed"):
                self.target.remove(self.target.iqn(volume))

    def initialize_connection(self, volume: Volume, connector: dict[str, Any]) -> dict[str, Any]:
        """Let the connector's initiator use the volume's target."""
        with explained(f"volume {volume.id} could not be exported"):
            return self.target.initialize_connection(volume, self.local_path(volume), connector)

    def terminate_connection(
        self, volume: Volume, connector: dict[str, Any] | None, force: bool = False
    ) -> None:
        """Let the connector's initiator use the volume's target no more."""
        with explained(f"a connection of volume {volume.id} could not be ended"):
            self.target.terminate_connection(volume, connector)

    # --- snapshots ---------------------------------------------------------------------------

    def create_export_snapshot(
        self, context: RequestContext, snapshot: Snapshot, connector: dict[str, Any]
    ) -> base.ModelUpdate:
        """Settle the name and the secret of the snapshot's target."""
        return self.target.create_export(snapshot)

    def remove_export_snapshot(self, context: RequestContext, snapshot: Snapshot) -> None:
        """Remove the snapshot's target, if it was ever exported."""
        if snapshot.provider_location:
            with explained(f"the export of snapshot {snapshot.id} could not be removed"):
                self.target.remove(self.target.iqn(snapshot))

    def initialize_connection_snapshot(
        self, snapshot: Snapshot, connector: dict[str, Any]
    ) -> dict[str, Any]:
        """Let the connector's initiator read the snapshot; it can not write, whatever it asks."""
        with explained(f"snapshot {snapshot.id} could not be exported"):
            found = self._group.require(names.snapshot(snapshot.name))
            if not found.active:  # thin ones are not, unless somebody wants them to be
                self._group.activate(found.name)
            return self.target.initialize_connection(
                snapshot, self._group.path(found.name), {**connector, "mode": "ro"}
            )

    def terminate_connection_snapshot(
        self, snapshot: Snapshot, connector: dict[str, Any] | None, force: bool = False
    ) -> None:
        """Let the connector's initiator read the snapshot no more."""
        with explained(f"a connection of snapshot {snapshot.id} could not be ended"):
            self.target.terminate_connection(snapshot, connector)
