# SPDX-License-Identifier: Apache-2.0
"""Creating and deleting a volume on this backend, and what an earlier instance left half done."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import volumes
from cinder_lite.objects import utcnow
from cinder_lite.volume.backend import Backend

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_CREATING = cond.In("its status is no longer creating.", "status", (states.CREATING,))


def create(
    backend: Backend, context: RequestContext, volume_id: str, request_spec: dict[str, Any]
) -> str:
    """Create a volume's data and mark the volume available, or in error.

    :param request_spec: with ``migration``, the volume is the target of a move, whose source is
        told how it went
    """
    migration = request_spec.get("migration")
    error: str | None = None
    try:
        _create(backend, context, volume_id)
    except Exception as failure:
        error = str(failure)
        raise
    finally:
        if migration:
            backend.volume_rpcapi.migration_target_created(
                context, migration["source"], migration["id"], error
            )
    return volume_id


def _create(backend: Backend, context: RequestContext, volume_id: str) -> None:
    volume = volumes.get(context, volume_id)
    if volume.status != states.CREATING:
        LOG.info("Volume %s: not created, its status is %s", volume_id, volume.status)
        return
    try:
        if not backend.driver.initialized:
            raise exception.DriverNotInitialized(driver=type(backend.driver).__name__)
        update = backend.driver.create_volume(volume) or {}
    except Exception as error:
        if isinstance(error, exception.CinderLiteException):
            LOG.error("Volume %s: can not be created: %s", volume_id, error)
        else:
            LOG.exception("Volume %s: can not be created", volume_id)
        volumes.conditional_update(volume_id, {"status": states.ERROR}, [_CREATING])
        raise
    values = {"status": states.AVAILABLE, "launched_at": utcnow(), **update}
    if not volumes.conditional_update(volume_id, values, [_CREATING]):
        # Deleted, or reset, while the backend worked: what was made must not be left over.
        LOG.warning("Volume %s: was taken back while it was created", volume_id)
        backend.driver.delete_volume(volume)
        raise exception.InvalidVolume(reason=f"volume {volume_id} is no longer being created.")
    LOG.info("Volume %s: created on %s", volume_id, volume.host)


def delete(backend: Backend, context: RequestContext, volume_id: str) -> None:
    """Delete a volume's data, then its row; a volume that has gone already is deleted."""
    try:
        volume = volumes.get(context, volume_id)
    except exception.VolumeNotFound:
        LOG.info("Volume %s: is deleted already", volume_id)
        return
    if volume.status != states.DELETING:
        LOG.warning("Volume %s: not deleted, its status is %s", volume_id, volume.status)
        return
    try:
        if not backend.driver.initialized:
            raise exception.DriverNotInitialized(driver=type(backend.driver).__name__)
        backend.driver.remove_export(context, volume)
        backend.driver.delete_volume(volume)
    except Exception:
        LOG.exception("Volume %s: can not be deleted", volume_id)
        volumes.update(volume_id, {"status": states.ERROR_DELETING})
        raise
    volumes.destroy(volume_id)
    LOG.info("Volume %s: deleted from %s", volume_id, volume.host)


def settle(backend: Backend) -> None:
    """End what an earlier instance of this service was doing when it ended.

    Called before messages are taken: a volume that was being deleted is deleted, and the exports
    of the others are restored.
    """
    for volume in volumes.for_host(backend.service_host):
        try:
            if volume.status == states.DELETING:
                LOG.warning("Volume %s: its deletion was interrupted and is done now", volume.id)
                delete(backend, backend.context, volume.id)
            elif volume.status in (states.AVAILABLE, states.IN_USE):
                update = backend.driver.ensure_export(backend.context, volume)
                if update:
                    volumes.update(volume.id, update)
        except Exception:
            LOG.exception("Volume %s: could not be settled", volume.id)


def settle_creations(backend: Backend, running: frozenset[str]) -> None:
    """Create the volumes whose message was lost with the service that had taken it.

    Called now and then: a message that is still on its way is given ``migration_settle_interval``
    seconds. What was made so far was never anyone's, so it is removed first. A move's target is
    left to the move.

    :param running: ids of the volumes that this process is creating
    """
    for volume in volumes.for_host(backend.service_host):
        if volume.status != states.CREATING or volume.migration_status or volume.id in running:
            continue
        last = volume.updated_at or volume.created_at
        if last is not None and (utcnow() - last).total_seconds() < CONF.migration_settle_interval:
            continue
        LOG.warning("Volume %s: its creation was lost and is done now", volume.id)
        try:
            backend.driver.delete_volume(volume)
            _create(backend, backend.context, volume.id)
        except Exception:
            LOG.exception("Volume %s: could not be created", volume.id)
