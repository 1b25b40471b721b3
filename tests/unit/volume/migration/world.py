# SPDX-License-Identifier: Apache-2.0
"""A small world for moves: two volume services with real directories, a real database and a broker
in which messages and processes can be lost at any step.

Every step that leaves a trace (a use of the database, a call of a driver, a message, a chunk of
copied bytes) passes :meth:`World.step` before and after it is done. A test names the step at which
a process is killed; from then on nothing that this process does has any effect, as with SIGKILL.
"""

from __future__ import annotations

import contextlib
import contextvars
import hashlib
import os
import pathlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from cinder_lite import context as request_context
from cinder_lite import exception, states
from cinder_lite.db import engine, models, quotas, retypes, services, volume_migrations, volumes
from cinder_lite.objects import Migration, Volume
from cinder_lite.volume import manager as volume_manager
from cinder_lite.volume.api import API
from cinder_lite.volume.copy import CopyProgress, CopyResult
from cinder_lite.volume.drivers.file import FileDriver
from tests.unit import rows

DATA = 64 * 1024
"""Bytes at a volume's start that are looked at; the rest are holes."""
CHUNKS = 2
_process: contextvars.ContextVar[str] = contextvars.ContextVar("process", default="outside")


Message = tuple[str, str, dict[str, Any]]
"""Reader, method, arguments."""


class Killed(BaseException):
    """The process is gone; nothing may catch this."""


class World:
    """Two backends, ``one@file#file`` and ``two@file#file``, and what connects them.

    :param directory: for the volumes' files
    """

    SOURCE, DEST = "one", "two"

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        self.managers: dict[str, volume_manager.VolumeManager] = {}
        self.dead: set[str] = set()
        self.starting: set[str] = set()
        self.steps: list[tuple[str, str]] = []
        self.kill_at: int | None = None
        self.killed_at = 0
        self.victims: frozenset[str] = frozenset()
        self.dies_together: bool = False
        self.failures: dict[str, Exception] = {}
        """What a step raises in place of being done, by the step's name."""
        self.hooks: dict[str, Callable[[], None]] = {}
        """What happens just before a step, once, by the step's name."""
        self.held: set[str] = set()
        """Methods whose messages are kept back until :meth:`release`."""
        self.mail: list[Message] = []
        self.lose_mail_of_dead = False
        self.retype_to: str | None = self.DEST
        """Where the scheduler sends a volume with its new type; None: nowhere."""
        self.threads: list[threading.Thread] = []
        self.api = API()
        self.api._scheduler = Scheduler(self)  # type: ignore[assignment]
        self.api._volume = Broker(self)  # type: ignore[assignment]
        self.context = request_context.admin_context()

    # --- processes ---------------------------------------------------------------------------

    @contextlib.contextmanager
    def acting(self, process: str) -> Iterator[None]:
        """Do what follows as a process."""
        token = _process.set(process)
        try:
            yield
        finally:
            _process.reset(token)

    def start(self, name: str) -> None:
        """Start a service, as service.py does it: messages wait until it is ready for them."""
        self.dead.discard(name)
        self.starting.add(name)
        with self.acting(name):
            manager = volume_manager.VolumeManager(_section(name), f"{name}@file")
            manager.init_host()
            services.register(
                host=f"{name}@file",
                binary=services.VOLUME,
                topic="t",
                availability_zone=f"zone-{name}",
                rpc_version="1.0",
            )
            self.managers[name] = manager
            self.starting.discard(name)
            manager.started()

    def step(self, name: str) -> None:
        """Pass a step; the process may die of it."""
        process = _process.get()
        if process in self.dead:
            raise Killed
        if process in self.victims:
            self.steps.append((process, name))
            if self.kill_at is not None and len(self.steps) == self.kill_at:
                self.killed_at = self.killed_at or self.kill_at
                self.dead |= self.victims if self.dies_together else {process}
                raise Killed
        hook = self.hooks.pop(name, None)
        if hook is not None:
            hook()
        if name in self.failures:
            raise self.failures[name]

    def spawn(self, func: Callable[..., Any], *args: Any) -> Any:
        """Stand in for concurrency.spawn: the thread belongs to the process that starts it."""
        inherited = contextvars.copy_context()

        def run() -> None:
            with contextlib.suppress(Killed):
                inherited.run(func, *args)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.threads.append(thread)
        return _Handle(thread)

    def idle(self) -> None:
        """Wait until no thread runs and every message that has a reader is read."""
        while self.threads or self._deliverable():
            while self.threads:
                thread = self.threads.pop()
                thread.join(30)
                assert not thread.is_alive(), "a move hangs"
            for one in self._deliverable():
                self.mail.remove(one)
                self.handle(*one)

    # --- messages ----------------------------------------------------------------------------

    def _deliverable(self) -> list[Message]:
        deaf = self.dead | self.starting
        return [one for one in self.mail if one[0] not in deaf and one[1] not in self.held]

    def post(self, host: str, method: str, arguments: dict[str, Any]) -> None:
        """Send a message; without a reader it waits, or is lost if the test says so."""
        waits = method in self.held or host in self.starting
        if waits or (host in self.dead and not self.lose_mail_of_dead):
            self.mail.append((host, method, arguments))
        elif host not in self.dead:
            self.handle(host, method, arguments)

    def handle(self, host: str, method: str, arguments: dict[str, Any]) -> None:
        """Have a service handle a message; like oslo.messaging, keep its exceptions."""
        with contextlib.suppress(Exception, Killed), self.acting(host):
            getattr(self.managers[host], method)(self.context, **arguments)

    # --- what tests do and see ---------------------------------------------------------------

    def folder(self, name: str) -> pathlib.Path:
        """Return a backend's directory."""
        return self.directory / name

    def volume(self, **values: Any) -> Volume:
        """Create a volume with data on the source."""
        volume = rows.volume(host=f"{self.SOURCE}@file#file", **values)
        path = self.folder(self.SOURCE) / volume.name
        with path.open("wb") as file:
            file.write(os.urandom(DATA))
            file.truncate(volume.size * rows.GIB)
        self.digest = digest_of(path)
        return volume

    def migrate(self, volume: Volume, to: str = "two", **options: Any) -> Migration:
        """Ask the API for a move and return its record."""
        return self.api.migrate_volume(self.context, volume, f"{to}@file#file", **options)

    def forget(self) -> None:
        """Make everything as it was before the first volume."""
        assert not self.dead
        with engine.transaction() as connection:
            for table in (
                models.volume_migrations,
                models.volume_attachment,
                models.volumes,
                models.quota_usages,
            ):
                connection.execute(sa.delete(table))
        for name in ("one", "two"):
            for path in self.folder(name).iterdir():
                path.unlink()
        self.mail.clear()
        self.held.clear()
        self.failures.clear()
        self.hooks.clear()
        self.steps = []
        self.kill_at, self.killed_at, self.victims = None, 0, frozenset()

    def settle(self, rounds: int = 8, kill_again: int | None = None) -> None:
        """Start what is dead and let everyone look for lost work until nothing is left to do.

        :param kill_again: kill once more, after so many steps of the recovery
        """
        self.kill_at = None if kill_again is None else len(self.steps) + kill_again
        for _ in range(rounds):
            for name in (self.SOURCE, self.DEST):
                if name in self.dead:
                    with contextlib.suppress(Killed):
                        self.start(name)
            self.idle()
            for name, manager in self.managers.items():
                if name in self.dead:
                    continue
                with self.acting(name), contextlib.suppress(Killed):
                    manager._settle()
            self.idle()
            if not (self.dead or volume_migrations.running() or _deleting()):
                return

    def check(
        self, volume: Volume, *, quota: tuple[int, int], status: str = states.AVAILABLE
    ) -> Migration:
        """Assert everything that must hold when a move is over; return its record."""
        record = volume_migrations.listing({"volume_id": volume.id}, limit=1)[0]
        after = volumes.get(self.context, volume.id)
        assert record.status in (states.RECORD_SUCCESS, states.RECORD_ERROR), (
            f"{record.phase}, attempt {record.attempts}: {record.error}"
        )
        assert (record.phase, record.finished_at is not None) == (states.PHASE_DONE, True)
        moved = record.status == states.RECORD_SUCCESS
        assert after.host == (record.dest_host if moved else record.source_host)
        assert after.migration_status == (
            states.MIGRATION_SUCCESS if moved else states.MIGRATION_ERROR
        )
        assert after.status == status
        assert (record.error is None) is moved, record.error
        path = self.folder(after.service_host.partition("@")[0]) / after.name
        assert path.stat().st_size == after.size * rows.GIB
        assert digest_of(path) == self.digest
        files = sorted(str(p) for name in ("one", "two") for p in self.folder(name).iterdir())
        assert files == [str(path)], "something is left over"
        assert not list((self.directory / "state").rglob("connections/*/*")), "connected"
        assert _live() == [volume.id]
        usages = quotas.usages(str(volume.project_id))
        assert (usages["volumes"][1], usages["gigabytes"][1]) == quota
        return record


class _Handle:
    def __init__(self, thread: threading.Thread) -> None:
        self._thread = thread

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def wait(self, timeout: float | None = None) -> bool:
        self._thread.join(timeout)
        return not self._thread.is_alive()


def _section(name: str) -> str:
    return f"{name}_file"


def digest_of(path: pathlib.Path) -> str:
    """Return the SHA-256 of a volume's first bytes."""
    with path.open("rb") as file:
        return hashlib.sha256(file.read(DATA)).hexdigest()


def _live() -> list[str]:
    with engine.statement() as connection:
        query = sa.select(models.volumes.c.id).where(models.volumes.c.deleted == sa.false())
        return list(connection.execute(query).scalars())


def _deleting() -> bool:
    with engine.statement() as connection:
        query = sa.select(models.volumes.c.id).where(
            models.volumes.c.deleted == sa.false(), models.volumes.c.status == states.DELETING
        )
        return connection.execute(query).first() is not None


class Scheduler:
    """Admits every move at once."""

    def __init__(self, world: World) -> None:
        self._world = world

    def update_service_capabilities(self, *_args: Any) -> None:
        """Nobody listens."""

    def migrate_volume_to_host(
        self, _context: Any, volume_id: str, host: str, *, request_spec: dict[str, Any], **_: Any
    ) -> None:
        """Choose the destination that was asked for, and tell the source."""
        import json

        migration_id = request_spec["migration_id"]
        name = host.partition("@")[0]
        capabilities = self._world.managers[name].backend.driver.get_volume_stats()
        assert volume_migrations.advance(
            migration_id,
            (states.PHASE_SCHEDULING,),
            {"phase": states.PHASE_SCHEDULED, "capabilities": json.dumps(capabilities)},
        )
        volume = volumes.get(self._world.context, volume_id)
        source = volume.service_host.partition("@")[0]
        self._world.mail.append(
            (
                source,
                "migrate_volume",
                {"volume_id": volume_id, "host": {"host": host}, "migration_id": migration_id},
            )
        )

    def extend_volume(self, _context: Any, volume_id: str, new_size: int) -> None:
        """Find room for a volume's growth, and tell its host."""
        volume = volumes.get(self._world.context, volume_id)
        Broker(self._world).extend_volume(self._world.context, volume, new_size)

    def retype(self, _context: Any, volume_id: str, *, request_spec: dict[str, Any]) -> None:
        """Send a volume with its new type where the world says, and tell the source."""
        to = self._world.retype_to
        if to is None:
            retypes.give_up(volume_id)
            return
        capabilities = self._world.managers[to].backend.driver.get_volume_stats()
        arguments = {
            "volume_id": volume_id,
            "new_type_id": request_spec["volume_type"]["id"],
            "host": {"host": f"{to}@file#file", "capabilities": capabilities},
            "migration_policy": request_spec["migration_policy"],
            "offline_servers": request_spec["offline_servers"],
        }
        source = volumes.get(self._world.context, volume_id).service_host.partition("@")[0]
        self._world.mail.append((source, "retype", arguments))


class Broker:
    """Stands in for rpcapi.VolumeAPI."""

    def __init__(self, world: World) -> None:
        self._world = world

    def _cast(self, host: str | None, method: str, **arguments: Any) -> None:
        name = (host or "").partition("@")[0]
        self._world.step(f"cast {method}")
        self._world.post(name, method, arguments)
        self._world.step(f"cast {method} done")

    def _call(self, host: str | None, method: str, **arguments: Any) -> Any:
        name = (host or "").partition("@")[0]
        self._world.step(f"call {method}")
        try:
            if name in self._world.dead:
                raise Killed
            with self._world.acting(name):
                answer = getattr(self._world.managers[name], method)(
                    self._world.context, **arguments
                )
        except Killed:
            raise exception.ServiceUnavailable(f"{name} does not answer.") from None
        self._world.step(f"call {method} done")
        return answer

    def create_volume(
        self,
        _context: Any,
        volume_id: str,
        host: str,
        request_spec: Any,
        filter_properties: Any,
        *,
        allow_reschedule: bool = True,
    ) -> None:
        """Cast."""
        self._cast(
            host,
            "create_volume",
            volume_id=volume_id,
            request_spec=request_spec,
            filter_properties=filter_properties,
            allow_reschedule=allow_reschedule,
        )

    def delete_volume(self, _context: Any, volume: Volume, unmanage_only: bool = False) -> None:
        """Cast."""
        arguments = {"volume_id": volume.id, "unmanage_only": unmanage_only}
        self._cast(volume.host, "delete_volume", **arguments)

    def extend_volume(self, _context: Any, volume: Volume, new_size: int) -> None:
        """Cast."""
        self._cast(volume.host, "extend_volume", volume_id=volume.id, new_size=new_size)

    def abort_migration(self, _context: Any, host: str, migration_id: str) -> None:
        """Cast."""
        self._cast(host, "abort_migration", migration_id=migration_id)

    def migration_target_created(
        self, _context: Any, host: str, migration_id: str, error: str | None
    ) -> None:
        """Cast."""
        self._cast(host, "migration_target_created", migration_id=migration_id, error=error)

    def update_migrated_volume(
        self, _context: Any, volume: Volume, new_volume: Volume, original_status: str
    ) -> Any:
        """Call."""
        return self._call(
            new_volume.host,
            "update_migrated_volume",
            volume_id=volume.id,
            new_volume_id=new_volume.id,
            original_status=original_status,
        )

    def initialize_connection(
        self, _context: Any, volume: Volume, connector: dict[str, Any]
    ) -> Any:
        """Call."""
        return self._call(
            volume.host, "initialize_connection", volume_id=volume.id, connector=connector
        )

    def terminate_connection(
        self, _context: Any, volume: Volume, connector: dict[str, Any], *, force: bool
    ) -> None:
        """Call."""
        self._call(
            volume.host,
            "terminate_connection",
            volume_id=volume.id,
            connector=connector,
            force=force,
        )

    def attachment_update(
        self, _context: Any, volume: Volume, connector: dict[str, Any], attachment_id: str
    ) -> Any:
        """Call."""
        return self._call(
            volume.host,
            "attachment_update",
            volume_id=volume.id,
            connector=connector,
            attachment_id=attachment_id,
        )

    def attachment_delete(self, _context: Any, volume: Volume, attachment_id: str) -> None:
        """Call."""
        self._call(
            volume.host, "attachment_delete", volume_id=volume.id, attachment_id=attachment_id
        )

    def migrate_volume_completion(
        self, _context: Any, volume: Volume, new_volume_id: str, *, error: bool
    ) -> Any:
        """Call."""
        return self._call(
            volume.host,
            "migrate_volume_completion",
            volume_id=volume.id,
            new_volume_id=new_volume_id,
            error=error,
        )

    def remove_export(self, _context: Any, volume: Volume) -> None:
        """Cast."""
        self._cast(volume.host, "remove_export", volume_id=volume.id)


WORLD: list[World] = []
"""The world of the running test, for the driver, which the manager makes."""


def _watched(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        WORLD[-1].step(f"driver {name}")
        answer = getattr(FileDriver, name)(self, *args, **kwargs)
        WORLD[-1].step(f"driver {name} done")
        return answer

    return method


WatchedDriver = type(
    "FileDriver",  # location_info carries the class's name
    (FileDriver,),
    {
        name: _watched(name)
        for name in (
            "do_setup",
            "create_volume",
            "delete_volume",
            "create_export",
            "remove_export",
            "initialize_connection",
            "terminate_connection",
            "migrate_volume",
            "finish_migration",
            "cancel_migration",
            "update_migrated_volume",
            "before_volume_copy",
            "after_volume_copy",
        )
    },
)


class DecliningDriver(WatchedDriver):  # type: ignore[misc, valid-type]
    """Has no move of its own."""

    def migrate_volume(self, *args: Any, **kwargs: Any) -> tuple[bool, None]:
        """Decline."""
        WORLD[-1].step("driver migrate_volume")
        return False, None


class Brick:
    """Stands in for os-brick's local connector."""

    def connect_volume(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the path."""
        WORLD[-1].step("connect")
        return {"type": "local", "path": data["device_path"]}

    def disconnect_volume(self, data: dict[str, Any], device: Any, force: bool) -> None:
        """End the use of the path, which may be gone already."""
        WORLD[-1].step("disconnect")


def copy_volume(
    src: str, dest: str, size_in_m: int, *_: Any, progress: Any, stop: Any, **__: Any
) -> CopyResult:
    """Stand in for copy.copy_volume: copies a volume's first bytes in chunks."""
    world = WORLD[-1]
    chunk = DATA // CHUNKS
    with open(src, "rb") as reader, open(dest, "r+b") as writer:
        for number in range(CHUNKS):
            world.step(f"copy {number}")
            if stop.is_set():
                raise exception.CopyStopped(reason="it was asked to stop")
            writer.write(reader.read(chunk))
            writer.flush()
            progress(CopyProgress(size_in_m * 1024**2, (number + 1) * chunk, 0, 1, 0.1))
    world.step("copy done")
    return CopyResult("fake", DATA, DATA, 0, 1, 0.1)


def watch_database(world: World, monkeypatch: Any) -> None:
    """Let every use of the database be a step."""

    def watched(kind: str, real: Callable[[], Any]) -> Callable[[], Any]:
        @contextlib.contextmanager
        def use() -> Iterator[Any]:
            world.step(f"db {kind}")
            with real() as connection:
                yield connection
            world.step(f"db {kind} done")

        return use

    for kind in ("statement", "transaction"):
        monkeypatch.setattr(engine, kind, watched(kind, getattr(engine, kind)))
