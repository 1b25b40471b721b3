# SPDX-License-Identifier: Apache-2.0
"""What is asked of Nova: to swap an attached volume for another, and to look at a server.

The wire is Nova's API reference: PUT /servers/{server}/os-volume_attachments/{volume}, GET of the
same (microversion 2.89 has ``attachment_id``; 2.70 tags, 2.79 delete_on_termination), the server's
actions lock (2.73: with a reason) and unlock, POST /os-server-external-events (2.51: a volume has
grown; 2.93: it has another image).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from oslo_log import log as logging

from cinder_lite import exception
from cinder_lite.compute import wire
from cinder_lite.compute.wire import configured, forget
from cinder_lite.context import RequestContext

__all__ = ["API", "Attached", "Details", "Server", "configured", "forget"]

LOG = logging.getLogger(__name__)

_SWAP, _EXTENDED, _ATTACHMENT_ID, _REIMAGED = "2.1", "2.51", "2.89", "2.93"
_LOCKED, _ATTACH = "2.73", "2.79"
SWAPPABLE = ("active", "paused", "resized")
"""vm_state of a server whose volumes Nova swaps."""
STOPPED = "stopped"
"""vm_state of a server that is shut off, whose volumes but the root Nova detaches and attaches."""
OFFLOADED = "shelved_offloaded"
"""vm_state of a server that is shelved, and on no compute host any more."""


class Server(NamedTuple):
    """What a move needs to know of a server."""

    id: str
    status: str
    """The word that users see, such as SHUTOFF."""
    vm_state: str
    task_state: str | None

    @property
    def swaps(self) -> bool:
        """True while Nova swaps a volume of this server."""
        return self.vm_state in SWAPPABLE and self.task_state is None


class Details(NamedTuple):
    """What taking a volume from a server needs to know of it."""

    server: Server
    locked: bool
    locked_reason: str | None
    root_device: str | None

    @property
    def off(self) -> bool:
        """True while it is shut off and nothing is done with it."""
        return self.server.vm_state == STOPPED and self.server.task_state is None


class Attached(NamedTuple):
    """How a server uses a volume."""

    attachment_id: str | None
    device: str | None
    tag: str | None
    delete_on_termination: bool


def _server(server_id: str, found: dict[str, Any]) -> Server:
    status = str(found.get("status") or "UNKNOWN")
    return Server(
        server_id,
        status,
        str(found.get("OS-EXT-STS:vm_state") or status.lower()),
        found.get("OS-EXT-STS:task_state"),
    )


def _attachments(server_id: str, volume_id: str | None = None) -> str:
    """Return the path of a server's volume attachments, or of one of them."""
    path = f"/servers/{server_id}/os-volume_attachments"
    return path if volume_id is None else f"{path}/{volume_id}"


class API:
    """Calls Nova, as the user of ``[nova]`` where there is one."""

    def update_server_volume(
        self, context: RequestContext, server_id: str, volume_id: str, new_volume_id: str
    ) -> None:
        """Have Nova copy a server's volume onto another, and the server use that from then on.

        Nova answers when it has begun, and calls os-migrate_volume_completion when it has ended.

        :raises ServerNotFound: Nova knows no such server, or none with that volume
        :raises ComputeFailed: Nova refuses, fails or does not answer
        """
        body = {"volumeAttachment": {"volumeId": new_volume_id}}
        path = _attachments(server_id, volume_id)
        wire.call(context, server_id, "put", path, version=_SWAP, body=body)

    def attachment_of(self, context: RequestContext, server_id: str, volume_id: str) -> str | None:
        """Return the id of the attachment by which a server uses a volume.

        :raises ServerNotFound: Nova knows no such server, or it does not use the volume
        :raises ComputeFailed: Nova refuses, fails or does not answer
        """
        return self.attached(context, server_id, volume_id).attachment_id

    def server(self, context: RequestContext, server_id: str) -> Server:
        """Return a server's states.

        :raises ServerNotFound: Nova knows no such server
        :raises ComputeFailed: Nova refuses, fails or does not answer
        """
        answer = wire.call(context, server_id, "get", f"/servers/{server_id}")
        return _server(server_id, answer.json()["server"])

    # --- taking a volume from a server, and giving it back -----------------------------------

    def details(self, context: RequestContext, server_id: str) -> Details:
        """Return a server's states, its lock and its root device.

        :raises ServerNotFound: Nova knows no such server
        :raises ComputeFailed: Nova refuses, fails or does not answer
        """
        path = f"/servers/{server_id}"
        found = wire.call(context, server_id, "get", path, version=_LOCKED).json()["server"]
        return Details(
            _server(server_id, found),
            locked=bool(found.get("locked")),
            locked_reason=found.get("locked_reason"),
            root_device=found.get("OS-EXT-SRV-ATTR:root_device_name"),
        )

    def attached(self, context: RequestContext, server_id: str, volume_id: str) -> Attached:
        """Return how a server uses a volume.

        :raises ServerNotFound: Nova knows no such server, or it does not use the volume
        :raises ComputeFailed: Nova refuses, fails or does not answer
        """
        path = _attachments(server_id, volume_id)
        answer = wire.call(context, server_id, "get", path, version=_ATTACHMENT_ID).json()
        found = answer["volumeAttachment"]
        return Attached(
            found.get("attachment_id"),
            found.get("device"),
            found.get("tag"),
            bool(found.get("delete_on_termination")),
        )

    def lock(self, context: RequestContext, server_id: str, reason: str) -> None:
        """Keep a server's owner from starting or changing it.

        :param reason: what users see of it
        :raises ServerNotFound: Nova knows no such server
        :raises ComputeFailed: Nova refuses, fails or does not answer
        """
        self._act(context, server_id, {"lock": {"locked_reason": reason}})

    def unlock(self, context: RequestContext, server_id: str) -> None:
        """Take a server's lock off; raises as :meth:`lock` does."""
        self._act(context, server_id, {"unlock": None})

    @staticmethod
    def _act(context: RequestContext, server_id: str, action: dict[str, Any]) -> None:
        path = f"/servers/{server_id}/action"
        wire.call(context, server_id, "post", path, version=_LOCKED, body=action)

    def detach(self, context: RequestContext, server_id: str, volume_id: str) -> None:
        """Have a server let go of a volume; Nova answers when it has begun.

        :raises ServerNotFound: Nova knows no such server, or it does not use the volume
        :raises ComputeFailed: Nova refuses, fails or does not answer
        """
        path = _attachments(server_id, volume_id)
        wire.call(context, server_id, "delete", path, version=_SWAP)

    def attach(
        self, context: RequestContext, server_id: str, volume_id: str, how: Attached
    ) -> None:
        """Have a server use a volume; Nova answers when it has begun.

        :param how: device, tag and whether the volume is deleted with the server
        :raises ServerNotFound: Nova knows no such server, or no such volume
        :raises ComputeFailed: Nova refuses, fails or does not answer
        """
        wanted: dict[str, Any] = {
            "volumeId": volume_id,
            "delete_on_termination": how.delete_on_termination,
        }
        wanted |= {"device": how.device} if how.device else {}
        wanted |= {"tag": how.tag} if how.tag else {}
        path = _attachments(server_id)
        body = {"volumeAttachment": wanted}
        wire.call(context, server_id, "post", path, version=_ATTACH, body=body)

    # --- events ------------------------------------------------------------------------------

    def extend_volume(
        self, context: RequestContext, server_ids: Sequence[str], volume_id: str
    ) -> bool:
        """Tell Nova that a volume which servers use has grown.

        :returns: False where Nova could not be told, or some server did not take it
        """
        event = {"name": "volume-extended", "tag": volume_id}
        return self._tell(context, server_ids, event, _EXTENDED)

    def reimage_volume(
        self,
        context: RequestContext,
        server_ids: Sequence[str],
        volume_id: str,
        *,
        succeeded: bool,
    ) -> bool:
        """Tell Nova that a volume has its new image, or will not have it: servers wait for that.

        :returns: False where Nova could not be told, or some server did not take it
        """
        status = "completed" if succeeded else "failed"
        event = {"name": "volume-reimaged", "tag": volume_id, "status": status}
        return self._tell(context, server_ids, event, _REIMAGED)

    @staticmethod
    def _tell(
        context: RequestContext, server_ids: Sequence[str], event: dict[str, str], version: str
    ) -> bool:
        """Send an event to servers; what goes wrong is logged."""
        volume_id, name = event["tag"], event["name"]
        events = [{**event, "server_uuid": server_id} for server_id in server_ids]
        try:
            answer = wire.call(
                context,
                ", ".join(server_ids),
                "post",
                "/os-server-external-events",
                version=version,
                body={"events": events},
            ).json()
        except (exception.ServerNotFound, exception.ComputeFailed) as error:
            LOG.error("Volume %s: Nova was not told %s: %s", volume_id, name, error)
            return False
        failed = [one for one in answer.get("events", ()) if one.get("code") != 200]  # noqa: PLR2004
        for one in failed:
            LOG.warning("Volume %s: Nova did not take the event %s", volume_id, one)
        return not failed
