# SPDX-License-Identifier: Apache-2.0
"""Growing a volume on this backend, and growing on what an earlier instance left half grown."""

from __future__ import annotations

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, message, notifications, states
from cinder_lite.context import RequestContext
from cinder_lite.db import growth, volumes
from cinder_lite.objects import Volume, utcnow
from cinder_lite.volume import server_events
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.lifecycle import Claim

LOG = logging.getLogger(__name__)
CONF = cfg.CONF


def extend(backend: Backend, context: RequestContext, volume_id: str) -> None:
    """Grow a volume that is marked so to the size that is noted on it.

    Nobody waits for an answer: a failure is logged, and the status ``error_extending`` tells of it.
    May be repeated: what is as large already stays as it is.
    """
    size = growth.growing_to(volume_id)
    try:
        volume = volumes.get(context, volume_id)
    except exception.VolumeNotFound:
        volume = None
    if volume is None or size is None or volume.status != states.EXTENDING:
        LOG.info("Volume %s: is not to be extended any more", volume_id)
        return
    notifications.about_volume(context, volume, "resize.start")
    try:
        if not backend.driver.initialized:
            raise exception.DriverNotInitialized(driver=type(backend.driver).__name__)
        with backend.uses.alone(volume_id):
            backend.driver.extend_volume(volume, size)
    except Exception as failure:
        trace = None if isinstance(failure, exception.CinderLiteException) else failure
        LOG.error(
            "Volume %s: can not be extended from %s to %s GiB: %s",
            volume_id,
            volume.size,
            size,
            exception.sentence_of(failure),
            exc_info=trace,
        )
        message.create(
            context,
            message.Action.EXTEND_VOLUME,
            volume_id,
            error=failure,
            detail=message.Detail.DRIVER_FAILED_EXTEND,
            project_id=volume.project_id,
        )
        growth.end(volume_id, grown=False, status=states.ERROR_EXTENDING)
        return
    grown = growth.end(volume_id, grown=True)
    if grown is not None:
        LOG.info("Volume %s: extended from %s to %s GiB", volume_id, volume.size, size)
        notifications.about_volume(context, grown, "resize.end")
        _tell_nova(context, grown)


def _tell_nova(context: RequestContext, volume: Volume) -> None:
    """Have the servers that use a volume see its new size."""
    server_events.send(
        context,
        volume,
        lambda nova, servers: nova.extend_volume(context, servers, volume.id),
        message.Action.EXTEND_VOLUME,
        message.Detail.NOTIFY_COMPUTE_SERVICE_FAILED,
    )


def settle_lost(backend: Backend, claim: Claim) -> None:
    """Grow the volumes whose message was lost, with the broker or its reader.

    Called now and then: a message that is still on its way is given ``migration_settle_interval``
    seconds.

    :param claim: keeps two threads of this process off one volume
    """
    for volume in volumes.for_host(backend.service_host, (states.EXTENDING,)):
        if volume.updated_at is None:
            continue
        if (utcnow() - volume.updated_at).total_seconds() < CONF.migration_settle_interval:
            continue
        with claim(volume.id) as mine:
            if mine:
                LOG.warning("Volume %s: extending was lost and is done now", volume.id)
                extend(backend, backend.context, volume.id)
