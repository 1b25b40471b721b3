# SPDX-License-Identifier: Apache-2.0
"""Taking over, on this backend, volumes and snapshots that its storage has already."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import snapshots, takeover, volumes
from cinder_lite.objects import Snapshot, Volume, utcnow
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.lifecycle import Claim
from cinder_lite.volume.manageable import managed_already

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_MANAGING = cond.In("it is not being taken over any more.", "status", (states.MANAGING,))


def manage(backend: Backend, context: RequestContext, volume_id: str, ref: Any) -> None:
    """Take over a volume's data and mark the volume available, or in error_managing.

    Nobody waits for an answer, so a failure is logged here and nowhere else.
    """
    volume = volumes.get(context, volume_id)
    if volume.status != states.MANAGING:
        LOG.info("Volume %s: is not to be taken over any more", volume_id)
        return
    try:
        update = _take_over(backend, volume, ref)
    except Exception as failure:
        _log_failure(f"Volume {volume_id}", ref, failure)
        _give_up(volume_id)
        return
    values = {"status": states.AVAILABLE, "launched_at": utcnow(), **update}
    if not volume.host or "#" not in volume.host:
        values.setdefault("host", f"{backend.service_host}#{backend.pool}")
    volumes.conditional_update(volume_id, values, [_MANAGING])
    LOG.info("Volume %s: %s of %s is taken over", volume_id, ref, backend.service_host)


def _take_over(backend: Backend, volume: Volume, ref: Any) -> dict[str, Any]:
    _require_driver(backend)
    if managed_already(backend.service_host, ref, besides=volume.id):
        raise exception.ManageExistingAlreadyManaged(volume_ref=ref)
    size = _supported(backend, lambda: backend.driver.manage_existing_get_size(volume, ref))
    takeover.set_volume_size(volume.id, size)
    sized = volume.replace(size=size)
    with backend.uses.alone(volume.id):
        update = _supported(backend, lambda: backend.driver.manage_existing(sized, ref))
    return dict(update or {})


def manage_snapshot(backend: Backend, context: RequestContext, snapshot_id: str, ref: Any) -> None:
    """Take over a snapshot's data and mark the snapshot available, or in error."""
    snapshot = snapshots.get(context, snapshot_id)
    if snapshot.status != states.CREATING:
        LOG.info("Snapshot %s: is not to be taken over any more", snapshot_id)
        return
    try:
        update = _take_over_snapshot(backend, snapshot, ref)
    except Exception as failure:
        _log_failure(f"Snapshot {snapshot_id}", ref, failure)
        _give_up_snapshot(snapshot_id)
        return
    values = {"status": states.AVAILABLE, "progress": "100%", **update}
    snapshots.conditional_update(snapshot_id, values, [states.CREATING])
    volume = volumes.get(context, snapshot.volume_id)
    if volume.bootable:
        snapshots.copy_image_metadata_from_volume(snapshot_id, volume.id)
    LOG.info("Snapshot %s: %s of %s is taken over", snapshot_id, ref, backend.service_host)


def _take_over_snapshot(backend: Backend, snapshot: Snapshot, ref: Any) -> dict[str, Any]:
    _require_driver(backend)
    if managed_already(backend.service_host, ref, besides=snapshot.id):
        raise exception.ManageExistingAlreadyManaged(volume_ref=ref)
    driver = backend.driver
    size = _supported(backend, lambda: driver.manage_existing_snapshot_get_size(snapshot, ref))
    takeover.set_snapshot_size(snapshot.id, size)
    sized = snapshot.replace(volume_size=size)
    with backend.uses.shared(snapshot.volume_id):
        update = _supported(backend, lambda: driver.manage_existing_snapshot(sized, ref))
    return dict(update or {})


def manageable_volumes(backend: Backend, window: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the backend has that could be taken over, or is a volume already.

    :param window: marker, limit, offset, sort_keys, sort_dirs
    """
    known = volumes.for_host(backend.service_host)
    return _supported(backend, lambda: backend.driver.get_manageable_volumes(known, **window))


def manageable_snapshots(backend: Backend, window: dict[str, Any]) -> list[dict[str, Any]]:
    """Return which snapshots of the backend could be taken over, or are managed already.

    :param window: marker, limit, offset, sort_keys, sort_dirs
    """
    known = snapshots.for_host(backend.service_host)
    return _supported(backend, lambda: backend.driver.get_manageable_snapshots(known, **window))


def settle_lost(backend: Backend, claim: Claim) -> None:
    """Give up what was to be taken over where the message was lost.

    The data of a volume or snapshot was left, or got its name only. A status that an administrator
    has written is left alone.

    :param claim: keeps two threads of this process off one volume or snapshot
    """
    before = utcnow() - datetime.timedelta(seconds=CONF.migration_settle_interval)
    for volume in volumes.for_host(backend.service_host):
        asked = volume.updated_at or volume.created_at
        if volume.status != states.MANAGING or asked is None or asked > before:
            continue
        with claim(volume.id) as mine:
            if mine:
                LOG.warning("Volume %s: taking it over was lost", volume.id)
                _give_up(volume.id)
    for snapshot in snapshots.for_host(backend.service_host, (states.CREATING,)):
        asked = snapshot.updated_at or snapshot.created_at
        to_be_made = snapshot.scheduled_at is not None
        if to_be_made or snapshot.progress != "0%" or asked is None or asked > before:
            continue
        with claim(snapshot.id) as mine:
            if mine:
                LOG.warning("Snapshot %s: taking it over was lost", snapshot.id)
                _give_up_snapshot(snapshot.id)


def _give_up_snapshot(snapshot_id: str) -> None:
    failed = {"status": states.ERROR}
    snapshots.conditional_update(snapshot_id, failed, [states.CREATING])


def _give_up(volume_id: str) -> None:
    takeover.give_back(volume_id)
    volumes.conditional_update(volume_id, {"status": states.ERROR_MANAGING}, [_MANAGING])


def _supported(backend: Backend, ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except NotImplementedError:
        raise exception.Invalid(
            f"The driver {type(backend.driver).__name__} of {backend.service_host} can not take "
            "over what its storage has."
        ) from None


def _require_driver(backend: Backend) -> None:
    if not backend.driver.initialized:
        raise exception.DriverNotInitialized(driver=type(backend.driver).__name__)


def _log_failure(what: str, ref: Any, failure: Exception) -> None:
    trace = None if isinstance(failure, exception.CinderLiteException) else failure
    sentence = exception.sentence_of(failure)
    LOG.error("%s: %s can not be taken over: %s", what, ref, sentence, exc_info=trace)
