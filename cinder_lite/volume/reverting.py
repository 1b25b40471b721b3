# SPDX-License-Identifier: Apache-2.0
"""Giving a volume of this backend the data of its latest snapshot again.

A driver that can not do it in one step is told to keep the volume in a temporary snapshot first;
where it can not do it at all, a temporary volume is made of the snapshot and its bytes are copied.
"""

from __future__ import annotations

import contextlib
import datetime
import uuid
from collections.abc import Iterator

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, notifications, states
from cinder_lite.context import RequestContext
from cinder_lite.db import reverts, snapshots, volumes
from cinder_lite.objects import Snapshot, Volume, utcnow
from cinder_lite.volume import connections, snapshotting
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.lifecycle import Claim

LOG = logging.getLogger(__name__)
CONF = cfg.CONF


def revert(backend: Backend, context: RequestContext, volume_id: str, snapshot_id: str) -> None:
    """Revert a volume that is marked so, and mark both available; or the volume in error.

    Nobody waits for an answer, so a failure is logged here and nowhere else.
    """
    volume = volumes.get(context, volume_id)
    snapshot = snapshots.get(context, snapshot_id)
    marked = (volume.status, snapshot.status) == (states.REVERTING, states.RESTORING)
    if not marked or snapshot.volume_id != volume_id:
        LOG.info("Volume %s: is not to be reverted any more", volume_id)
        return
    status = states.AVAILABLE
    notifications.about_volume(context, volume, "revert.start")
    try:
        if not backend.driver.initialized:
            raise exception.DriverNotInitialized(driver=type(backend.driver).__name__)
        with backend.uses.alone(volume_id), backend.uses.shared(snapshot_id):
            _revert(backend, context, volume, snapshot)
        LOG.info("Volume %s: reverted to snapshot %s", volume_id, snapshot_id)
    except Exception as failure:
        status = states.ERROR
        trace = None if isinstance(failure, exception.CinderLiteException) else failure
        LOG.error(
            "Volume %s: can not be reverted to snapshot %s: %s",
            volume_id,
            snapshot_id,
            exception.sentence_of(failure),
            exc_info=trace,
        )
    reverts.end(volume_id, status, snapshot_id)
    notifications.about_volume(context, volume.replace(status=status), "revert.end")


def _revert(backend: Backend, context: RequestContext, volume: Volume, snapshot: Snapshot) -> None:
    if backend.driver.snapshot_revert_use_temp_snapshot():
        with _kept(backend, context, volume):
            _bring_back(backend, context, volume, snapshot)
    else:
        _bring_back(backend, context, volume, snapshot)


def _bring_back(
    backend: Backend, context: RequestContext, volume: Volume, snapshot: Snapshot
) -> None:
    try:
        backend.driver.revert_to_snapshot(context, volume, snapshot)
    except NotImplementedError:
        _copy_back(backend, context, volume, snapshot)


@contextlib.contextmanager
def _kept(backend: Backend, context: RequestContext, volume: Volume) -> Iterator[None]:
    """Keep a volume's data in a temporary snapshot, which stays if the reverting fails."""
    values = {
        "user_id": volume.user_id,
        "project_id": volume.project_id,
        "display_name": f"[revert] volume {volume.id} backup snapshot",
        "display_description": "Made while the volume was reverted to a snapshot. If that failed, "
        "a volume made of this one has the data from before.",
        "use_quota": False,
    }
    made, _ = snapshots.create(volume.id, (), values)
    assert made is not None
    update = backend.driver.create_snapshot(made) or {}
    whole = {"status": states.AVAILABLE, "progress": "100%", "scheduled_at": None, **update}
    snapshots.update(made.id, whole)
    yield
    deleting = {"status": states.DELETING, "scheduled_at": utcnow()}
    snapshots.update(made.id, deleting)
    snapshotting.delete(backend, context, made.id)


def _copy_back(
    backend: Backend, context: RequestContext, volume: Volume, snapshot: Snapshot
) -> None:
    """Copy a snapshot's bytes onto its volume, by way of a temporary volume."""
    # Always the same, so that what a service that was killed has left is found again.
    temporary_id = str(uuid.uuid5(uuid.UUID(snapshot.id), "revert"))
    temporary = volume.replace(id=temporary_id, name_id_override=None, size=snapshot.volume_size)
    protocol = str(backend.driver.get_volume_stats().get("storage_protocol") or "")
    backend.driver.delete_volume(temporary)
    try:
        update = backend.driver.create_volume_from_snapshot(temporary, snapshot) or {}
        temporary = temporary.replace(**update)
        source = backend.driver.local_path(temporary)
        with connections.attached(
            backend, context, volume, protocol=protocol, remote=False
        ) as target:
            backend.copy(source, target.path, snapshot.volume_size * 1024)
    finally:
        backend.driver.delete_volume(temporary)


def settle_lost(backend: Backend, claim: Claim) -> None:
    """Revert the volumes whose message was lost, with the broker or its reader.

    Of a volume and a snapshot that should be marked together and are not, whichever is marked is
    made available: somebody has written the other's status.

    :param claim: keeps two threads of this process off one volume
    """
    before = utcnow() - datetime.timedelta(seconds=CONF.migration_settle_interval)
    for snapshot in snapshots.for_host(backend.service_host, (states.RESTORING,)):
        if snapshot.scheduled_at is None or snapshot.scheduled_at > before:
            continue
        with claim(snapshot.volume_id) as mine:
            if mine:
                _settle(backend, snapshot)
    for volume in volumes.for_host(backend.service_host, (states.REVERTING,)):
        if volume.updated_at is None or volume.updated_at > before:
            continue
        with claim(volume.id) as mine:
            if mine and reverts.end(volume.id, states.AVAILABLE):
                LOG.warning("Volume %s: was to be reverted to no snapshot", volume.id)


def _settle(backend: Backend, snapshot: Snapshot) -> None:
    if volumes.get(backend.context, snapshot.volume_id).status != states.REVERTING:
        LOG.warning("Snapshot %s: its volume is not being reverted to it", snapshot.id)
        reverts.end(snapshot.volume_id, states.AVAILABLE, snapshot.id)
        return
    LOG.warning("Volume %s: reverting was lost, done now", snapshot.volume_id)
    revert(backend, backend.context, snapshot.volume_id, snapshot.id)
