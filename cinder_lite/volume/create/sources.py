# SPDX-License-Identifier: Apache-2.0
"""Making a volume's data of a snapshot or of another volume.

On the source's own backend the driver does it. The scheduler puts a volume elsewhere only when its
type differs from the source's; then an empty volume is made here and the bytes are copied, from the
snapshot, or from a temporary one of the volume, as both may be read while the volume is in use.
"""

from __future__ import annotations

import time
from typing import Any

from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import services as db_services
from cinder_lite.db import snapshots, volumes
from cinder_lite.objects import Snapshot, Volume, utcnow
from cinder_lite.volume import connections
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.copy import Report
from cinder_lite.volume.create import rekey
from cinder_lite.volume.create.progress import Progress
from cinder_lite.volume.create.spec import VolumeSpec
from cinder_lite.volume.rooms import refusal_of
from cinder_lite.volume.snapshots import creation_rules

LOG = logging.getLogger(__name__)

GIB = 1024**3

_LONGEST_PAUSE = 2.0
"""Seconds between two looks at what another service makes."""

Update = dict[str, Any] | None


def from_snapshot(
    backend: Backend,
    context: RequestContext,
    volume: Volume,
    volume_spec: VolumeSpec,
    progress: Progress,
) -> Update:
    """Make a volume with a snapshot's data; it may be larger.

    :param progress: told of the bytes that are copied, where some are
    :returns: columns of the volume's row to change
    :raises SnapshotNotFound, InvalidSnapshot: the snapshot has gone, or is going
    :raises VolumeBackendAPIException, VolumeCopyFailed: the storage failed
    """
    admin = context.elevated()
    snapshot_id, told = str(volume_spec.snapshot_id), progress.of("copying")
    source = volumes.get(admin, snapshots.get(admin, snapshot_id).volume_id)
    if source.service_host == backend.service_host:
        with backend.uses.shared(snapshot_id):
            snapshot = _readable(admin, snapshot_id)
            update = _by_driver(
                backend,
                f"make volume {volume.id} of snapshot {snapshot_id}",
                lambda: backend.driver.create_volume_from_snapshot(volume, snapshot, told),
            )
    else:
        update = _copied(backend, admin, volume, source, _readable(admin, snapshot_id), told)
    snapshots.copy_image_metadata_to_volume(volume.id, from_snapshot=snapshot_id)
    return update


def from_volume(
    backend: Backend,
    context: RequestContext,
    volume: Volume,
    volume_spec: VolumeSpec,
    progress: Progress,
) -> Update:
    """Make a volume with another's data; it may be larger.

    :param progress: told of the bytes that are copied, where some are
    :returns: columns of the volume's row to change
    :raises VolumeNotFound, InvalidVolume: the other has gone, is going or moving
    :raises VolumeBackendAPIException, VolumeCopyFailed: the storage failed
    """
    admin = context.elevated()
    source_id, told = str(volume_spec.source_volid), progress.of("copying")
    source = _whole(admin, source_id)
    if source.service_host == backend.service_host:
        with backend.uses.shared(source_id):
            source = _whole(admin, source_id)
            update = _by_driver(
                backend,
                f"clone volume {source_id} as {volume.id}",
                lambda: backend.driver.create_cloned_volume(volume, source, told),
            )
    else:
        update = _copied_from_volume(backend, admin, volume, source, told)
    if volume.encryption_key_id is not None:
        update = {**(update or {}), **rekey.rekey(backend, context, volume.replace(**update or {}))}
    snapshots.copy_image_metadata_to_volume(volume.id, from_volume=source_id)
    return update


def _readable(admin: RequestContext, snapshot_id: str) -> Snapshot:
    """Return a snapshot whose data is whole and stays."""
    snapshot = snapshots.get(admin, snapshot_id)
    if snapshot.status != states.AVAILABLE:
        raise exception.InvalidSnapshot(
            reason=f"snapshot {snapshot_id} must be available to be read, but is {snapshot.status}."
        )
    return snapshot


def _whole(admin: RequestContext, volume_id: str) -> Volume:
    """Return a volume whose data is whole and stays where it is."""
    volume = volumes.get(admin, volume_id)
    if volume.status not in (states.AVAILABLE, states.IN_USE):
        raise exception.InvalidVolume(
            reason=f"source volume {volume_id} must be available or in-use, but is {volume.status}."
        )
    if volume.migration_status not in states.MIGRATION_IDLE:
        raise exception.InvalidVolume(
            reason=f"source volume {volume_id} is moving to another backend "
            f"(migration_status is {volume.migration_status})."
        )
    return volume


def _by_driver(backend: Backend, what: str, make: Any) -> Update:
    try:
        update: Update = make()
    except NotImplementedError:
        raise exception.VolumeBackendAPIException(
            data=f"the driver {type(backend.driver).__name__} of {backend.service_host} can not "
            f"{what}."
        ) from None
    return update


# --- across backends -------------------------------------------------------------------------


def _copied_from_volume(
    backend: Backend, admin: RequestContext, volume: Volume, source: Volume, told: Report
) -> Update:
    """Copy a volume of another backend by way of a temporary snapshot there."""
    snapshot = _temporary_snapshot(backend, admin, volume, source)
    try:
        snapshot = _wait_for(admin, snapshot, source)
        return _copied(backend, admin, volume, source, snapshot, told)
    finally:
        _drop(backend, admin, source, snapshot.id)


def _temporary_snapshot(
    backend: Backend, admin: RequestContext, volume: Volume, source: Volume
) -> Snapshot:
    """Have the source's host make a snapshot, or find the one that a dead service had made.

    :raises InvalidVolume: the source's state forbids it
    """
    name = f"[clone] for volume {volume.id}"
    for known in snapshots.of_volume(source.id):
        if known.display_name == name and known.status in (states.CREATING, states.AVAILABLE):
            return known
    values = {
        "user_id": source.user_id,
        "project_id": source.project_id,
        "display_name": name,
        "display_description": "Temporary: it is deleted when the volume is made.",
        "use_quota": False,
    }
    made, refused = snapshots.create(source.id, creation_rules(allow_in_use=True), values)
    if made is None:
        raise refusal_of(source.id, "can not be cloned", refused)
    backend.volume_rpcapi.create_snapshot(admin, source.host, made.id)
    return made


def _wait_for(admin: RequestContext, snapshot: Snapshot, source: Volume) -> Snapshot:
    """Wait for a snapshot that another service makes, as long as that service lives."""
    pause = 0.1
    while snapshot.status == states.CREATING:
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
        if not db_services.get(host=source.service_host, binary=db_services.VOLUME).is_up:
            raise exception.VolumeBackendAPIException(
                data=f"volume {source.id} can not be cloned: its service {source.service_host} "
                "is down."
            )
        snapshot = snapshots.get(admin, snapshot.id)
    if snapshot.status != states.AVAILABLE:
        raise exception.VolumeBackendAPIException(
            data=f"volume {source.id} could not be snapshotted on {source.service_host}, to be "
            "cloned elsewhere; the log of that service says why."
        )
    return snapshot


def _drop(backend: Backend, admin: RequestContext, source: Volume, snapshot_id: str) -> None:
    """Have a temporary snapshot deleted; should the message be lost, its host finds it."""
    gone = {"status": states.DELETING, "scheduled_at": utcnow()}
    snapshots.conditional_update(snapshot_id, gone, None)
    try:
        backend.volume_rpcapi.delete_snapshot(admin, source.host, snapshot_id)
    except Exception:
        LOG.exception("Snapshot %s: %s could not be told to delete it", snapshot_id, source.host)


def _copied(
    backend: Backend,
    admin: RequestContext,
    volume: Volume,
    source: Volume,
    snapshot: Snapshot,
    told: Report,
) -> Update:
    """Make an empty volume here and copy a snapshot of another backend onto it."""
    update = backend.driver.create_volume(volume) or {}
    made = volume.replace(**update)
    stats = backend.driver.get_volume_stats()
    protocol = str(stats.get("storage_protocol") or "")
    with (
        connections.attached_snapshot(
            backend, admin, source.host, snapshot, protocol=_protocol_of(backend, admin, source)
        ) as origin,
        connections.attached(backend, admin, made, protocol=protocol, remote=False) as destination,
    ):
        larger = volume.size > snapshot.volume_size
        result = backend.copy(
            origin.path,
            destination.path,
            volume.size * 1024,
            # Zeros are skipped only onto a target that reads as zero: it says so, and it is new.
            sparse=bool(stats.get("sparse_copy_volume")),
            extents=[(0, snapshot.volume_size * GIB)] if larger else None,  # the rest is zeros
            progress=told,
        )
    LOG.info(
        "Volume %(id)s: snapshot %(snapshot)s copied from %(host)s: %(result)s",
        {"id": volume.id, "snapshot": snapshot.id, "host": source.host, "result": result},
    )
    return update


def _protocol_of(backend: Backend, admin: RequestContext, source: Volume) -> str:
    """Return the storage protocol by which another backend's data is reached."""
    pools = backend.scheduler_rpcapi.get_pools(admin, {"name": source.host})
    for pool in pools:
        return str(pool["capabilities"].get("storage_protocol") or "")
    raise exception.VolumeBackendAPIException(
        data=f"volume {source.id} can not be read, as the scheduler knows nothing of {source.host}."
    )
