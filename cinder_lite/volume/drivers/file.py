# SPDX-License-Identifier: Apache-2.0
"""Volumes as files of a directory: the embedded default, and good for any file system.

A volume is a raw file ``<volume's name>`` in ``file_data_dir``, a snapshot a file beside it. They
are used on the node of their service, by their paths.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite import host as host_name
from cinder_lite.context import RequestContext
from cinder_lite.objects import Snapshot, Volume
from cinder_lite.volume.copy import Report, process, sparse_copy_file
from cinder_lite.volume.drivers import base
from cinder_lite.volume.drivers.file_images import SharedImages
from cinder_lite.volume.drivers.file_manage import ManagedFiles, explained
from cinder_lite.volume.drivers.file_move import LocalMove
from cinder_lite.volume.drivers.filestore import FileStore

LOG = logging.getLogger(__name__)

GIB = 1024**3
MOVABLE = (states.AVAILABLE, states.RETYPING, states.MAINTENANCE)
"""Statuses in which nobody uses a volume's file, so that it may change its path."""


class FileDriver(ManagedFiles, SharedImages, base.VolumeDriver):
    """Keeps volumes as files.

    Options: ``file_data_dir`` (made if it is missing, for this user only) and
    ``file_sparsed_volumes``; without the latter, volumes take all of their space at once.
    """

    VERSION = "1.0.0"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._store = FileStore(self.configuration.file_data_dir)
        self._hostname = socket.gethostname()

    # --- life of the driver ------------------------------------------------------------------

    def do_setup(self, context: RequestContext) -> None:
        """Make the directory, and remove files that a killed service left half made."""
        with explained(f"file_data_dir {self._store.directory} can not be used"):
            for name in self._store.prepare():
                LOG.warning("%s in %s was left half made; removed", name, self._store.directory)

    def check_for_setup_error(self) -> None:
        """Check that files can be made in the directory."""
        if not self._store.writable():
            raise exception.VolumeBackendAPIException(
                data=f"file_data_dir {self._store.directory} is no directory in which this user "
                "may make files."
            )

    def _collect_stats(self) -> dict[str, Any]:
        with explained(f"{self._store.directory} can not be measured"):
            usage = self._store.usage()
        ratio = self.configuration.max_over_subscription_ratio
        return {
            "storage_protocol": "file",
            "location_info": f"{type(self).__name__}:{self._hostname}:{self._store.directory}",
            "total_capacity_gb": round(usage.total / GIB, 2),
            "free_capacity_gb": round(usage.free / GIB, 2),
            "provisioned_capacity_gb": round(usage.provisioned / GIB, 2),
            "reserved_percentage": self.configuration.reserved_percentage,
            "max_over_subscription_ratio": ratio,
            "thin_provisioning_support": self._sparse,
            "thick_provisioning_support": not self._sparse,
            "QoS_support": False,
            "multiattach": False,
            "sparse_copy_volume": self._sparse,
        }

    @property
    def _sparse(self) -> bool:
        return bool(self.configuration.file_sparsed_volumes)

    # --- volumes and snapshots ---------------------------------------------------------------

    def create_volume(self, volume: Volume) -> base.ModelUpdate:
        """Create an empty file of the volume's size."""
        with (
            explained(f"volume {volume.id} could not be created"),
            self._store.new(volume.name) as new,
        ):
            new.resize(volume.size * GIB, self._sparse)
            new.publish()
        return None

    def delete_volume(self, volume: Volume) -> None:
        """Remove the volume's file."""
        with explained(f"volume {volume.id} could not be deleted"):
            self._store.delete(volume.name)

    def extend_volume(self, volume: Volume, new_size: int) -> None:
        """Make the volume's file larger."""
        with explained(f"volume {volume.id} could not be extended to {new_size} GiB"):
            self._store.grow(volume.name, new_size * GIB, self._sparse)

    def create_snapshot(self, snapshot: Snapshot) -> base.ModelUpdate:
        """Copy the volume's file, or share its blocks where the file system can do that."""
        with explained(f"snapshot {snapshot.id} could not be created"):
            self._duplicate(snapshot.volume_name, snapshot.name)
        return None

    def delete_snapshot(self, snapshot: Snapshot) -> None:
        """Remove the snapshot's file."""
        with explained(f"snapshot {snapshot.id} could not be deleted"):
            self._store.delete(snapshot.name)

    def create_volume_from_snapshot(
        self, volume: Volume, snapshot: Snapshot, progress: Report | None = None
    ) -> base.ModelUpdate:
        """Copy the snapshot's file, or share its blocks, and make the copy as large as asked."""
        with explained(f"volume {volume.id} could not be created from snapshot {snapshot.id}"):
            self._duplicate(snapshot.name, volume.name, volume.size * GIB, progress=progress)
        return None

    def create_cloned_volume(
        self, volume: Volume, src_vref: Volume, progress: Report | None = None
    ) -> base.ModelUpdate:
        """Copy the other volume's file, or share its blocks, and make it as large as asked."""
        with explained(f"volume {volume.id} could not be cloned from volume {src_vref.id}"):
            self._duplicate(src_vref.name, volume.name, volume.size * GIB, progress=progress)
        return None

    def revert_to_snapshot(
        self, context: RequestContext, volume: Volume, snapshot: Snapshot
    ) -> None:
        """Put a copy of the snapshot's file in the place of the volume's, in one step."""
        with explained(f"volume {volume.id} could not be reverted to snapshot {snapshot.id}"):
            self._duplicate(snapshot.name, volume.name, volume.size * GIB, replace=True)

    def snapshot_revert_use_temp_snapshot(self) -> bool:
        """Tell that the volume's file is replaced in one step: it needs no copy for safety."""
        return False

    def _duplicate(
        self,
        name: str,
        copy: str,
        size: int = 0,
        *,
        replace: bool = False,
        progress: Report | None = None,
    ) -> None:
        """Make a file with another's data.

        :param size: bytes that the new file has at least
        """
        path = self._store.path(name)
        known = self._store.size(name)
        if known is None:
            raise exception.VolumeBackendAPIException(data=f"the file {path} is missing.")
        with self._store.new(copy) as new:
            # Shared blocks are taken only when they are written: that would not be thick.
            if self._sparse and new.share_blocks_of(path):
                new.resize(max(size, known), sparse=True)
            else:
                new.resize(max(size, known), self._sparse)
                sparse_copy_file(path, new.path, known, progress, offload=self._sparse)
            new.publish(replace)

    # --- access ------------------------------------------------------------------------------

    def local_path(self, volume: Volume) -> str:
        """Return the path of the volume's file."""
        return self._store.path(volume.name)

    def initialize_connection(self, volume: Volume, connector: dict[str, Any]) -> dict[str, Any]:
        """Tell a connector that has the directory the path of the volume's file."""
        path = self._path_for(connector, f"volume {volume.id}", volume.name)
        return {
            "driver_volume_type": "local",
            "data": {"device_path": path, "access_mode": "rw", "volume_id": volume.id},
        }

    def initialize_connection_snapshot(
        self, snapshot: Snapshot, connector: dict[str, Any]
    ) -> dict[str, Any]:
        """Tell a connector on this node the path of the snapshot's file."""
        path = self._path_for(connector, f"snapshot {snapshot.id}", snapshot.name)
        return {
            "driver_volume_type": "local",
            "data": {"device_path": path, "access_mode": "ro", "volume_id": snapshot.id},
        }

    def _path_for(self, connector: dict[str, Any], what: str, name: str) -> str:
        names = {self._hostname, host_name.parse(self.host).host}
        shared = self.configuration.file_data_dir_is_shared
        if not shared and connector.get("host") not in names:
            raise exception.InvalidInput(
                reason=f"{what} is a file on {self._hostname} and can not be connected "
                f"to {connector.get('host') or 'a node without a name'}."
            )
        path = self._store.path(name)
        with explained(f"{what} can not be connected"):
            if self._store.size(name) is None:
                raise exception.VolumeBackendAPIException(data=f"the file {path} is missing.")
        return path

    # --- moves -------------------------------------------------------------------------------

    def migrate_volume(
        self,
        context: RequestContext,
        volume: Volume,
        host: dict[str, Any],
        progress: Report | None = None,
        stop: process.Stop | None = None,
    ) -> tuple[bool, base.ModelUpdate]:
        """Give the volume's file a name in the other directory, or a copy there.

        Declines where the other backend is not a directory of this node, and while the volume is
        in use.
        """
        move = self._local_move(volume, host)
        if move is None or volume.status not in MOVABLE:
            return False, None
        sparse = bool(host["capabilities"].get("thin_provisioning_support", True))
        with explained(f"volume {volume.id} could not be moved to {host.get('host')}"):
            move.run(sparse=sparse, progress=progress, stop=stop)
        return True, None

    def finish_migration(
        self, context: RequestContext, volume: Volume, host: dict[str, Any]
    ) -> None:
        """Remove the volume's file from this directory."""
        move = self._local_move(volume, host)
        if move is not None:
            with explained(f"the old data of volume {volume.id} could not be removed"):
                move.finish()

    def cancel_migration(
        self, context: RequestContext, volume: Volume, host: dict[str, Any]
    ) -> None:
        """Remove the volume's file, or a part of it, from the other directory.

        :raises VolumeBackendAPIException: the volume is not recorded here, so that the other file
            may be the volume
        """
        if volume.service_host != self.host:
            raise exception.VolumeBackendAPIException(
                data=f"the move of volume {volume.id} to {host.get('host')} is not undone: the "
                f"volume belongs to {volume.host}, not to {self.host}."
            )
        with contextlib.suppress(_SameDirectory):
            move = self._local_move(volume, host)
            if move is not None:
                with explained(f"the unfinished move of volume {volume.id} is not undone"):
                    move.cancel()

    def _local_move(self, volume: Volume, host: dict[str, Any]) -> LocalMove | None:
        """Return the move to another directory of this node, None where that is not asked for.

        :raises VolumeBackendAPIException: it is this directory
        """
        location = str((host.get("capabilities") or {}).get("location_info") or "")
        driver, _, rest = location.partition(":")
        hostname, _, directory = rest.partition(":")
        if (driver, hostname) != (type(self).__name__, self._hostname) or not directory:
            return None
        target = FileStore(directory)
        with explained(f"volume {volume.id} can not be moved to {directory}"):
            if not target.writable():
                return None
            if self._store.is_same_as(target):
                raise _SameDirectory(
                    data=f"volume {volume.id} can not be moved to {host.get('host')}: both "
                    f"backends keep their volumes in {self._store.directory}."
                )
        return LocalMove(volume.name, self._store, target)

    def update_migrated_volume(
        self,
        context: RequestContext,
        volume: Volume,
        new_volume: Volume,
        original_volume_status: str,
    ) -> dict[str, Any]:
        """Rename the target's file after the volume's id, unless it is in use or that is taken."""
        wanted = volume.replace(name_id_override=None).name
        try:
            renamed = original_volume_status != states.IN_USE and self._store.rename(
                new_volume.name, wanted
            )
        except OSError:
            LOG.exception("Volume %s: its data keeps the name %s", volume.id, new_volume.name)
            renamed = False
        if renamed:
            return {"_name_id": None, "provider_location": None}
        return super().update_migrated_volume(context, volume, new_volume, original_volume_status)


class _SameDirectory(exception.VolumeBackendAPIException):
    """The destination of a move is where the volume is."""
