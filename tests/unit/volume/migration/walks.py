# SPDX-License-Identifier: Apache-2.0
"""Random walks of one volume: all that Nova, users and operators do to it, repeated and raced.

A walk is made of its seed alone: the steps, their arguments, which of them are done twice and which
at the same time. Only how the threads of a race interleave is left to chance.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import random
import threading
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from cinder_lite import exception, states
from cinder_lite.compute import nova
from cinder_lite.db import (
    engine,
    models,
    volume_attachments,
    volume_migrations,
    volume_types,
    volumes,
)
from cinder_lite.objects import Attachment, Volume
from tests.unit.volume.migration import world as worlds
from tests.unit.volume.migration.compute import SERVER, Nova
from tests.unit.volume.migration.world import World

OTHER_SERVER = "5e4e0000-0000-0000-0000-000000000002"
NODES = ("compute1", "compute2", "compute3")
STEPS = 10
"""Steps of a walk; a race counts as one."""
HOSTS = ("one@file#file", "two@file#file")

_EXPECTED = (
    exception.Invalid,
    exception.Duplicate,
    exception.NotFound,
    exception.VolumeMigrationFailed,
)
"""What a step may be refused with."""
_FURTHEST = {"attached": "in-use", "attaching": "attaching", "reserved": "reserved"}

Step = Callable[[], Any]


def connector(node: str) -> dict[str, Any]:
    """Return what a compute host says of itself."""
    return {"host": node, "initiator": f"iqn.2026-01.test:{node}", "mountpoint": "/dev/vdb"}


def name_of(asked: dict[str, Any]) -> str:
    """Return what a backend knows a node by."""
    return str(asked.get("initiator") or asked["host"])


class FileDriver(worlds.WatchedDriver):
    """Keeps whom it has let in, as a backend with targets and ACLs does.

    It has FileDriver's name, which the drivers' own moves ask of each other.
    """

    doors: dict[tuple[str, str], set[str]] = {}  # noqa: RUF012 - of all backends, on purpose
    """Nodes by service and name of the data."""

    def _door(self, volume: Volume) -> set[str]:
        return self.doors.setdefault((self.host, volume.name), set())

    def initialize_connection(self, volume: Volume, asked: dict[str, Any]) -> Any:
        """Let a node in."""
        info = super().initialize_connection(volume, asked)
        self._door(volume).add(name_of(asked))
        return info

    def terminate_connection(
        self, volume: Volume, asked: dict[str, Any] | None, force: bool = False
    ) -> None:
        """Let a node out, or everybody."""
        super().terminate_connection(volume, asked, force=force)
        if asked is None:
            self._door(volume).clear()
        else:
            self._door(volume).discard(name_of(asked))

    def remove_export(self, context: Any, volume: Volume) -> None:
        """Let everybody out."""
        super().remove_export(context, volume)
        self._door(volume).clear()


class Compute(Nova):
    """Nova with several compute hosts, whose users may do other things while it swaps."""

    def connects(self) -> Attachment:
        """Have the server's compute host connect the target."""
        assert self.promised is not None
        self.attachments.update(self.context, self.promised, connector(self.node))
        return self.promised

    node = NODES[0]

    def copies(self, volume_id: str) -> None:
        """Connect, copy, and let go of the old volume, if a user has not let go of it already."""
        found = volume_attachments.of_volume(volume_id)
        self.node = str(found[0].attached_host) if found else NODES[0]
        self.attachments.complete(self.context, self.connects())
        for old in found:
            self.ends(old.id)

    # --- servers that are shut off let go of their volumes: who has one is in the database ------

    def attached(self, _context: object, server_id: str, volume_id: str) -> nova.Attached:
        """Return how the server uses a volume."""
        found = self._of_server(server_id, volume_id)
        if not found:
            raise exception.ServerNotFound(uuid=server_id)
        return nova.Attached(found[0].id, "/dev/vdb", None, False)

    @staticmethod
    def _of_server(server_id: str, volume_id: str) -> list[Attachment]:
        found = volume_attachments.of_volume(volume_id)
        return [one for one in found if one.instance_uuid == server_id]

    def detach(self, context: object, server_id: str, volume_id: str) -> None:
        """Begin to detach."""
        self.attached(context, server_id, volume_id)
        contextvars.Context().run(self._begins_to_detach, volume_id)
        self._begin(self._lets_go, server_id, volume_id)

    def _lets_go(self, server_id: str, volume_id: str) -> None:
        for one in self._of_server(server_id, volume_id):
            with contextlib.suppress(exception.NotFound):
                self.ends(one.id)

    def attach(self, _context: object, server_id: str, volume_id: str, how: nova.Attached) -> None:
        """Reserve the volume and leave the rest to the compute host."""
        try:
            made = contextvars.Context().run(self._promises, volume_id, server_id)
        except exception.InvalidVolume as error:
            refusal = exception.ComputeFailed(reason=f"answered 409: {error.msg}")
            refusal.begun = False
            raise refusal from None
        self._begin(self._takes, made)

    def _takes(self, made: Attachment) -> None:
        try:
            self.attachments.update(self.context, made, connector(self.node))
            self.attachments.complete(self.context, made)
        except exception.CinderLiteException:
            with contextlib.suppress(exception.NotFound):
                self.ends(made.id)

    def turns(self, before: tuple[str, ...], after: str) -> None:
        """Have the owner change the server's state, which a lock forbids."""
        if self.locked or self.vm_state not in before:
            raise exception.Invalid(f"It is {self.vm_state}, locked: {self.locked}.")
        self.vm_state = after

    def extend_volume(self, *_: Any) -> bool:
        """Take note that a volume has grown."""
        return True


SCRIPTS = (
    Compute.swaps,
    Compute.fails,
    Compute.is_silent,
    Compute.gives_up_silently,
    Compute.never_begins,
)


@dataclasses.dataclass
class Walk:
    """One volume's life.

    :param seed: decides every step
    """

    world: World
    compute: Compute
    seed: int
    said: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.multiattach = self.random.random() < 0.3  # noqa: PLR2004
        self.types = {one.id: one.name for one in volume_types.listing(self.compute.context)}
        first = sorted(self.types, key=self.types.__getitem__)[-1]
        self.volume = self.world.volume(multiattach=self.multiattach, volume_type_id=first)
        self.context = self.compute.context
        self.compute.vm_state, self.compute.locked = "active", False
        self.wrong: list[BaseException] = []
        self.restarting = threading.Lock()

    # --- the walk --------------------------------------------------------------------------

    def run(self) -> None:
        """Take the steps, look after each, and end with nothing left.

        :raises AssertionError: something was not as it must be; the seed and the steps are told
        """
        try:
            for _ in range(STEPS):
                self._one()
                self.quiet()
                self.look()
            self._end()
        except BaseException as error:
            told = "\n  ".join(self.said)
            error.add_note(f"seed {self.seed}, multiattach {self.multiattach}; steps:\n  {told}")
            raise

    def _one(self) -> None:
        kind = self.random.random()
        if kind < 0.15:  # noqa: PLR2004
            step = self._choose()
            self._race([step, step])
        elif kind < 0.4:  # noqa: PLR2004
            self._race([self._choose() for _ in range(self.random.choice((2, 2, 3)))])
        else:
            step = self._choose()
            for _ in range(self.random.choice((1, 1, 1, 2))):
                self._do(step)

    def _choose(self) -> Step:
        """Draw a step with its arguments."""
        steps: dict[Callable[[], Step], int] = {
            self._attach: 9,
            self._detach: 2,
            self._pre: 3,
            self._post: 3,
            self._rollback: 2,
            self._migrate: 6,
            self._extend: 2,
            self._retype: 2,
            self._lose_server: 1,
            self._restart: 2,
            self._abort: 2,
            self._delete: 1,
            self._stop: 1,
            self._migrate_stopped: 4,
            self._shelve_and_migrate: 2,
            self._start: 3,
            self._shelve: 1,
            self._unshelve: 4,
            self._begin_detaching: 1,
            self._roll_detaching: 1,
        }
        [drawn] = self.random.choices(list(steps), weights=list(steps.values()))
        return drawn()

    def _named(self, name: str, step: Step) -> Step:
        self.said.append(name)
        return step

    def _do(self, step: Step) -> None:
        try:
            step()
        except _EXPECTED as error:
            self.said.append(f"  refused: {error.msg}")
        except Exception as error:
            self.wrong.append(error)

    def _race(self, steps: list[Step]) -> None:
        """Take steps at the same time, and deliver messages meanwhile."""
        self.said.append(f"-- the last {len(steps)} at once (one may be the same twice)")
        gate = threading.Barrier(len(steps))

        def one(step: Step) -> None:
            gate.wait(10)
            self._do(step)

        threads = [
            threading.Thread(target=contextvars.copy_context().run, args=(one, step), daemon=True)
            for step in steps
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                self.world.idle()
                thread.join(0.001)

    def quiet(self) -> None:
        """Wait until nothing runs: no move, no message, no compute host."""
        for _ in range(50):
            self.world.idle()
            for thread in self.compute.threads:
                thread.join(30)
                assert not thread.is_alive(), "Nova hangs"
            self.compute.threads.clear()
            for name in ("one", "two"):  # What could not be given back is tried again.
                with self.world.acting(name):
                    self.world.managers[name]._settle()
            if not volume_migrations.running() and not self.world.mail:
                break
        if self.wrong:
            raise self.wrong[0]

    # --- steps -----------------------------------------------------------------------------

    def _now(self) -> Volume:
        return volumes.get(self.context, self.volume.id)

    def _attachment(self, number: int) -> Attachment:
        found = volume_attachments.of_volume(self.volume.id)
        if not found:
            raise exception.Invalid("Nothing is attached.")
        return found[number % len(found)]

    def _attach(self) -> Step:
        server = self.random.choice((SERVER, SERVER, OTHER_SERVER))
        node, complete = self.random.choice(NODES), self.random.random() < 0.9  # noqa: PLR2004

        def step() -> None:
            self.compute.turns(("active", "stopped"), self.compute.vm_state)
            made = self.compute.attachments.create(self.context, self._now(), server)
            try:
                self.compute.attachments.update(self.context, made, connector(node))
                if complete:
                    self.compute.attachments.complete(self.context, made)
            except exception.CinderLiteException:
                # Nova's compute host ends what it could not connect.
                self.compute.ends(made.id)
                raise

        return self._named(f"attach to {server[-1]} on {node}, complete {complete}", step)

    def _detach(self) -> Step:
        number = self.random.randrange(4)

        def step() -> None:
            self.compute.turns(("active", "stopped"), self.compute.vm_state)
            found = self._attachment(number)
            self.compute.actions.begin_detaching(self.context, self._now())
            self.compute.attachments.delete(self.context, found)

        return self._named(f"detach {number}", step)

    def _begin_detaching(self) -> Step:
        return self._named(
            "begin detaching",
            lambda: self.compute.actions.begin_detaching(self.context, self._now()),
        )

    def _roll_detaching(self) -> Step:
        return self._named(
            "roll detaching",
            lambda: self.compute.actions.roll_detaching(self.context, self._now()),
        )

    def _pre(self) -> Step:
        node, fails = self.random.choice(NODES), self.random.random() < 0.2  # noqa: PLR2004

        def step() -> None:
            self.compute.turns(("active",), "active")
            server = str(self._attachment(0).instance_uuid)
            made = self.compute.attachments.create(
                self.context, self._now(), server, connector(node)
            )
            if fails:
                self.compute.ends(made.id)
            else:
                self.compute.attachments.complete(self.context, made)

        return self._named(f"pre live migration to {node}, fails {fails}", step)

    def _ended(self, number: int) -> None:
        found = volume_attachments.of_volume(self.volume.id)
        if len(found) < 2:  # noqa: PLR2004
            raise exception.Invalid("No live migration is under way.")
        self.compute.attachments.delete(self.context, found[number])

    def _post(self) -> Step:
        return self._named("post live migration", lambda: self._ended(0))

    def _rollback(self) -> Step:
        return self._named("rollback of a live migration", lambda: self._ended(-1))

    def _migrate(self) -> Step:
        host, script = self.random.choice(HOSTS), self.random.choice(SCRIPTS)
        copy, lock = self.random.random() < 0.5, self.random.random() < 0.2  # noqa: PLR2004
        refuses = self.random.random() < 0.1  # noqa: PLR2004
        offline = self.random.random() < 0.7  # noqa: PLR2004

        def step() -> None:
            self.compute.script = script
            refusal = exception.ComputeFailed(reason="answered 409: busy.")
            refusal.begun = False
            self.compute.answer = refusal if refuses else None
            self.world.api.migrate_volume(
                self.context,
                self._now(),
                host,
                force_host_copy=copy,
                lock_volume=lock,
                offline_servers=offline,
            )

        nova_does = "refuses" if refuses else script.__name__
        how = f"copy {copy}, lock {lock}, offline {offline}, Nova {nova_does}"
        return self._named(f"migrate to {host}, {how}", step)

    def _migrate_stopped(self) -> Step:
        """Stop the server, if it runs, and move the volume from under it."""
        host, copy = self.random.choice(HOSTS), self.random.random() < 0.5  # noqa: PLR2004

        def step() -> None:
            if self.compute.vm_state == "active":
                self.compute.turns(("active",), "stopped")
            self.world.api.migrate_volume(
                self.context, self._now(), host, force_host_copy=copy, offline_servers=True
            )

        return self._named(f"stop, then migrate to {host}, copy {copy}, offline", step)

    def _shelve_and_migrate(self) -> Step:
        """Shelve the server, and move the volume that is only promised to it."""
        shelve, migrate = self._shelve(), self._migrate()

        def step() -> None:
            shelve()
            migrate()

        return step

    def _stop(self) -> Step:
        return self._named("stop", lambda: self.compute.turns(("active",), "stopped"))

    def _start(self) -> Step:
        return self._named("start", lambda: self.compute.turns(("stopped",), "active"))

    def _shelve(self) -> Step:
        def step() -> None:
            self.compute.turns(("active", "stopped"), self.compute.vm_state)
            self.compute.offloads(self._now())

        return self._named("shelve and offload", step)

    def _unshelve(self) -> Step:
        def step() -> None:
            self.compute.turns((nova.OFFLOADED,), nova.OFFLOADED)
            self.compute.unshelves(self._now())

        return self._named("unshelve", step)

    def _extend(self) -> Step:
        def step() -> None:
            now = self._now()
            attached = now.attach_status == states.ATTACHED
            self.world.api.extend(self.context, now, now.size + 1, attached=attached)

        return self._named("extend", step)

    def _retype(self) -> Step:
        name = self.random.choice(sorted(self.types.values()))
        to = self.random.choice((None, "one", "two"))
        policy, script = self.random.choice(("on-demand", "never")), self.random.choice(SCRIPTS)

        def step() -> None:
            self.compute.script, self.world.retype_to = script, to
            self.world.api.retype.start(self.context, self._now(), name, policy)

        return self._named(f"retype to {name} on {to}, {policy}, Nova {script.__name__}", step)

    def _abort(self) -> Step:
        def step() -> None:
            found = volume_migrations.listing({"volume_id": self.volume.id}, limit=1)
            if found:
                self.world.api.abort_migration(self.context, found[0].id)

        return self._named("abort the newest move", step)

    def _restart(self) -> Step:
        name = self.random.choice(("one", "two"))

        def step() -> None:
            with self.restarting:
                with self.world.acting(name):
                    self.world.managers[name].drain()
                self.world.start(name)

        return self._named(f"restart {name}", step)

    def _lose_server(self) -> Step:
        """Delete the server: Nova ends its attachments without asking for anything before."""
        number = self.random.randrange(4)
        return self._named(
            f"delete the server of attachment {number}",
            lambda: self.compute.ends(self._attachment(number).id),
        )

    def _delete(self) -> Step:
        return self._named("delete", lambda: self.world.api.delete(self.context, self._now()))

    # --- what must hold --------------------------------------------------------------------

    def look(self) -> None:
        """Assert what must hold whenever nothing runs."""
        assert not volume_migrations.running()
        assert not self.compute.locked
        for record in volume_migrations.listing({"volume_id": self.volume.id}, limit=100):
            assert record.status in ("success", "error"), record
            assert (record.phase, bool(record.error)) == ("done", record.status == "error")
        rows = self._rows()
        self._look_at_the_backends(rows)
        if not rows:
            assert not volume_attachments.of_volume(self.volume.id)
            return
        assert list(rows) == [self.volume.id], "the row of a target is left"
        self._look_at_the_volume(rows[self.volume.id])

    def _look_at_the_volume(self, now: Volume) -> None:
        attachments = volume_attachments.of_volume(now.id)
        found = {str(a.attach_status) for a in attachments}
        assert now.migration_status in (None, "success", "error")
        assert found <= set(_FURTHEST), found
        if not self.multiattach:
            assert len({a.instance_uuid for a in attachments}) <= 1
        furthest = next((status for status in _FURTHEST if status in found), None)
        if furthest is None:
            assert (now.status, now.attach_status) == ("available", "detached")
        elif furthest == "attached":
            # While another one connects, Cinder shows that.
            assert now.attach_status in {"attached", *(found & {"attaching"})}
            assert now.status in {"in-use", "detaching", *(_FURTHEST[one] for one in found)}
        else:
            assert now.status in {_FURTHEST[one] for one in found}, (now.status, found)
        kind = self.types[str(now.volume_type_id)]
        assert self._counts() == {
            "volumes": 1,
            f"volumes_{kind}": 1,
            "gigabytes": now.size,
            f"gigabytes_{kind}": now.size,
        }

    @staticmethod
    def _counts() -> dict[str, int]:
        """Return what all projects use and have reserved, without zeros."""
        table = models.quota_usages.c
        with engine.statement() as connection:
            found = connection.execute(
                sa.select(table.resource, table.in_use + table.reserved).where(
                    table.in_use + table.reserved != 0
                )
            )
            return {resource: int(count) for resource, count in found}

    def _look_at_the_backends(self, rows: dict[str, Volume]) -> None:
        """Assert that the backends hold the volumes' data and let their attachments' nodes in."""
        files = {
            (f"{name}@file", path.name)
            for name in ("one", "two")
            for path in self.world.folder(name).iterdir()
        }
        assert files == {(one.service_host, one.name) for one in rows.values()}
        doors = {place: nodes for place, nodes in FileDriver.doors.items() if nodes}
        wanted = {
            (one.service_host, one.name): {
                name_of(a.connector) for a in volume_attachments.of_volume(one.id) if a.connector
            }
            for one in rows.values()
        }
        assert doors == {place: nodes for place, nodes in wanted.items() if nodes}

    @staticmethod
    def _rows() -> dict[str, Volume]:
        live = models.volumes.c.deleted == sa.false()
        with engine.statement() as connection:
            ids = connection.execute(sa.select(models.volumes.c.id).where(live)).scalars().all()
            return {one: volumes.read(connection, one) for one in ids}

    def _end(self) -> None:
        """Detach and delete: nothing may be left."""
        if self._rows():
            for one in volume_attachments.of_volume(self.volume.id):
                self.compute.attachments.delete(self.context, one)
            self.look()
            self.world.api.delete(self.context, self._now())
            self.quiet()
        self.look()
        assert not self._rows()
        assert self._counts() == {}
