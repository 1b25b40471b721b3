# SPDX-License-Identifier: Apache-2.0
"""Nova told of what has happened to a volume that servers use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from oslo_log import log as logging

from cinder_lite import message
from cinder_lite.context import RequestContext
from cinder_lite.db import growth
from cinder_lite.objects import Volume

if TYPE_CHECKING:
    from cinder_lite.compute import nova

LOG = logging.getLogger(__name__)


def send(
    context: RequestContext,
    volume: Volume,
    event: Callable[[nova.API, Sequence[str]], bool],
    action: message.Action,
    detail: message.Detail,
) -> None:
    """Tell Nova of a volume; where that fails, a message to the volume's users says so.

    :param event: given Nova and the ids of the servers; False where some server did not take it
    :param action: what was done with the volume
    :param detail: what the message says
    """
    servers = growth.servers_of(volume.id)
    if not servers:
        return
    try:
        from cinder_lite.compute import nova  # brings openstacksdk

        if event(nova.API(), servers):
            return
    except Exception:
        LOG.exception("Volume %s: Nova was not told (%s)", volume.id, action.value.text)
    message.create(context, action, volume.id, detail=detail, project_id=volume.project_id)
