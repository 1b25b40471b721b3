# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B027 - a driver may leave many methods as they are here
"""What a driver must do, and what it may.

A driver turns requests into storage. It never touches the database: what shall be remembered of a
volume it returns as a *model update*, a dict of columns such as ``provider_location``. Method names
and arguments are those of Cinder's drivers, so that one can be ported.

Rules for every method:

- It may be called from several threads at once, for different volumes.
- Deleting, detaching and cancelling are idempotent: what is absent already is success.
- Storage that refuses or fails is a ``VolumeBackendAPIException`` with a sentence that names the
  volume; after it, nothing half made is left under a name that could be taken for a volume.
- What blocks for long (system calls on storage) goes through :func:`concurrency.run_blocking`;
  bytes are moved by :mod:`cinder_lite.volume.copy`.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any

from cinder_lite.context import RequestContext
from cinder_lite.objects import Snapshot, Volume, VolumeType
from cinder_lite.volume.copy import Report, Throttle, dd, process, throttling
from cinder_lite.volume.drivers.manageable import ManageableSnapshotsVD, ManageableVD

ModelUpdate = dict[str, Any] | None
"""Columns of the volume's row to change; None for none."""


class VolumeDriver(ManageableVD, ManageableSnapshotsVD, abc.ABC):
    """Base of every driver: what is abstract must be done, the rest may be.

    :param configuration: the backend's options as attributes
    :param host: ``host@backend`` of the volume service
    :param execute: runs a short command, see :func:`cinder_lite.volume.copy.process.execute`
    """

    VERSION = "1.0.0"
    VENDOR = "cinder_lite"

    def __init__(
        self, *, configuration: Any, host: str, execute: dd.Execute = process.execute
    ) -> None:
        self.configuration = configuration
        self.host = host
        self._execute = execute
        self.throttle = Throttle(
            getattr(configuration, "volume_copy_bps_limit", 0),
            getattr(configuration, "volume_copy_blkio_cgroup_name", throttling.GROUP),
        )
        """The limit of all copies of this backend, the driver's own and the service's."""
        self._initialized = False
        self._stats: dict[str, Any] = {}

    # --- life of the driver ------------------------------------------------------------------

    @property
    def initialized(self) -> bool:
        """True when the driver is set up; requests are refused before that."""
        return self._initialized

    def set_initialized(self) -> None:
        """Take note that :meth:`do_setup` and :meth:`check_for_setup_error` have succeeded."""
        self._initialized = True

    def do_setup(self, context: RequestContext) -> None:
        """Connect to the storage and tidy up what an earlier, killed service left unfinished.

        Called at the service's start, and again now and then until it succeeds.
        """

    @abc.abstractmethod
    def check_for_setup_error(self) -> None:
        """Check that the storage can be used.

        :raises VolumeBackendAPIException: it can not; the sentence tells the operator what to mend
        """

    @property
    def backend_name(self) -> str:
        """``volume_backend_name``, or the name of the configuration section without it."""
        configured = getattr(self.configuration, "volume_backend_name", None)
        return str(configured or getattr(self.configuration, "config_group", None) or self.host)

    def get_volume_stats(self, refresh: bool = False) -> dict[str, Any]:
        """Return what the backend can do and how full it is, in the shape of Cinder's reports.

        :param refresh: ask the storage anew
        :returns: ``volume_backend_name``, ``vendor_name``, ``driver_version``,
            ``storage_protocol``, ``location_info`` (where the data is, in the driver's own words:
            another backend of the driver reads it in :meth:`migrate_volume`); sizes in GiB:
            ``total_capacity_gb``, ``free_capacity_gb``, ``provisioned_capacity_gb``;
            ``reserved_percentage``, ``max_over_subscription_ratio``; and booleans:
            ``thin_provisioning_support``, ``thick_provisioning_support``, ``QoS_support``,
            ``multiattach``, ``sparse_copy_volume`` (a new volume reads as zero, so that zeros need
            not be written onto it). A backend with several pools puts what belongs to one pool
            into the dicts of the list ``pools``, each with ``pool_name``. The service adds
            ``allocated_capacity_gb`` from the database
        """
        if refresh or not self._stats:
            self._stats = {
                "volume_backend_name": self.backend_name,
                "vendor_name": self.VENDOR,
                "driver_version": self.VERSION,
                **self._collect_stats(),
            }
        return self._stats

    @abc.abstractmethod
    def _collect_stats(self) -> dict[str, Any]:
        """Ask the storage for what :meth:`get_volume_stats` adds to the names."""

    # --- volumes -----------------------------------------------------------------------------

    @abc.abstractmethod
    def create_volume(self, volume: Volume) -> ModelUpdate:
        """Create an empty volume of ``volume.size`` GiB under ``volume.name``.

        :raises VolumeBackendAPIException: the storage refused, or has a volume of that name
        """

    @abc.abstractmethod
    def delete_volume(self, volume: Volume) -> None:
        """Delete a volume's data; a volume that is absent is deleted already."""

    @abc.abstractmethod
    def extend_volume(self, volume: Volume, new_size: int) -> None:
        """Grow a volume to ``new_size`` GiB; a volume that is as large already stays as it is.

        The volume may be in use: what uses it is told of the new size afterwards.

        :raises VolumeBackendAPIException: the storage refused; the volume is whole and as it was
        """

    def create_volume_from_snapshot(
        self, volume: Volume, snapshot: Snapshot, progress: Report | None = None
    ) -> ModelUpdate:
        """Create a volume of ``volume.size`` GiB with the data of a snapshot of this backend.

        The volume may be larger than the snapshot; what is added reads as zero. The snapshot is
        not deleted meanwhile.

        :param progress: told how far it is, where bytes are copied
        :raises NotImplementedError: the driver has no snapshots
        """
        raise NotImplementedError

    def create_cloned_volume(
        self, volume: Volume, src_vref: Volume, progress: Report | None = None
    ) -> ModelUpdate:
        """Create a volume of ``volume.size`` GiB with the data of another one of this backend.

        The volume may be larger than the other; what is added reads as zero. The other is not
        deleted meanwhile, but it may be in use: the clone has its data of one moment.

        :param progress: told how far it is, where bytes are copied
        :raises NotImplementedError: the driver can not clone
        """
        raise NotImplementedError

    # --- images ------------------------------------------------------------------------------

    def clone_image(
        self,
        context: RequestContext,
        volume: Volume,
        image_location: tuple[str | None, list[Any]],
        image_meta: dict[str, Any],
        image_service: Any,
    ) -> tuple[ModelUpdate, bool]:
        """Create a volume of an image whose data is on this backend's storage, without copying.

        :param image_location: the image's direct URL and its locations, where Glance shows them
        :param image_meta: the image's description
        :returns: a model update and True; ``(None, False)`` when this driver can not: nothing was
            changed then, and the bytes are copied
        """
        return None, False

    def copy_image_to_volume(
        self, context: RequestContext, volume: Volume, image_service: Any, image_id: str
    ) -> None:
        """Fill a volume with an image, by the storage's own means.

        :raises NotImplementedError: there are none; the service connects the volume and writes
        """
        raise NotImplementedError

    def copy_volume_to_image(
        self,
        context: RequestContext,
        volume: Volume,
        image_service: Any,
        image_meta: dict[str, Any],
    ) -> None:
        """Fill an image with a volume, by the storage's own means.

        :raises NotImplementedError: there are none; the service connects the volume and reads
        """
        raise NotImplementedError

    # --- snapshots ---------------------------------------------------------------------------

    def create_snapshot(self, snapshot: Snapshot) -> ModelUpdate:
        """Keep the present data of the volume ``snapshot.volume_name`` as ``snapshot.name``.

        The volume may be in use: the snapshot has its data of one moment, ``volume_size`` GiB.

        :returns: columns of the snapshot's row to change
        :raises NotImplementedError: the driver has no snapshots
        """
        raise NotImplementedError

    def delete_snapshot(self, snapshot: Snapshot) -> None:
        """Delete a snapshot; one that is absent is deleted already.

        :raises SnapshotIsBusy: something still needs it; it stays available
        :raises NotImplementedError: the driver has no snapshots
        """
        raise NotImplementedError

    def revert_to_snapshot(
        self, context: RequestContext, volume: Volume, snapshot: Snapshot
    ) -> None:
        """Give a detached volume the data of its latest snapshot again.

        The snapshot stays. A volume that was extended since may have the snapshot's size
        afterwards: the service extends it again.

        :raises NotImplementedError: the driver can not; the service copies the bytes instead
        """
        raise NotImplementedError

    def snapshot_revert_use_temp_snapshot(self) -> bool:
        """Tell whether the volume shall be kept in a temporary snapshot while it is reverted.

        A driver whose :meth:`revert_to_snapshot` is one atomic step, or can be done again until it
        has succeeded, answers False.
        """
        return True

    def create_group_snapshot(
        self,
        context: RequestContext,
        snapshots: Sequence[Snapshot],
        *,
        must_be_consistent: bool = False,
    ) -> dict[str, dict[str, Any]]:
        """Make several snapshots that belong together, of one moment if the storage can do that.

        This one makes them one after the other. What fails may leave some of them made: the service
        deletes them all.

        :param must_be_consistent: somebody may be writing, and the snapshots must be of one moment
        :returns: columns of the snapshots' rows to change, by the snapshot's id
        :raises NotImplementedError: they can not be of one moment, or there are no snapshots
        """
        if must_be_consistent:
            raise NotImplementedError
        return {one.id: dict(self.create_snapshot(one) or {}) for one in snapshots}

    # --- access ------------------------------------------------------------------------------

    def ensure_export(self, context: RequestContext, volume: Volume) -> ModelUpdate:
        """Export a volume again at the service's start, if exports do not outlive it."""
        return None

    def create_export(
        self, context: RequestContext, volume: Volume, connector: dict[str, Any]
    ) -> ModelUpdate:
        """Make a volume ready to be connected to.

        :param connector: who will connect, as os-brick's ``get_connector_properties`` tells
        """
        return None

    def remove_export(self, context: RequestContext, volume: Volume) -> None:
        """Undo :meth:`create_export`; nothing to undo is success."""

    @abc.abstractmethod
    def initialize_connection(self, volume: Volume, connector: dict[str, Any]) -> dict[str, Any]:
        """Let a node use a volume.

        :param connector: the node, as os-brick's ``get_connector_properties`` tells
        :returns: ``{'driver_volume_type': …, 'data': {…}}`` for os-brick's connector of that type
        :raises InvalidInput: the node does not say what it must, or can not reach the volume
        :raises VolumeBackendAPIException: the node can not be served
        """

    def terminate_connection(
        self, volume: Volume, connector: dict[str, Any] | None, force: bool = False
    ) -> None:
        """End a node's use of a volume; a connection that is not there is ended already.

        :param connector: the node; None means all nodes
        :param force: end it although the node may still use the volume
        """

    def create_export_snapshot(
        self, context: RequestContext, snapshot: Snapshot, connector: dict[str, Any]
    ) -> ModelUpdate:
        """Make a snapshot ready to be read by a node: a volume is made of it on another backend.

        Several nodes may read it at once. It is not deleted meanwhile.
        """
        return None

    def remove_export_snapshot(self, context: RequestContext, snapshot: Snapshot) -> None:
        """Undo :meth:`create_export_snapshot`; nothing to undo is success.

        Called before the snapshot is deleted.
        """

    def initialize_connection_snapshot(
        self, snapshot: Snapshot, connector: dict[str, Any]
    ) -> dict[str, Any]:
        """Let a node read a snapshot.

        :returns: ``{'driver_volume_type': …, 'data': {…}}`` for os-brick's connector of that type
        :raises NotImplementedError: the driver connects volumes only
        """
        raise NotImplementedError

    def terminate_connection_snapshot(
        self, snapshot: Snapshot, connector: dict[str, Any] | None, force: bool = False
    ) -> None:
        """End a node's reading of a snapshot; a connection that is not there is ended already."""

    def local_path(self, volume: Volume) -> str:
        """Return the path of a volume's file or device on the node of its service.

        :raises NotImplementedError: the volumes have no path there
        """
        raise NotImplementedError

    def mapped_extents(self, volume: Volume) -> list[tuple[int, int]] | None:
        """Return the parts of a volume that hold data: offset and length in bytes, in order.

        The rest reads as zero. Asked for a volume that nobody writes to.

        :returns: None where that is not known: all of the volume must be read
        """
        return None

    def retype(
        self, context: RequestContext, volume: Volume, new_type: VolumeType, host: dict[str, Any]
    ) -> tuple[bool, ModelUpdate]:
        """Give a volume another type where it is, if the storage can do what the type asks for.

        Called only where the backend suits the new type. What a type asks of this driver beyond
        that is nothing, so the volume can stay as it is; a driver whose types say how a volume is
        made looks at ``new_type.extra_specs``.

        :param host: as :meth:`migrate_volume` is told of it; here it is this backend
        :returns: True and a model update; ``(False, None)`` where the volume must be made anew
        """
        return True, None

    # --- moves -------------------------------------------------------------------------------

    def migrate_volume(
        self,
        context: RequestContext,
        volume: Volume,
        host: dict[str, Any],
        progress: Report | None = None,
        stop: process.Stop | None = None,
    ) -> tuple[bool, ModelUpdate]:
        """Move a volume to another backend by the storage's own means, if there are any.

        This is the first of three steps. It brings the data to the destination *and keeps the old
        data whole*. The service then records the new place and calls :meth:`finish_migration`,
        which removes the old data; or something fails, and it calls :meth:`cancel_migration`. A
        service that was killed calls one or the other at its next start, and may then call this
        method again. A driver whose storage moves a volume in one atomic step need not do anything
        in the two later methods, but its step must be repeatable.

        :param host: the destination: ``host`` (``host@backend#pool``) and ``capabilities``, what
            its :meth:`get_volume_stats` returned
        :param progress: told how far it is, at least once a second
        :param stop: when it is set, undo what was done and raise CopyStopped
        :returns: True and a model update when the data is at the destination, whole and on stable
            storage; ``(False, None)`` when this driver can not do it: nothing was changed then,
            and the bytes are copied through the node
        :raises VolumeBackendAPIException: the storage failed, or the move makes no sense
        :raises VolumeCopyFailed: the data could not be copied
        :raises CopyStopped: ``stop`` was set
        """
        return False, None

    def finish_migration(
        self, context: RequestContext, volume: Volume, host: dict[str, Any]
    ) -> None:
        """Remove the old data of a volume whose new place has been recorded.

        :param volume: the volume as it was before the move
        :param host: the destination, as :meth:`migrate_volume` was given it
        :raises VolumeBackendAPIException: it could not be removed, or the destination has not got
            the volume: then the old data is the only one and is kept
        """

    def cancel_migration(
        self, context: RequestContext, volume: Volume, host: dict[str, Any]
    ) -> None:
        """Remove what :meth:`migrate_volume` has made at the destination; the source is kept.

        Called when the move failed, also before it did anything.

        :param host: the destination, as :meth:`migrate_volume` was given it
        :raises VolumeBackendAPIException: it could not be removed
        """

    def update_migrated_volume(
        self,
        context: RequestContext,
        volume: Volume,
        new_volume: Volume,
        original_volume_status: str,
    ) -> dict[str, Any]:
        """Give the target of a host copy, if it can be, the name that the volume's id asks for.

        Called on the destination when the data is complete, and again after a crash.

        :param volume: the volume that moves
        :param new_volume: the temporary volume that holds its data now
        :param original_volume_status: the volume's status before the move; the data of a volume
            that is ``in-use`` is found by the present name and must keep it
        :returns: ``_name_id``: the id in the data's name where it is not the volume's, else None;
            and ``provider_location``
        """
        return {
            "_name_id": new_volume.name_id,
            "provider_location": new_volume.provider_location,
        }

    def before_volume_copy(
        self,
        context: RequestContext,
        src_vol: Volume,
        dest_vol: Volume,
        remote: str | None = None,
    ) -> None:
        """Prepare for a copy of one volume onto another through this node.

        :param remote: which one another service looks after: ``src``, ``dest`` or None
        """

    def after_volume_copy(
        self,
        context: RequestContext,
        src_vol: Volume,
        dest_vol: Volume,
        remote: str | None = None,
    ) -> None:
        """Undo :meth:`before_volume_copy`, with the same arguments, after a copy that succeeded."""
