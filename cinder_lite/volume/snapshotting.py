# SPDX-License-Identifier: Apache-2.0
"""Making and deleting a snapshot on this backend, and what an earlier instance left undone."""

from __future__ import annotations

import contextlib
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, message, notifications, states
from cinder_lite.context import RequestContext
from cinder_lite.db import snapshots, volumes
from cinder_lite.objects import Snapshot, utcnow
from cinder_lite.volume import exports
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.lifecycle import Claim

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_ENDED = {"scheduled_at": None}
"""No work on the snapshot is under way: nothing is to be taken up should the service end."""


def create(backend: Backend, context: RequestContext, snapshot_id: str) -> None:
    """Make a snapshot whose row exists and mark it available, or in error.

    Nobody waits for an answer, so a failure is logged here and nowhere else.
    """
    snapshot = _find(context, snapshot_id)
    if snapshot is None or snapshot.status != states.CREATING:
        LOG.info("Snapshot %s: is not to be made any more", snapshot_id)
        return
    try:
        update = _make(backend, context, snapshot)
    except Exception as failure:
        _log_failure(snapshot, "can not be made", failure)
        _remove_leftover(backend, snapshot)
        message.about_snapshot(context, snapshot, failure)
        snapshots.fail(snapshot_id)
        return
    values = {"status": states.AVAILABLE, "progress": "100%", **_ENDED, **update}
    if snapshots.conditional_update(snapshot_id, values, [states.CREATING]):
        LOG.info("Snapshot %s of volume %s: made", snapshot_id, snapshot.volume_id)
        _notify(context, snapshot.replace(**values), "create.end")
        return
    taken = _find(context, snapshot_id)
    if taken is None:
        _remove_leftover(backend, snapshot)
    elif taken.status in (states.DELETING, states.UNMANAGING):
        # The message that asked for it has found the snapshot in this thread's hands.
        delete(backend, context, snapshot_id, unmanage_only=taken.status == states.UNMANAGING)


def _make(backend: Backend, context: RequestContext, snapshot: Snapshot) -> dict[str, Any]:
    _notify(context, snapshot, "create.start")
    _require_driver(backend)
    with backend.uses.shared(snapshot.volume_id):
        volume = volumes.get(context, snapshot.volume_id)
        current = snapshot.replace(volume_name=volume.name)
        update = dict(backend.driver.create_snapshot(current) or {})
    if volume.bootable:
        snapshots.copy_image_metadata_from_volume(snapshot.id, volume.id)
    # A key may have been moved to another store meanwhile.
    return {**update, "encryption_key_id": volume.encryption_key_id}


def delete(
    backend: Backend, context: RequestContext, snapshot_id: str, *, unmanage_only: bool = False
) -> bool:
    """Delete a snapshot's data, then its row; one that has gone already is deleted.

    Nobody waits for an answer: a failure is logged, and the snapshot's status tells of it.

    :param unmanage_only: leave its data and forget it
    :returns: whether it is deleted now
    """
    snapshot = _find(context, snapshot_id)
    if snapshot is None:
        LOG.info("Snapshot %s: is deleted already", snapshot_id)
        return True
    expected = states.UNMANAGING if unmanage_only else states.DELETING
    if snapshot.status != expected:
        LOG.warning("Snapshot %s: not deleted, its status is %s", snapshot_id, snapshot.status)
        return False
    _notify(context, snapshot, "delete.start")
    try:
        _require_driver(backend)
        if unmanage_only:
            with backend.uses.alone(snapshot_id):
                backend.driver.unmanage_snapshot(snapshot)
        else:
            remove(backend, context, snapshot)
    except exception.SnapshotIsBusy as busy:
        _log_failure(snapshot, "is needed and stays", busy)
        snapshots.update(snapshot_id, {"status": states.AVAILABLE, **_ENDED})
        return False
    except Exception as failure:
        _log_failure(snapshot, "can not be deleted", failure)
        snapshots.update(snapshot_id, {"status": states.ERROR_DELETING, **_ENDED})
        return False
    snapshots.destroy(snapshot_id)
    LOG.info("Snapshot %s of volume %s: deleted", snapshot_id, snapshot.volume_id)
    _notify(context, snapshot, "delete.end")
    return True


def remove(backend: Backend, context: RequestContext, snapshot: Snapshot) -> None:
    """Remove a snapshot's data; who reads it on this backend is waited for.

    :raises SnapshotIsBusy: another backend makes a volume of it, or the driver needs it
    """
    with backend.uses.alone(snapshot.id), exports.alone(snapshot.id):
        if snapshots.is_read_elsewhere(snapshot.id, backend.service_host):
            raise exception.SnapshotIsBusy(snapshot_name=snapshot.name)
        snapshot = snapshots.get(context, snapshot.id)  # it says now what was exported
        backend.driver.remove_export_snapshot(context, snapshot)
        backend.driver.delete_snapshot(snapshot)


def settle_lost(backend: Backend, claim: Claim) -> None:
    """Make and delete the snapshots whose message was lost, with the broker or its reader.

    Called now and then: a message that is still on its way is given ``migration_settle_interval``
    seconds. What was made so far of a new snapshot was never anyone's, so it is removed first. A
    status that an administrator has written is left alone.

    :param claim: keeps two threads of this process off one snapshot
    """
    wanted = (states.CREATING, states.DELETING, states.UNMANAGING)
    for snapshot in snapshots.for_host(backend.service_host, wanted):
        asked = snapshot.scheduled_at
        if snapshot.group_snapshot_id is not None:
            continue  # it is settled with its group
        if asked is None or (utcnow() - asked).total_seconds() < CONF.migration_settle_interval:
            continue
        with claim(snapshot.id) as mine:
            if mine:
                LOG.warning("Snapshot %s: %s was lost, done now", snapshot.id, snapshot.status)
                _settle(backend, snapshot)


def _settle(backend: Backend, snapshot: Snapshot) -> None:
    if snapshot.status != states.CREATING:
        unmanage = snapshot.status == states.UNMANAGING
        delete(backend, backend.context, snapshot.id, unmanage_only=unmanage)
        return
    now = _find(backend.context, snapshot.id)
    if now is not None and now.status == states.CREATING:
        _remove_leftover(backend, now)
        create(backend, backend.context, snapshot.id)


def _notify(context: RequestContext, snapshot: Snapshot, event: str) -> None:
    zone = None
    with contextlib.suppress(exception.VolumeNotFound):
        zone = volumes.get(context, snapshot.volume_id).availability_zone
    notifications.about_snapshot(context, snapshot, zone, event)


def _find(context: RequestContext, snapshot_id: str) -> Snapshot | None:
    try:
        return snapshots.get(context, snapshot_id)
    except exception.SnapshotNotFound:
        return None


def _require_driver(backend: Backend) -> None:
    if not backend.driver.initialized:
        raise exception.DriverNotInitialized(driver=type(backend.driver).__name__)


def _remove_leftover(backend: Backend, snapshot: Snapshot) -> None:
    if not backend.driver.initialized:
        return
    try:
        backend.driver.delete_snapshot(snapshot)
    except Exception:
        LOG.exception("Snapshot %s: what was made of it could not be removed", snapshot.id)


def _log_failure(snapshot: Snapshot, what: str, failure: Exception) -> None:
    """Log a failure once: with its trace only where nobody raised it on purpose."""
    label = f"Snapshot {snapshot.id} of volume {snapshot.volume_id}"
    if isinstance(failure, exception.CinderLiteException):
        LOG.error("%s: %s: %s", label, what, failure.msg)
    else:
        LOG.error("%s: %s", label, what, exc_info=failure)
