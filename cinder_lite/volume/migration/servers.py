# SPDX-License-Identifier: Apache-2.0
"""Whether Nova will move the data of an attached volume, and if not, why not."""

from __future__ import annotations

from oslo_log import log as logging

from cinder_lite import exception
from cinder_lite.compute import nova
from cinder_lite.context import RequestContext
from cinder_lite.db import volume_attachments
from cinder_lite.objects import Volume

LOG = logging.getLogger(__name__)


def refusals(context: RequestContext, volume: Volume) -> list[str]:
    """Return a sentence for each attachment that keeps Nova from moving the volume.

    :raises ComputeFailed: Nova could not be asked
    """
    return [
        reason
        for attachment in volume_attachments.of_volume(volume.id)
        if (reason := _refusal(context, attachment.instance_uuid, attachment.attached_host))
    ]


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
