# SPDX-License-Identifier: Apache-2.0
"""A Nova for the world of moves: asks of the volume service what Nova 34 was recorded to ask."""

from __future__ import annotations

import contextvars
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


def _refused(why: str) -> exception.ComputeFailed:
    failure = exception.ComputeFailed(reason=f"answered 409: {why}")
    failure.begun = False
    return failure


def db_end(attachment: Attachment) -> None:
    """End an attachment whose backend can not be asked, as an operator would."""
    volume_attachments.remove(attachment.id, attachment.volume_id)


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
        self.older = False
        """Its servers' volumes were attached before there were attachments to promise."""
        self.locked = False
        self.locked_reason: str | None = None
        self.root_device = "/dev/vda"
        self.uses: dict[str, nova.Attached] = {}
        """How servers use volumes, as Nova has noted it."""
        self.done: list[str] = []
        """What was asked of Nova beside swaps."""
        self.refuses: dict[str, Exception] = {}
        """Answers to what is asked, by its name."""
        self.unable: set[str] = set()
        """What the compute host fails to do, or never does (with ``never`` before it)."""

    # --- what nova.API offers --------------------------------------------------------------

    def __call__(self) -> Nova:
        return self

    def server(self, _context: object, server_id: str) -> nova.Server:
        """Return the server's states."""
        return nova.Server(server_id, self.vm_state.upper(), self.vm_state, self.task_state)

    def details(self, context: object, server_id: str) -> nova.Details:
        """Return the server's states, lock and root device."""
        self._asked("details")
        server = self.server(context, server_id)
        return nova.Details(server, self.locked, self.locked_reason, self.root_device)

    def attached(self, _context: object, server_id: str, volume_id: str) -> nova.Attached:
        """Return how the server uses a volume."""
        self._asked("attached")
        if volume_id not in self.uses:
            raise exception.ServerNotFound(uuid=server_id)
        return self.uses[volume_id]

    def lock(self, _context: object, server_id: str, reason: str) -> None:
        """Lock the server."""
        self._asked("lock")
        self.locked, self.locked_reason = True, reason
        self.world.step("nova lock done")

    def unlock(self, _context: object, server_id: str) -> None:
        """Unlock it."""
        self._asked("unlock")
        self.locked, self.locked_reason = False, None
        self.world.step("nova unlock done")

    def detach(self, _context: object, server_id: str, volume_id: str) -> None:
        """Begin to detach, as nova-api does, and leave the rest to the compute host."""
        self._asked("detach")
        if volume_id not in self.uses:
            raise exception.ServerNotFound(uuid=server_id)
        contextvars.Context().run(self._begins_to_detach, volume_id)
        self._begin(self._detaches, volume_id)
        self.world.step("nova detach done")

    def attach(self, _context: object, server_id: str, volume_id: str, how: nova.Attached) -> None:
        """Reserve the volume, as nova-conductor does, and leave the rest to the compute host."""
        self._asked("attach")
        if volume_id in self.uses:
            raise _refused("Volume is already attached.")
        try:
            made = contextvars.Context().run(self._promises, volume_id, server_id)
        except exception.InvalidVolume as error:
            raise _refused(error.msg) from None
        if "keep" not in self.unable:
            self.uses[volume_id] = how._replace(attachment_id=made.id)
            self._begin(self._attaches, volume_id, made)
        self.world.step("nova attach done")

    # Nova does not die with the service that asks it: these are not steps of that process.

    def _begins_to_detach(self, volume_id: str) -> None:
        self.actions.begin_detaching(self.context, volumes.get(self.context, volume_id))

    def _promises(self, volume_id: str, server_id: str) -> Attachment:
        volume = volumes.get(self.context, volume_id)
        return self.attachments.create(self.context, volume, server_id)

    def _asked(self, name: str) -> None:
        self.world.step(f"nova {name}")
        if name not in ("details", "attached"):
            self.done.append(name)
        if name in self.refuses:
            raise self.refuses[name]

    def _begin(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        thread.start()
        self.world.threads.append(thread)

    def _detaches(self, volume_id: str) -> None:
        if "never detach" in self.unable:
            return
        try:
            if "detach" in self.unable:
                raise exception.ServiceUnavailable("The guest does not let go.")
            self.ends(str(self.uses[volume_id].attachment_id))
            del self.uses[volume_id]
        except (exception.CinderLiteException, KeyError) as error:
            self.refused.append(str(error))
            self.actions.roll_detaching(self.context, volumes.get(self.context, volume_id))

    def _attaches(self, volume_id: str, made: Attachment) -> None:
        try:
            if "attach" in self.unable:
                raise exception.ServiceUnavailable("The compute host is full.")
            self.attachments.update(self.context, made, connector())
            self.attachments.complete(self.context, made)
        except exception.CinderLiteException as error:
            self.refused.append(str(error))
            self.uses.pop(volume_id, None)
            db_end(made)

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
            if self.older:
                self.actions.reserve(self.context, target)
            else:
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
        self.uses[volume.id] = nova.Attached(made.id, "/dev/vdb", None, False)
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
