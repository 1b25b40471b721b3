# SPDX-License-Identifier: Apache-2.0
"""What the scheduler leaves behind when it finds no place: statuses, the reason, a notification."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, message, rpc, states
from cinder_lite.context import RequestContext, admin_context
from cinder_lite.db import conditions as cond
from cinder_lite.db import creations, volume_migrations, volumes
from cinder_lite.objects import utcnow

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_CREATING = cond.In("it is being created", "status", (states.CREATING,))
_UNPLACED = cond.In("it has no place", "host", (None,))
_STARTING = cond.In("its move starts", "migration_status", (states.MIGRATION_STARTING,))


def fail_volume(
    context: RequestContext,
    request_spec: Mapping[str, Any],
    why: Exception | str,
    rules: Sequence[cond.Condition] = (),
) -> None:
    """Give up a new volume: status ``error``, quota given back; unless it is not being created.

    :param request_spec: with ``volume_id``
    :param why: what went wrong, or a sentence about it
    :param rules: what else must hold of the volume
    """
    volume_id = request_spec["volume_id"]
    reason = sentence(volume_id, why)
    told = message.create(
        context,
        message.Action.SCHEDULE_ALLOCATE_VOLUME,
        volume_id,
        error=why if isinstance(why, Exception) else None,
        project_id=_project_of(volume_id),
    )
    if not creations.fail(volume_id, [_CREATING, *rules]):
        message.withdraw(told)
        LOG.info("Volume %s is not being created any more; it keeps its status", volume_id)
        return
    LOG.error("Volume %(volume)s: not created. %(reason)s", {"volume": volume_id, "reason": reason})
    notify(context, "create_volume", {"status": states.ERROR}, reason, request_spec)


def fail_lost_volumes(context: RequestContext) -> None:
    """Give up new volumes that no scheduler placed in time: their messages were lost.

    They are not taken up again, because what was asked for besides (hints) went with the message.
    """
    seconds = CONF.migration_scheduling_timeout + CONF.scheduler_driver_init_wait_time
    for volume_id in volumes.unplaced(utcnow() - datetime.timedelta(seconds=seconds)):
        reason = f"No scheduler chose a backend within {seconds} seconds."
        fail_volume(context, {"volume_id": volume_id}, reason, [_UNPLACED])


def fail_migration(
    context: RequestContext, request_spec: Mapping[str, Any], why: Exception | str
) -> bool:
    """Give up a move that has not left the scheduler: the volume is as it was before.

    :param request_spec: with ``volume_id`` and ``migration_id``
    :param why: what went wrong, or a sentence about it; the sentence is kept on the record
    :returns: False when the move has ended already, or goes on
    """
    volume_id, migration_id = request_spec["volume_id"], request_spec["migration_id"]
    reason = sentence(volume_id, why)
    told = message.create(
        context,
        message.Action.MIGRATE_VOLUME,
        volume_id,
        detail=message.Detail.NO_DESTINATION
        if isinstance(why, exception.NoValidHost)
        else message.Detail.MIGRATION_FAILED,
    )
    ended = volume_migrations.end(
        migration_id,
        [states.PHASE_SCHEDULING],
        {
            "status": states.RECORD_ERROR,
            "phase": states.PHASE_DONE,
            "error": reason,
            "finished_at": utcnow(),
        },
        [_STARTING],
        {"migration_status": states.MIGRATION_ERROR, "status": volumes.status_unlocked()},
    )
    if not ended:
        message.withdraw(told)
        LOG.info(
            "Volume %(volume)s: migration %(id)s has left the scheduler; it is not stopped",
            {"volume": volume_id, "id": migration_id},
        )
        return False
    LOG.error(
        "Volume %(volume)s: migration %(id)s failed. %(reason)s",
        {"volume": volume_id, "id": migration_id, "reason": reason},
    )
    state = {"migration_status": states.MIGRATION_ERROR}
    notify(context, "migrate_volume_to_host", state, reason, request_spec)
    return True


def _project_of(volume_id: str) -> str | None:
    """Return whose a volume is, None where it has gone meanwhile."""
    with contextlib.suppress(exception.VolumeNotFound):
        return volumes.get(admin_context(), volume_id).project_id
    return None


def sentence(volume_id: str, why: Exception | str) -> str:
    """Return what is told of a failure; an unexpected one goes to the log whole."""
    if isinstance(why, str):
        return why
    if isinstance(why, exception.NoValidHost):
        # Without the words that every NoValidHost begins with.
        return str(why.kwargs.get("reason") or why.msg)
    LOG.error("Volume %s: scheduling failed", volume_id, exc_info=why)
    return f"The scheduler failed ({type(why).__name__}: {why}); its log has the details."


def notify(
    context: RequestContext,
    method: str,
    state: Mapping[str, Any],
    reason: str,
    request_spec: Mapping[str, Any],
) -> None:
    """Send Cinder's error notification ``scheduler.<method>`` about a volume.

    :param state: columns of the volume that have changed
    """
    payload = {
        "request_spec": dict(request_spec),
        "volume_properties": request_spec.get("volume_properties", {}),
        "volume_id": request_spec.get("volume_id"),
        "state": dict(state),
        "method": method,
        "reason": reason,
    }
    send(context, method, payload)


def send(context: RequestContext, method: str, payload: dict[str, Any]) -> None:
    """Send the error notification ``scheduler.<method>``; a failure is logged."""
    try:
        rpc.get_notifier("scheduler").error(context, f"scheduler.{method}", payload)
    except Exception:
        # Whoever listens misses one; the database has the truth.
        LOG.exception("Notification scheduler.%s could not be sent", method)
