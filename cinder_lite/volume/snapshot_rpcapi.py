# SPDX-License-Identifier: Apache-2.0
"""What may be asked of cinder-lite-volume about snapshots, sizes and storage to be taken over."""

from __future__ import annotations

from typing import Any

from cinder_lite.context import RequestContext
from cinder_lite.objects import Volume
from cinder_lite.volume.rpc_client import Client


class SnapshotAPI(Client):
    """A part of the client of the volume services; its version history is VolumeAPI's."""

    # --- snapshots ---------------------------------------------------------------------------

    def create_snapshot(self, ctxt: RequestContext, host: str | None, snapshot_id: str) -> None:
        """Cast to the volume's host: make a snapshot whose row exists."""
        self._to(host).cast(ctxt, "create_snapshot", snapshot_id=snapshot_id)

    def delete_snapshot(
        self,
        ctxt: RequestContext,
        host: str | None,
        snapshot_id: str,
        *,
        unmanage_only: bool = False,
    ) -> None:
        """Cast to the volume's host: delete a snapshot, row and data.

        :param unmanage_only: leave its data
        """
        self._to(host).cast(
            ctxt, "delete_snapshot", snapshot_id=snapshot_id, unmanage_only=unmanage_only
        )

    def revert_to_snapshot(self, ctxt: RequestContext, volume: Volume, snapshot_id: str) -> None:
        """Cast to the volume's host: give it the data of its latest snapshot again."""
        self._to(volume.host).cast(
            ctxt, "revert_to_snapshot", volume_id=volume.id, snapshot_id=snapshot_id
        )

    def initialize_connection_snapshot(
        self, ctxt: RequestContext, host: str | None, snapshot_id: str, connector: dict[str, Any]
    ) -> dict[str, Any]:
        """Call the volume's host: let a node read a snapshot; returns what os-brick needs."""
        properties: dict[str, Any] = self._call(
            host,
            ctxt,
            "initialize_connection_snapshot",
            snapshot_id=snapshot_id,
            connector=connector,
        )
        return properties

    def terminate_connection_snapshot(
        self, ctxt: RequestContext, host: str | None, snapshot_id: str, connector: dict[str, Any]
    ) -> None:
        """Call the volume's host: end a node's reading of a snapshot, and the export."""
        self._call(
            host,
            ctxt,
            "terminate_connection_snapshot",
            snapshot_id=snapshot_id,
            connector=connector,
        )

    # --- sizes -------------------------------------------------------------------------------

    def extend_volume(self, ctxt: RequestContext, volume: Volume, new_size: int) -> None:
        """Cast to the volume's host: grow it to ``new_size`` GiB, which are reserved."""
        self._to(volume.host).cast(ctxt, "extend_volume", volume_id=volume.id, new_size=new_size)

    # --- taking over -------------------------------------------------------------------------

    def manage_existing(self, ctxt: RequestContext, volume: Volume, ref: Any) -> None:
        """Cast to the volume's host: take over what ``ref`` names as the volume's data."""
        self._to(volume.host).cast(ctxt, "manage_existing", volume_id=volume.id, ref=ref)

    def manage_existing_snapshot(
        self, ctxt: RequestContext, host: str | None, snapshot_id: str, ref: Any
    ) -> None:
        """Cast to the volume's host: take over what ``ref`` names as the snapshot's data."""
        self._to(host).cast(ctxt, "manage_existing_snapshot", snapshot_id=snapshot_id, ref=ref)

    def get_manageable_volumes(
        self, ctxt: RequestContext, host: str, **window: Any
    ) -> list[dict[str, Any]]:
        """Call a volume service: what has its backend that could be taken over?

        :param window: marker, limit, offset, sort_keys, sort_dirs
        """
        found: list[dict[str, Any]] = self._call(host, ctxt, "get_manageable_volumes", **window)
        return found

    def get_manageable_snapshots(
        self, ctxt: RequestContext, host: str, **window: Any
    ) -> list[dict[str, Any]]:
        """Call a volume service: which snapshots could be taken over?

        :param window: marker, limit, offset, sort_keys, sort_dirs
        """
        found: list[dict[str, Any]] = self._call(host, ctxt, "get_manageable_snapshots", **window)
        return found
