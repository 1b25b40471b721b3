# SPDX-License-Identifier: Apache-2.0
"""How a creation ends that does not end well, and what is told of it."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from oslo_log import log as logging

from cinder_lite import exception, message, notifications, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import creations, volumes
from cinder_lite.objects import Volume
from cinder_lite.volume.backend import Backend

LOG = logging.getLogger(__name__)

_STATUS = cond.In("its status is no longer creating.", "status", states.BEING_MADE)

_UNFINISHED = cond.In("it was made before.", "launched_at", (None,))

_NOT_CURED_ELSEWHERE = (exception.NotFound, exception.Invalid, exception.OverQuota)
"""What the request or its source is to blame for: no other backend would do better."""


def being_made_here(volume: Volume) -> Sequence[cond.Condition]:
    """Return what holds of a volume while this backend is to make it."""
    return (_STATUS, _UNFINISHED, cond.In("it is another backend's.", "host", (volume.host,)))


def is_being_made(volume: Volume) -> bool:
    """Tell whether a volume's data is not there yet.

    A volume that was whole once is not: an image may be written over it (its status is then
    downloading, too), or somebody has reset its status.
    """
    return volume.status in states.BEING_MADE and volume.launched_at is None


def _is_still_ours(volume: Volume) -> bool:
    """Tell whether this backend is still to make a volume; nobody takes it for lost now.

    To be asked before the data is touched: the volume may have been finished meanwhile, for good.
    """
    touched = {"status": states.CREATING}
    return volumes.conditional_update(volume.id, touched, being_made_here(volume))


def another_host_may_help(cause: BaseException) -> bool:
    """Tell whether a creation that failed here might succeed on another backend."""
    return not isinstance(cause, _NOT_CURED_ELSEWHERE)


def give_up(
    backend: Backend, context: RequestContext, volume: Volume, cause: BaseException
) -> None:
    """Remove what was made of a volume, set its status to error and give its quota back.

    A volume that is not being created here any more is another's affair: it may be complete.
    """
    if not _is_still_ours(volume):
        _taken_back(backend, context, volume)
        return
    _remove(backend, volume)
    told = _tell(context, volume, cause)
    if creations.fail(volume.id, being_made_here(volume)):
        notifications.about_volume(
            context,
            volume.replace(status=states.ERROR),
            "create.error",
            message=exception.sentence_of(cause),
        )
    else:
        message.withdraw(told)


def _tell(context: RequestContext, volume: Volume, cause: BaseException) -> str | None:
    """Leave a message for the volume's users and return its id; a move's target has none."""
    if volume.migration_status:
        return None
    return message.create(
        context,
        message.Action.CREATE_VOLUME_FROM_BACKEND,
        volume.id,
        error=cause,
        detail=message.Detail.DRIVER_FAILED_CREATE,
        project_id=volume.project_id,
    )


def reschedule(
    backend: Backend,
    context: RequestContext,
    volume: Volume,
    cause: BaseException,
    request_spec: Mapping[str, Any],
    filter_properties: dict[str, Any],
) -> None:
    """Remove what was made of a volume and ask the scheduler for another backend.

    The row goes on naming this backend until the scheduler has found another: should the message
    be lost, this service takes the volume up again.
    """
    if not _is_still_ours(volume):
        _taken_back(backend, context, volume)
        return
    if not _remove(backend, volume):
        # A volume that went on elsewhere would leave its data here for ever.
        give_up(backend, context, volume, cause)
        return
    retry = {**filter_properties.get("retry", {}), "exc": traceback.format_exception(cause)}
    try:
        backend.scheduler_rpcapi.create_volume(
            context,
            volume.id,
            request_spec={**request_spec, "volume_id": volume.id},
            filter_properties={**filter_properties, "retry": retry},
            snapshot_id=volume.snapshot_id,
            image_id=request_spec.get("image_id"),
        )
    except Exception:
        LOG.exception("Volume %s: the scheduler could not be asked for another backend", volume.id)
        give_up(backend, context, volume, cause)
        return
    message.create(
        context,
        message.Action.CREATE_VOLUME_FROM_BACKEND,
        volume.id,
        detail=message.Detail.TRIED_ELSEWHERE,
        project_id=volume.project_id,
    )
    LOG.warning(
        "Volume %(volume)s: %(host)s could not make it; the scheduler is asked for another "
        "backend (%(number)s attempts so far): %(cause)s",
        {
            "volume": volume.id,
            "host": volume.host,
            "number": retry.get("num_attempts", 1),
            "cause": exception.sentence_of(cause),
        },
    )


def _remove(backend: Backend, volume: Volume) -> bool:
    """Remove what was made of a volume; False where that failed, and the volume's delete must."""
    if not backend.driver.initialized:
        return True  # it has made nothing
    try:
        backend.driver.delete_volume(volume)
    except Exception:
        LOG.exception("Volume %s: what was made of it could not be removed", volume.id)
        return False
    return True


def _taken_back(backend: Backend, context: RequestContext, volume: Volume) -> None:
    """Leave nothing of a volume that was deleted or given away while it was made.

    One that is whole, or that somebody has reset, stays.
    """
    from cinder_lite.volume import lifecycle  # which runs the flow

    try:
        now = volumes.get(context, volume.id)
    except exception.VolumeNotFound:
        backend.driver.delete_volume(volume)
        return
    if now.host != volume.host:
        # The scheduler has given it to another backend: here, it was too late.
        backend.driver.delete_volume(volume)
    elif now.status == states.DELETING:
        # The message that asked for it has found the volume in this thread's hands.
        lifecycle.delete(backend, context, volume.id)
