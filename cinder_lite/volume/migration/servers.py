# SPDX-License-Identifier: Apache-2.0
"""What the servers that use a volume mean for its move, and if they forbid it, why."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import NamedTuple

from oslo_log import log as logging

from cinder_lite import exception
from cinder_lite.compute import nova
from cinder_lite.context import RequestContext
from cinder_lite.db import volume_attachments
from cinder_lite.objects import Attachment, Volume

LOG = logging.getLogger(__name__)


class Use(enum.Enum):
    """How a volume that is to move is used."""

    FREE = "nothing uses it"
    PARKED = "its servers are on no compute host; they ask how to connect when they come back"
    OFFLINE = "a server that is shut off uses it, and may be made to let go of it meanwhile"
    RUNNING = "a server uses it, and Nova copies it meanwhile"


class Found(NamedTuple):
    """What was found of a volume's servers."""

    use: Use
    refused: list[str]
    """A sentence for each attachment that keeps the volume from being moved."""
    attachments: Sequence[Attachment]


def look(context: RequestContext, volume: Volume, *, offline: bool) -> Found:
    """Return how a volume is used, and what of that keeps it from being moved.

    :param offline: a server that is shut off may be made to let go of the volume
    :raises ComputeFailed: Nova could not be asked
    """
    attachments = volume_attachments.of_volume(volume.id)
    if not attachments:
        return Found(Use.FREE, [], attachments)
    if _parked(context, attachments):
        return Found(Use.PARKED, [], attachments)
    uses, refused = set(), []
    for attachment in attachments:
        said = _look_at(context, attachment, offline=offline)
        if isinstance(said, Use):
            uses.add(said)
        else:
            refused.append(said)
    use = Use.OFFLINE if uses == {Use.OFFLINE} else Use.RUNNING
    return Found(use, refused, attachments)


def while_it_moves(context: RequestContext, volume: Volume, *, offline: bool) -> Use:
    """Return how a volume is used whose move has been admitted: nobody was let in since.

    :param offline: a server that is shut off may be made to let go of the volume
    :raises VolumeMigrationFailed: its server is in no state for it any more
    :raises ComputeFailed: Nova could not be asked
    """
    found = promised(volume)
    if found.use in (Use.FREE, Use.PARKED):
        return found.use
    found = look(context, volume, offline=offline)
    if found.refused:
        raise exception.VolumeMigrationFailed(
            reason=f"volume {volume.id} can not be moved: " + " Also, ".join(found.refused)
        )
    return found.use


def promised(volume: Volume) -> Found:
    """Return how a volume is used by which its attachments tell, after its admission.

    One that is only promised was so then, to a server that is offloaded, and no other was let in:
    the volume's status forbids it.
    """
    attachments = volume_attachments.of_volume(volume.id)
    if not attachments:
        return Found(Use.FREE, [], attachments)
    only = all(attachment.is_promised for attachment in attachments)
    return Found(Use.PARKED if only else Use.RUNNING, [], attachments)


def _parked(context: RequestContext, attachments: Sequence[Attachment]) -> bool:
    """Tell whether all servers of a volume are shelved and offloaded.

    Such a server has given up its connections; what it keeps is an attachment without a connector,
    for which unshelving asks for a new one.
    """
    if not nova.configured() or any(a.connector or not a.instance_uuid for a in attachments):
        return False
    try:
        return all(
            nova.API().server(context, server_id).vm_state == nova.OFFLOADED
            for server_id in {str(a.instance_uuid) for a in attachments}
        )
    except exception.ServerNotFound:
        return False


def _look_at(context: RequestContext, attachment: Attachment, *, offline: bool) -> Use | str:
    """Return how a server uses the volume, or why that keeps the volume from being moved."""
    server_id = attachment.instance_uuid
    if server_id is None:
        return (
            f"it is attached to the host {attachment.attached_host}, not to a server, so that "
            "nobody can copy its data while it is in use."
        )
    if not nova.configured():
        return (
            f"it is attached to the server {server_id}, and there is no Nova to copy its data: "
            "section [nova] is not filled in."
        )
    try:
        server = nova.API().server(context, server_id)
    except exception.ServerNotFound:
        return f"it is attached to the server {server_id}, which Nova does not know."
    if server.swaps:
        return Use.RUNNING
    if server.vm_state in (*nova.SWAPPABLE, nova.STOPPED) and server.task_state is not None:
        return f"its server {server_id} is busy (task_state is {server.task_state})."
    if server.vm_state == nova.STOPPED:
        refused = _stopped(context, server, attachment, offline=offline)
        return refused or Use.OFFLINE
    return f"{_state(server)}. Start the server, shelve and offload it, or detach the volume."


def _state(server: nova.Server) -> str:
    return (
        f"its server {server.id} is {server.status} (vm_state is {server.vm_state}), and Nova "
        f"copies the volumes only of a server that is {', '.join(nova.SWAPPABLE)}"
    )


def _stopped(
    context: RequestContext, server: nova.Server, attachment: Attachment, *, offline: bool
) -> str | None:
    """Tell why a server that is shut off can not be made to let go of the volume."""
    try:
        root = nova.API().details(context, server.id).root_device
        device = nova.API().attached(context, server.id, attachment.volume_id).device
    except exception.ServerNotFound:
        return f"its server {server.id} does not use it any more, as Nova says."
    if root is not None and root == device:
        return (
            f"{_state(server)}; and it is the root volume of that server, which Nova does not "
            "detach. Start the server, or shelve and offload it."
        )
    if offline:
        return None
    return (
        f"{_state(server)}. Start the server, detach the volume, or ask for the move with "
        "offline_servers: then the server is locked and lets go of the volume until it has been "
        "moved."
    )
