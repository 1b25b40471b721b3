# SPDX-License-Identifier: Apache-2.0
"""The RPC endpoints of cinder-lite-volume for snapshots, sizes and storage to be taken over."""

from __future__ import annotations

import contextlib
from typing import Any

from cinder_lite.context import RequestContext
from cinder_lite.volume import extending, managing, reverting, snapshot_exports, snapshotting
from cinder_lite.volume.guards import OfBackend, require_driver


class SnapshotEndpoints(OfBackend):
    """A part of the volume service's endpoints."""

    def _claim(self, name: str) -> contextlib.AbstractContextManager[bool]:
        raise NotImplementedError

    def create_snapshot(self, context: RequestContext, snapshot_id: str) -> None:
        """Make a snapshot whose row exists; the same message twice does it once."""
        with self._claim(snapshot_id) as mine:
            if mine:
                snapshotting.create(self.backend, context.elevated(), snapshot_id)

    def delete_snapshot(
        self, context: RequestContext, snapshot_id: str, unmanage_only: bool = False
    ) -> None:
        """Delete a snapshot, data and row; the same message twice does it once.

        :param unmanage_only: leave its data
        """
        with self._claim(snapshot_id) as mine:
            if mine:
                snapshotting.delete(
                    self.backend, context.elevated(), snapshot_id, unmanage_only=unmanage_only
                )

    @require_driver
    def initialize_connection_snapshot(
        self, context: RequestContext, snapshot_id: str, connector: dict[str, Any]
    ) -> dict[str, Any]:
        """Let a node read a snapshot; returns what os-brick needs."""
        return snapshot_exports.initialize(self.backend, context.elevated(), snapshot_id, connector)

    @require_driver
    def terminate_connection_snapshot(
        self, context: RequestContext, snapshot_id: str, connector: dict[str, Any]
    ) -> None:
        """End a node's reading of a snapshot."""
        snapshot_exports.terminate(self.backend, context.elevated(), snapshot_id, connector)

    def extend_volume(self, context: RequestContext, volume_id: str, new_size: int) -> None:
        """Grow a volume to the size that is noted on it; the same message twice does it once."""
        self.backend.claims.in_turn(
            volume_id, lambda: extending.extend(self.backend, context.elevated(), volume_id)
        )

    def revert_to_snapshot(self, context: RequestContext, volume_id: str, snapshot_id: str) -> None:
        """Give a volume the data of its latest snapshot again; the same message twice, once."""
        self.backend.claims.in_turn(
            volume_id,
            lambda: reverting.revert(self.backend, context.elevated(), volume_id, snapshot_id),
        )

    def _settle_lost_data(self) -> None:
        """Take up what an earlier instance has left undone of all this."""
        for settle in (
            snapshotting.settle_lost,
            extending.settle_lost,
            reverting.settle_lost,
            managing.settle_lost,
        ):
            settle(self.backend, self._claim)

    def manage_existing(self, context: RequestContext, volume_id: str, ref: Any) -> None:
        """Take over what ``ref`` names as a volume's data."""
        with self._claim(volume_id) as mine:
            if mine:
                managing.manage(self.backend, context.elevated(), volume_id, ref)

    def manage_existing_snapshot(self, context: RequestContext, snapshot_id: str, ref: Any) -> None:
        """Take over what ``ref`` names as a snapshot's data."""
        with self._claim(snapshot_id) as mine:
            if mine:
                managing.manage_snapshot(self.backend, context.elevated(), snapshot_id, ref)

    @require_driver
    def get_manageable_volumes(
        self, context: RequestContext, **window: Any
    ) -> list[dict[str, Any]]:
        """Return what the backend has that could be taken over, or is a volume already."""
        return managing.manageable_volumes(self.backend, window)

    @require_driver
    def get_manageable_snapshots(
        self, context: RequestContext, **window: Any
    ) -> list[dict[str, Any]]:
        """Return which snapshots could be taken over, or are managed already."""
        return managing.manageable_snapshots(self.backend, window)
