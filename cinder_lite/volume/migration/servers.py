# SPDX-License-Identifier: Apache-2.0
"""What the servers that use a volume mean for its move, and if they forbid it, why."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import NamedTuple

from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.compute import nova
from cinder_lite.context import RequestContext
from cinder_lite.db import volume_attachments
from cinder_lite.objects import Attachment, Volume

LOG = logging.getLogger(__name__)


class Use(enum.Enum):
    """How a volume that is to move is used."""

    FREE = "nothing uses it"
    PARKED = "its servers are on no compute host; they ask how to connect when they come back"
    RUNNING = "a server uses it, and Nova copies it meanwhile"


class Found(NamedTuple):
    """What was found of a volume's servers."""

    use: Use
    refused: list[str]
    """A sentence for each attachment that keeps the volume from being moved."""
    attachments: Sequence[Attachment]


def look(context: RequestContext, volume: Volume) -> Found:
    """Return how a volume is used, and what of that keeps it from being moved.

    :raises ComputeFailed: Nova could not be asked
    """
    attachments = volume_attachments.of_volume(volume.id)
    if not attachments:
        return Found(Use.FREE, [], attachments)
    if _parked(context, attachments):
        return Found(Use.PARKED, [], attachments)
    refused = [
        reason
        for attachment in attachments
        if (reason := _refusal(context, attachment.instance_uuid, attachment.attached_host))
    ]
    return Found(Use.RUNNING, refused, attachments)


def while_it_moves(context: RequestContext, volume: Volume) -> Use:
    """Return how a volume is used whose move has been admitted: nobody was let in since.

    :raises ComputeFailed: Nova could not be asked
    """
    attachments = volume_attachments.of_volume(volume.id)
    if not attachments:
        return Use.FREE
    # One that is only promised was so when the move was admitted, and can not be connected.
    promised = all(
        a.attach_status == states.ATTACHMENT_RESERVED and not a.connector for a in attachments
    )
    return Use.PARKED if promised or _parked(context, attachments) else Use.RUNNING


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


def _refusal(context: RequestContext, server_id: str | None, host: str | None) -> str | None:
    if server_id is None:
        return (
            f"it is attached to the host {host}, not to a server, so that nobody can copy its "
            "data while it is in use."
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
        return None
    if server.vm_state in nova.SWAPPABLE:
        return f"its server {server_id} is busy (task_state is {server.task_state})."
    return (
        f"its server {server_id} is {server.status} (vm_state is {server.vm_state}), and Nova "
        f"copies the volumes only of a server that is {', '.join(nova.SWAPPABLE)}. Start the "
        "server, or detach the volume."
    )
