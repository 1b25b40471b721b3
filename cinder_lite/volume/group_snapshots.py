# SPDX-License-Identifier: Apache-2.0
"""Snapshots of groups on this backend: all of a group's volumes, or none."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import group_snapshots, group_types, groups, snapshots, volumes
from cinder_lite.objects import GroupSnapshot, Snapshot, utcnow
from cinder_lite.volume import snapshotting
from cinder_lite.volume.backend import Backend

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_busy: set[str] = set()
"""Ids of the group snapshots that a thread of this process works on."""
_lock = threading.Lock()


def create(backend: Backend, context: RequestContext, group_snapshot_id: str) -> None:
    """Make the data of a group snapshot and mark it available, or remove it and mark it in error.

    Nobody waits for an answer, so a failure is logged here and nowhere else.
    """
    with _Claim(group_snapshot_id) as mine:
        if mine:
            _create(backend, context, group_snapshot_id)


def _create(backend: Backend, context: RequestContext, group_snapshot_id: str) -> None:
    taken = group_snapshots.get(context, group_snapshot_id)
    if taken.status != states.CREATING:
        LOG.info("Group snapshot %s: not made, its status is %s", taken.id, taken.status)
        return
    parts = group_snapshots.snapshots_of(taken.id)
    if any(part.status != states.CREATING for part in parts):
        # An administrator has reset the status; what the snapshots hold must not be lost.
        LOG.info("Group snapshot %s: not made, its snapshots are there already", taken.id)
        return
    try:
        updates = _take(backend, context, taken, parts)
    except Exception as failure:
        _log(taken.id, "can not be made", failure)
        _remove_data(backend, parts)
        group_snapshots.fail_create(taken.id)
        return
    if not group_snapshots.finish_create(taken.id, updates):
        LOG.info("Group snapshot %s: was reset while it was made", taken.id)
        return
    for part in parts:
        _keep_image_metadata(context, part)
    LOG.info("Group snapshot %s: made of %d volumes", taken.id, len(parts))


def _take(
    backend: Backend, context: RequestContext, taken: GroupSnapshot, parts: Sequence[Snapshot]
) -> Mapping[str, Mapping[str, Any]]:
    """Make the snapshots; return the columns that the driver wants kept of each."""
    driver = backend.driver
    if not driver.initialized:
        raise exception.DriverNotInitialized(driver=type(driver).__name__)
    try:
        return driver.create_group_snapshot(
            context, parts, must_be_consistent=_must_be_consistent(context, taken, parts)
        )
    except NotImplementedError:
        raise exception.InvalidGroupSnapshot(
            reason=f"backend {backend.service_host} can not take the snapshots of volumes that are "
            "in use at one moment, which the group's type asks for."
        ) from None


def _must_be_consistent(
    context: RequestContext, taken: GroupSnapshot, parts: Sequence[Snapshot]
) -> bool:
    """Tell whether the snapshots must be of one moment: asked for, and somebody might write."""
    if not taken.group_type_id or not group_types.get(context, taken.group_type_id).is_consistent:
        return False
    members = groups.volumes_of(taken.group_id)
    named = {part.volume_id for part in parts}
    return any(v.id in named and v.attach_status == states.ATTACHED for v in members)


def _keep_image_metadata(context: RequestContext, part: Snapshot) -> None:
    if volumes.get(context, part.volume_id).bootable:
        snapshots.copy_image_metadata_from_volume(part.id, part.volume_id)


def _remove_data(backend: Backend, parts: Sequence[Snapshot]) -> None:
    """Remove what was made of snapshots; what can not go now, goes when they are deleted."""
    if not backend.driver.initialized:
        return
    for part in parts:
        try:
            backend.driver.delete_snapshot(part)
        except Exception:
            LOG.exception("Snapshot %s: what was made of it could not be removed", part.id)


def delete(backend: Backend, context: RequestContext, group_snapshot_id: str) -> None:
    """Delete the snapshots of a group snapshot, data and rows, and then its row.

    Nobody waits for an answer: a failure is logged, and the statuses tell of it.
    """
    with _Claim(group_snapshot_id) as mine:
        if mine:
            _delete(backend, context, group_snapshot_id)


def _delete(backend: Backend, context: RequestContext, group_snapshot_id: str) -> None:
    try:
        status = group_snapshots.get(context, group_snapshot_id).status
    except exception.GroupSnapshotNotFound:
        LOG.info("Group snapshot %s: is deleted already", group_snapshot_id)
        return
    if status != states.DELETING:
        LOG.warning("Group snapshot %s: not deleted, its status is %s", group_snapshot_id, status)
        return
    for part in group_snapshots.snapshots_of(group_snapshot_id):
        _delete_part(backend, context, part)
    if group_snapshots.destroy(group_snapshot_id):
        LOG.info("Group snapshot %s: deleted", group_snapshot_id)
        return
    group_snapshots.update(group_snapshot_id, {"status": states.ERROR})
    left = ", ".join(
        f"{part.id} ({part.status})" for part in group_snapshots.snapshots_of(group_snapshot_id)
    )
    LOG.error("Group snapshot %s: not deleted; these are left: %s", group_snapshot_id, left)


def _delete_part(backend: Backend, context: RequestContext, part: Snapshot) -> None:
    try:
        if not backend.driver.initialized:
            raise exception.DriverNotInitialized(driver=type(backend.driver).__name__)
        snapshotting.remove(backend, context, part)
    except exception.SnapshotIsBusy as busy:
        LOG.warning("Snapshot %s: something still needs it: %s", part.id, busy.msg)
        snapshots.update(part.id, {"status": states.AVAILABLE})
        return
    except Exception as failure:
        _log(part.id, "can not be deleted", failure)
        snapshots.update(part.id, {"status": states.ERROR_DELETING})
        return
    snapshots.destroy(part.id)


def settle(backend: Backend) -> None:
    """Take up the group snapshots that an earlier instance, or a lost message, left half done."""
    for status, work in ((states.CREATING, create), (states.DELETING, delete)):
        for left in group_snapshots.for_host(backend.service_host, status):
            last = left.updated_at or left.created_at
            age = (utcnow() - last).total_seconds() if last is not None else 0
            if age < CONF.migration_settle_interval or left.id in _busy:
                continue
            try:
                parts = group_snapshots.snapshots_of(left.id)
                if any(part.status != status for part in parts):
                    continue  # the status was reset
                LOG.warning("Group snapshot %s: %s was lost and is done now", left.id, status)
                if status == states.CREATING:
                    _remove_data(backend, parts)
                work(backend, backend.context, left.id)
            except Exception:
                LOG.exception("Group snapshot %s: could not be settled", left.id)


def _log(name: str, what: str, failure: Exception) -> None:
    """Log a failure once: with its trace only where nobody raised it on purpose."""
    if isinstance(failure, exception.CinderLiteException):
        LOG.error("%s: %s: %s", name, what, failure.msg)
    else:
        LOG.error("%s: %s", name, what, exc_info=failure)


class _Claim:
    """Reserves a group snapshot for one thread of this process; False when another has it."""

    def __init__(self, group_snapshot_id: str) -> None:
        self._id = group_snapshot_id
        self._mine = False

    def __enter__(self) -> bool:
        with _lock:
            self._mine = self._id not in _busy
            _busy.add(self._id)
        return self._mine

    def __exit__(self, *_: object) -> None:
        if self._mine:
            with _lock:
                _busy.discard(self._id)
