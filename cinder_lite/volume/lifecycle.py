# SPDX-License-Identifier: Apache-2.0
"""Creating and deleting a volume on this backend, and what an earlier instance left half done."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import concurrency, exception, flow, message, notifications, states
from cinder_lite import host as host_name
from cinder_lite.context import RequestContext
from cinder_lite.db import snapshots, volume_migrations, volumes
from cinder_lite.objects import Volume, utcnow
from cinder_lite.volume import encryption, exports, image_transfer
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.create import ending, progress

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_TRANSFERS = (states.UPLOADING, states.DOWNLOADING)
_GOING = (states.DELETING, *states.FORGOTTEN)

Claim = Callable[[str], contextlib.AbstractContextManager[bool]]
"""Reserves a volume, by id, for one thread of this process; False when another has it."""


def create(
    backend: Backend,
    context: RequestContext,
    volume_id: str,
    request_spec: dict[str, Any],
    filter_properties: dict[str, Any] | None = None,
    *,
    allow_reschedule: bool = False,
) -> None:
    """Create a volume's data and mark the volume available, or in error.

    Nobody waits for an answer, so a failure is logged here and nowhere else.

    :param request_spec: with ``migration``, the volume is the target of a move, whose source is
        told how it went
    :param filter_properties: with ``retry``, another backend may be tried when this one fails
    """
    error: Exception | None = None
    properties = filter_properties or {}
    reschedule = bool(allow_reschedule and request_spec and properties.get("retry"))
    try:
        _create(backend, context, volume_id, request_spec, properties, reschedule=reschedule)
    except Exception as failure:
        error = failure
        _log_failure(volume_id, "can not be created", failure)
    migration = request_spec.get("migration")
    if migration:
        backend.volume_rpcapi.migration_target_created(
            context,
            migration["source"],
            migration["id"],
            None if error is None else exception.sentence_of(error),
        )


def _log_failure(volume_id: str, what: str, failure: Exception) -> None:
    """Log a failure once: with its trace only where nobody raised it on purpose."""
    if isinstance(failure, exception.CinderLiteException):
        LOG.error("Volume %s: %s: %s", volume_id, what, failure.msg)
    else:
        LOG.error("Volume %s: %s", volume_id, what, exc_info=failure)


def _create(
    backend: Backend,
    context: RequestContext,
    volume_id: str,
    request_spec: dict[str, Any],
    filter_properties: dict[str, Any],
    *,
    reschedule: bool,
) -> None:
    manager_flow = concurrency.library("cinder_lite.volume.create.manager_flow")  # brings taskflow
    volume = volumes.get(context, volume_id)
    if not ending.is_being_made(volume):
        LOG.info("Volume %s: not created, its status is %s", volume_id, volume.status)
        return
    if volume.service_host != backend.service_host:
        LOG.info("Volume %s: not created here, it is on %s now", volume_id, volume.host)
        return
    given = {
        "backend": backend,
        "context": context,
        "volume": volume,
        "request_spec": request_spec,
        "filter_properties": filter_properties,
    }
    flow.run(manager_flow.get_flow(reschedule=reschedule), given)


def delete(backend: Backend, context: RequestContext, volume_id: str) -> None:
    """Delete a volume's data, then its row; a volume that has gone already is deleted.

    Nobody waits for an answer: a failure is logged, and the volume's status tells of it.
    """
    try:
        volume = volumes.get(context, volume_id)
    except exception.VolumeNotFound:
        LOG.info("Volume %s: is deleted already", volume_id)
        return
    if volume.status not in _GOING:
        LOG.warning("Volume %s: not deleted, its status is %s", volume_id, volume.status)
        return
    try:
        if not backend.driver.initialized:
            raise exception.DriverNotInitialized(driver=type(backend.driver).__name__)
        notifications.about_volume(context, volume, "delete.start")
        if volume.status in states.FORGOTTEN:
            backend.driver.remove_export(context, volume)
            backend.driver.unmanage(volume)
        else:
            _delete_snapshots(backend, context, volume)
            _delete_data(backend, context, volume)
            encryption.forget_key(context, volume)
    except Exception as failure:
        _log_failure(volume_id, "can not be deleted", failure)
        message.create(
            context,
            message.Action.DELETE_VOLUME,
            volume_id,
            error=failure,
            detail=message.Detail.DRIVER_FAILED_DELETE,
            project_id=volume.project_id,
        )
        volumes.update(volume_id, {"status": states.ERROR_DELETING})
        return
    usage = notifications.prepare(volume)
    volumes.destroy(volume_id)
    if usage is not None:
        notifications.send(context, "volume.delete.end", usage)
    LOG.info("Volume %s: deleted from %s", volume_id, volume.host)


def _delete_snapshots(backend: Backend, context: RequestContext, volume: Volume) -> None:
    """Delete the snapshots that go with a volume; one that has gone already is deleted.

    :raises VolumeBackendAPIException: some are still there
    """
    from cinder_lite.volume import snapshotting  # which knows of this room's claims

    left = [
        snapshot.id
        for snapshot in snapshots.of_volume(volume.id)
        if not snapshotting.delete(backend, context, snapshot.id)
    ]
    if left:
        raise exception.VolumeBackendAPIException(
            data=f"volume {volume.id} can not go before its snapshots {', '.join(left)}."
        )


def _delete_data(backend: Backend, context: RequestContext, volume: Volume) -> None:
    """Delete a volume's data, unless the name has become another volume's.

    A row that names what a move left behind carries the moved volume's name; should that volume
    have come back meanwhile, the data is in use.
    """
    if volume.name_id_override and volumes.data_is_named(
        backend.service_host, volume.name_id, besides=volume.id
    ):
        LOG.warning(
            "Volume %s: %s is another volume's data now and is kept", volume.id, volume.name
        )
        return
    # A connection that is being made, perhaps for somebody who waits no more, is waited for.
    with backend.uses.alone(volume.id), exports.alone(volume.id):
        volume = volumes.get(context, volume.id)  # it says now what was exported
        backend.driver.remove_export(context, volume)
        backend.driver.delete_volume(volume)


def settle(backend: Backend, claim: Claim) -> None:
    """End what an earlier instance of this service was doing when it ended.

    A volume that was being deleted is deleted, a move's target is created, and the exports of the
    others are restored.

    :param claim: keeps two threads of this process off one volume
    """
    for volume in volumes.for_host(backend.service_host):
        try:
            if volume.status in _GOING:
                with claim(volume.id) as mine:
                    if mine:
                        LOG.warning("Volume %s: its deletion was interrupted", volume.id)
                        delete(backend, backend.context, volume.id)
            elif volume.status == states.CREATING and volume.migration_status:
                with claim(volume.id) as mine:
                    if mine:
                        _create_again(backend, backend.context, volume.id)
            elif volume.status in (states.AVAILABLE, states.IN_USE):
                update = backend.driver.ensure_export(backend.context, volume)
                if update:
                    volumes.update(volume.id, update)
        except Exception:
            LOG.exception("Volume %s: could not be settled", volume.id)


def settle_lost(
    backend: Backend, claim: Claim, *, starting: bool = False, at_once: bool = False
) -> None:
    """Create and delete the volumes whose message was lost, with the broker or its reader.

    Called now and then: a message that is still on its way is given ``migration_settle_interval``
    seconds. What was made so far of a new volume was never anyone's, so it is removed first.

    :param claim: keeps two threads of this process off one volume
    :param starting: leave images alone: of one whose message waits since before the service ended,
        nothing would be left to do
    :param at_once: do not wait; a message that comes after all finds its work done
    """
    patience = 0 if at_once else CONF.migration_settle_interval
    for volume in volumes.for_host(
        backend.service_host, (*states.BEING_MADE, *_GOING, *_TRANSFERS)
    ):
        if ending.is_being_made(volume):
            work = _create_again
        elif volume.status in _GOING:
            work = delete
        elif volume.status in _TRANSFERS and not starting:
            work = _settle_transfer
        else:
            continue
        last = volume.updated_at or volume.created_at
        if last is not None and (utcnow() - last).total_seconds() < patience:
            continue
        with claim(volume.id) as mine:
            if mine:
                LOG.warning("Volume %s: %s was lost and is done now", volume.id, volume.status)
                work(backend, backend.context, volume.id)


def _settle_transfer(backend: Backend, context: RequestContext, volume_id: str) -> None:
    image_transfer.settle(backend, context, volumes.get(context, volume_id))


def _create_again(backend: Backend, context: RequestContext, volume_id: str) -> None:
    """Create a volume anew; a move's target only while the move goes on, which is told of it."""
    try:
        volume = volumes.get(context, volume_id)
        if not ending.is_being_made(volume):
            return
        spec: dict[str, Any] = {}
        source_id = states.migration_source_of(volume.migration_status)
        if source_id is not None:
            move = volume_migrations.running_of_volume(source_id)
            if move is None or move.new_volume_id != volume_id:
                return  # who undoes the move removes its target
            spec["migration"] = {"id": move.id, "source": host_name.service_of(move.source_host)}
        backend.driver.delete_volume(volume)
        progress.forget(volume_id)
    except Exception as failure:
        _log_failure(volume_id, "can not be created", failure)
        return
    create(backend, context, volume_id, spec)
