# SPDX-License-Identifier: Apache-2.0
"""A Nova for the world of moves: asks of the volume service what Nova 34 was recorded to ask."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from cinder_lite import exception
from cinder_lite.compute import nova
from cinder_lite.context import RequestContext
from cinder_lite.db import volume_attachments, volumes
from cinder_lite.objects import Attachment, Volume
from cinder_lite.volume.attachments.actions import AttachActions
from cinder_lite.volume.attachments.api import AttachmentAPI
from tests.unit.volume.migration.world import World

SERVER = "5e4e0000-0000-0000-0000-000000000001"

Script = Callable[["Nova", str, str], None]


def connector() -> dict[str, str]:
    """Return what the compute host says of itself."""
    return {"host": socket.gethostname(), "initiator": "fake", "mountpoint": "/dev/vdb"}


class Nova:
    """A Nova whose compute host does what a test's script says, in a thread of its own.

    The steps are those that Nova 34 was recorded with.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.context = RequestContext(
            is_admin=True, roles=["admin"], service_roles=["service"], overwrite=False
        )
        self.answer: Exception | None = None
        self.script: Script = Nova.swaps
        self.vm_state, self.task_state = "active", None
        self.asked: list[tuple[str, str, str]] = []
        self.saved: str | None = None
        self.refused: list[str] = []
        self.attachments = AttachmentAPI(lambda: world.api.volume_rpcapi)
        self.actions = AttachActions(lambda: world.api.volume_rpcapi)
        self.threads: list[threading.Thread] = []
        self.promised: Attachment | None = None

    # --- what nova.API offers --------------------------------------------------------------

    def __call__(self) -> Nova:
        return self

    def server(self, _context: object, server_id: str) -> nova.Server:
        """Return the server's states."""
        return nova.Server(server_id, self.vm_state.upper(), self.vm_state, self.task_state)

    def update_server_volume(
        self, _context: object, server_id: str, volume_id: str, new_volume_id: str
    ) -> None:
        """Begin a swap: what nova-api does before it answers, then the compute host."""
        self.asked.append((server_id, volume_id, new_volume_id))
        if isinstance(self.answer, exception.ComputeFailed) and not self.answer.begun:
            raise self.answer
        if self.script is not Nova.never_begins:
            self.actions.begin_detaching(self.context, volumes.get(self.context, volume_id))
            target = volumes.get(self.context, new_volume_id)
            self.promised = self.attachments.create(self.context, target, server_id)
        thread = threading.Thread(target=self._work, args=(volume_id, new_volume_id), daemon=True)
        self.threads.append(thread)
        thread.start()
        if self.answer is not None:
            raise self.answer

    def _work(self, volume_id: str, new_volume_id: str) -> None:
        try:
            self.script(self, volume_id, new_volume_id)
        except exception.CinderLiteException as error:
            self.refused.append(error.msg)

    # --- what users have it do -------------------------------------------------------------

    def attaches(self, volume: Volume, server_id: str = SERVER) -> Attachment:
        """Attach a volume to a server that runs."""
        made = self.attachments.create(self.context, volume, server_id)
        self.attachments.update(self.context, made, connector())
        self.attachments.complete(self.context, made)
        return volume_attachments.get(self.context, made.id)

    def offloads(self, volume: Volume) -> None:
        """Shelve all servers of a volume and take them off their hosts, as Nova 34 does it."""
        for old in volume_attachments.of_volume(volume.id):
            self.attachments.create(self.context, volume, old.instance_uuid)
            self.ends(old.id)
        self.vm_state = "shelved_offloaded"

    def unshelves(self, volume: Volume) -> None:
        """Bring the servers back: each asks how to connect now."""
        for one in volume_attachments.of_volume(volume.id):
            self.attachments.update(self.context, one, connector())
            self.attachments.complete(self.context, one)
        self.vm_state = "active"

    # --- scripts ---------------------------------------------------------------------------

    def connects(self) -> Attachment:
        """Have the compute host connect the target."""
        assert self.promised is not None
        self.attachments.update(self.context, self.promised, connector())
        return self.promised

    def ends(self, attachment_id: str) -> None:
        """End an attachment."""
        found = volume_attachments.get(self.context, attachment_id)
        self.attachments.delete(self.context, found)

    def calls_back(self, volume_id: str, new_volume_id: str, *, error: bool) -> None:
        """Call os-migrate_volume_completion."""
        volume = volumes.get(self.context, volume_id)
        self.saved = self.world.api.migrate_volume_completion(
            self.context, volume, new_volume_id, error=error
        )

    def copies(self, volume_id: str) -> None:
        """Connect the target, copy, use it, and let go of the old volume."""
        [old] = volume_attachments.of_volume(volume_id)
        self.attachments.complete(self.context, self.connects())
        self.ends(old.id)

    def swaps(self, volume_id: str, new_volume_id: str) -> None:
        """Do all of it."""
        self.copies(volume_id)
        self.calls_back(volume_id, new_volume_id, error=False)

    def fails(self, volume_id: str, new_volume_id: str) -> None:
        """Connect the target and fail to copy."""
        target = self.connects()
        self.actions.roll_detaching(self.context, volumes.get(self.context, volume_id))
        self.ends(target.id)
        self.calls_back(volume_id, new_volume_id, error=True)

    def never_begins(self, volume_id: str, new_volume_id: str) -> None:
        """Take the order and lose it."""

    def never_connects(self, volume_id: str, new_volume_id: str) -> None:
        """Promise the target to the server; the compute host is down."""

    def is_silent(self, volume_id: str, new_volume_id: str) -> None:
        """Do all of it but the call."""
        self.copies(volume_id)

    def gives_up_silently(self, volume_id: str, new_volume_id: str) -> None:
        """Fail to copy, and fail to say so."""
        self.ends(self.connects().id)

    def hangs(self, volume_id: str, new_volume_id: str) -> None:
        """Connect the target and copy for ever."""
        self.connects()
