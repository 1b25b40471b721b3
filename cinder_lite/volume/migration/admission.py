# SPDX-License-Identifier: Apache-2.0
"""What must hold of a volume that is to move, and of the servers that use it."""

from __future__ import annotations

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import volumes
from cinder_lite.objects import Volume
from cinder_lite.volume.migration import servers
from cinder_lite.volume.migration.servers import Found, Use

NOT_MOVING = cond.In(
    "it is moving already (migration_status is {volume.migration_status}).",
    "migration_status",
    states.MIGRATION_IDLE,
)
NOT_REPLICATED = cond.In(
    "it is replicated (replication_status is {volume.replication_status}).",
    "replication_status",
    states.REPLICATION_OFF,
)
NO_SNAPSHOTS = cond.NoSnapshots("it has snapshots.")


def rules(host: str, found: Found) -> list[cond.Condition]:
    """Return what must hold of a volume that is to move to ``host``.

    :param found: how it is used
    """
    statuses = [states.AVAILABLE, states.IN_USE]
    if found.use == Use.PARKED:
        statuses.append(states.RESERVED)
    return [
        cond.In(
            f"its status must be {' or '.join(statuses)}, but is {{volume.status}}.",
            "status",
            statuses,
        ),
        NOT_MOVING,
        NOT_REPLICATED,
        cond.In(
            "it is in the consistency group {volume.consistencygroup_id}.",
            "consistencygroup_id",
            (None,),
        ),
        cond.In("it is in the group {volume.group_id}.", "group_id", (None,)),
        NO_SNAPSHOTS,
        cond.OnOtherBackend("it is on {volume.host} already.", host),
        *of_attachments(found),
    ]


def of_attachments(found: Found) -> list[cond.Condition]:
    """Return what must hold of the attachments of a volume that is to move."""
    if found.use == Use.PARKED:
        ids = [attachment.id for attachment in found.attachments]
        return [cond.NotConnected("a server begins to use it again, or another one does.", ids)]
    return [
        cond.AttachmentsSettled("an attachment of it is being made."),
        cond.AttachedOnce("it has several attachments, and Nova moves a volume with only one."),
    ]


def check(
    context: RequestContext, volume: Volume, host: str, *, offline: bool = False
) -> list[cond.Condition]:
    """Refuse to move a volume whose server is in no state for it, and say why.

    :param offline: a server that is shut off may be made to let go of the volume
    :returns: the rules that its move is admitted by
    :raises InvalidVolume: the servers, and perhaps some of the rules, refuse
    :raises ServiceUnavailable: Nova could not be asked about the servers
    """
    if volume.attach_status in (None, states.DETACHED):
        return rules(host, Found(Use.FREE, [], ()))
    try:
        found = servers.look(context, volume, offline=offline)
    except exception.ComputeFailed as error:
        refused = volumes.refusals(volume.id, rules(host, Found(Use.RUNNING, [], ())))
        if not refused:
            raise exception.ServiceUnavailable(
                f"Volume {volume.id} can not be moved now: it is attached, and {error.msg}"
            ) from None
    else:
        needed = rules(host, found)
        if not found.refused:
            return needed
        refused = volumes.refusals(volume.id, needed) + found.refused
    raise exception.InvalidVolume(
        reason=f"volume {volume.id} can not be moved to {host}: " + " Also, ".join(refused)
    )
