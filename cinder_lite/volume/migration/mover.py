# SPDX-License-Identifier: Apache-2.0
"""The moves of one backend: each claimed, run in a thread of its own, and settled if it fails."""

from __future__ import annotations

import threading
from collections.abc import Callable

from oslo_log import log as logging

from cinder_lite import concurrency, exception, notifications, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import volume_migrations, volumes
from cinder_lite.objects import Migration, utcnow
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.migration import (
    aborting,
    attached,
    driver_move,
    host_copy,
    offline,
    plan,
    recovery,
    servers,
    undo,
)
from cinder_lite.volume.migration.records import ABORTED, MAX_ATTEMPTS, Move, MoveLost
from cinder_lite.volume.migration.turns import Turns

LOG = logging.getLogger(__name__)

_DRAIN_SECONDS = 20.0
_ANSWER_SECONDS = 50.0
"""How long Nova's call waits for the end of a move: less than it waits for our answer."""


_NEVER_UNDONE = (
    states.PHASE_MOVED,
    states.PHASE_NOVA,
    states.PHASE_COMPLETING,
    states.PHASE_SWAPPED,
    states.PHASE_ATTACHING,
)
"""Phases that an error does not end: the data is settled, or a server may write to the target
already, and both would be lost. What ends a move in the phase ``nova`` leaves that phase first."""


class Mover:
    """Runs the moves whose source is one backend.

    :param backend: the source
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lock = threading.Lock()
        self._moves: dict[str, tuple[Move, concurrency.Handle]] = {}
        self._taken: set[str] = set()
        """Ids of the moves that run, wait for their turn, or are being claimed."""
        self._turns = Turns(lambda: int(backend.configuration.max_concurrent_migrations))
        self._draining = False
        self._aborted: set[str] = set()
        """Ids of the moves that are to be undone."""

    def start(self, context: RequestContext, migration_id: str) -> bool:
        """Claim a scheduled move and run it in a thread of its own.

        :returns: False when somebody else has it, or it has ended
        """
        return self._take(context, migration_id, (states.PHASE_SCHEDULED,))

    def resume(self, context: RequestContext, migration: Migration) -> bool:
        """Claim a move that its worker has left in the phase where it stands, and go on."""
        return self._take(context, migration.id, (migration.phase,), left_by=migration.owner)

    def _take(
        self,
        context: RequestContext,
        migration_id: str,
        phases: tuple[str, ...],
        left_by: str | None = None,
    ) -> bool:
        # Reserved here before it is claimed in the database: a message and the periodic look may
        # find the same record, and both are this process.
        with self._lock:
            if self._draining or migration_id in self._taken:
                return False
            self._taken.add(migration_id)
        begun = False
        try:
            move = self._claim(context, migration_id, phases, left_by)
            begun = move is not None and self._begin(move)
        finally:
            if not begun:
                with self._lock:
                    self._taken.discard(migration_id)
        return begun

    def _claim(
        self,
        context: RequestContext,
        migration_id: str,
        phases: tuple[str, ...],
        left_by: str | None,
    ) -> Move | None:
        """Make a record this process's; None where it is somebody else's or has ended."""
        migration = volume_migrations.get(migration_id)
        values = {
            "owner": self._backend.instance,
            "attempts": migration.attempts + 1,
            "started_at": migration.started_at or utcnow(),
        }
        if not volume_migrations.advance(migration_id, phases, values, owner=left_by):
            LOG.info("Migration %s is not taken up: it runs or has ended", migration_id)
            return None
        volume = volumes.get(context.elevated(), migration.volume_id)
        return Move(
            volume_migrations.get(migration_id), volume, context.elevated(), self._backend.instance
        )

    def _begin(self, move: Move) -> bool:
        """Run a claimed move; while the service ends, leave it to the next start."""
        with self._lock:
            if not self._draining:
                self._spawn(move, self._run)
                return True
        move.halt()
        return False

    def running(self) -> frozenset[str]:
        """Return the ids of the moves that this process works on, those that wait among them."""
        with self._lock:
            return frozenset(self._taken)

    def target_created(self, migration_id: str, error: str | None) -> None:
        """Wake a move that waits for its target."""
        move = self._working_on(migration_id)
        if move is not None:
            move.target_error = error
            move.target_created.set()

    def nova_has_copied(
        self, context: RequestContext, volume_id: str, new_volume_id: str, *, error: bool
    ) -> str:
        """Take Nova's word on how its copy has ended, and end the move.

        :param error: it has ended badly
        :returns: the id under which the volume goes on
        :raises InvalidVolume: Nova does not copy that volume to that target
        :raises VolumeMigrationFailed: the move could not be completed
        """
        migration = volume_migrations.running_of_volume(volume_id)
        if migration is None or (migration.mode, migration.new_volume_id) != (
            states.MODE_NOVA,
            new_volume_id,
        ):
            raise exception.InvalidVolume(
                reason=f"Nova does not move volume {volume_id} to volume {new_volume_id}."
            )
        move = self._working_on(migration.id)
        if move is None and self.resume(context, migration):
            move = self._working_on(migration.id)
        if move is None:
            raise exception.ServiceUnavailable(
                f"Migration {migration.id} is just being taken up by its service; call again."
            )
        move.failed = error
        move.answered.set()
        move.over.wait(_ANSWER_SECONDS)
        after = volume_migrations.get(migration.id)
        if error or after.status == states.RECORD_SUCCESS or after.phase == states.PHASE_SWAPPED:
            return volume_id
        raise exception.VolumeMigrationFailed(
            reason=after.error or f"migration {after.id} stays in the phase {after.phase} for now"
        )

    def _working_on(self, migration_id: str) -> Move | None:
        with self._lock:
            move, _ = self._moves.get(migration_id, (None, None))
        return move

    def abort(self, context: RequestContext, migration_id: str) -> None:
        """Undo a move, wherever it stands, unless its data is whole."""
        with self._lock:
            self._aborted.add(migration_id)
            move, _ = self._moves.get(migration_id, (None, None))
            taken = migration_id in self._taken
            if move is not None:
                move.abort()
        if taken:
            self._abort_waiting(migration_id)
            return
        migration = volume_migrations.get(migration_id)
        ended = migration.status != states.RECORD_RUNNING
        if ended or not self.resume(context, migration):
            with self._lock:
                self._aborted.discard(migration_id)

    def _abort_waiting(self, migration_id: str) -> None:
        """Undo a move that waits for its turn; nothing where it does not wait."""
        waiting = self._turns.withdraw(migration_id)
        if waiting is not None:
            waiting.abort()
            self._guarded(waiting, self._steps)

    def _heed_abort(self, move: Move) -> None:
        """Abort a move, under the lock, if that was asked for before it was known here."""
        recorded = move.migration.abort_requested and aborting.is_in_time(move.migration.phase)
        if move.id in self._aborted or recorded:
            move.abort()

    def _spawn(self, move: Move, work: Callable[[Move], None]) -> None:
        """Run a move in a thread of its own; called under the lock."""
        self._heed_abort(move)
        self._moves[move.id] = (move, concurrency.spawn(work, move))

    def drain(self) -> None:
        """Halt every move at a durable step; the next start of the service goes on with them."""
        with self._lock:
            self._draining = True
            moves = list(self._moves.values())
        for move in self._turns.dismiss():
            self._halt(move)
        for move, _ in moves:
            move.stop.set()
            move.target_created.set()
            move.answered.set()
        for move, handle in moves:
            if not handle.wait(_DRAIN_SECONDS):
                LOG.warning("Migration %s did not halt in time", move.id)

    # --- one move ----------------------------------------------------------------------------

    def _run(self, move: Move) -> None:
        """Bring a move to its end, or to where it waits for its turn."""
        if self._guarded(move, self._ready) and self._has_turn(move):
            self._run_in_turn(move)

    def _run_in_turn(self, move: Move) -> None:
        """Bring a move to its end and hand its turn on."""
        try:
            self._guarded(move, self._steps)
        finally:
            self._forget(move)
            for called in self._turns.give_back():
                self._call(called)

    def _guarded(self, move: Move, work: Callable[[Move], bool]) -> bool:
        """Do a part of a move; what fails is settled. False when the move is over."""
        move.context.update_store()  # log lines of this thread carry the request's id
        goes_on = False
        try:
            goes_on = work(move)
        except MoveLost as error:
            LOG.warning("Volume %s: %s", move.volume.id, error)
        except exception.CopyStopped as error:
            if move.migration.phase == states.PHASE_NOVA:
                # Nova goes on, and so does the next start; an abort waits until Nova gives up.
                move.halt()
            elif move.aborted:
                reason = exception.VolumeMigrationFailed(reason=ABORTED)
                self._settle_failure(move, reason)
            elif move.stop.is_set():
                move.halt()
            else:
                self._settle_failure(move, error)
        except Exception as error:
            self._settle_failure(move, error)
        finally:
            if not goes_on:
                self._forget(move)
        return goes_on

    def _forget(self, move: Move) -> None:
        with self._lock:
            self._moves.pop(move.id, None)
            self._taken.discard(move.id)
            self._aborted.discard(move.id)
        move.over.set()

    def _ready(self, move: Move) -> bool:
        """Clear away what an earlier try has left; False when that was the end of the move."""
        fresh = (states.PHASE_SCHEDULED, states.PHASE_QUEUED)
        return move.migration.phase in fresh or recovery.carry_on(self._backend, move)

    def _has_turn(self, move: Move) -> bool:
        """Take a turn for a move, or have it wait for one, which its record tells."""
        if self._turns.take():
            return True
        if not self._guarded(move, self._queue):
            return False
        with self._lock:
            running = self._moves.pop(move.id)  # whoever calls it puts it there again
        if self._turns.take_or_wait(move):
            with self._lock:
                self._moves[move.id] = running
                self._heed_abort(move)
            return True
        if move.id in self._aborted:
            self._abort_waiting(move.id)
        with self._lock:
            draining = self._draining
        if draining:  # it may have begun to wait too late to be dismissed
            for waiting in self._turns.dismiss():
                self._halt(waiting)
        return False

    @staticmethod
    def _queue(move: Move) -> bool:
        move.enter(states.PHASE_QUEUED)
        return True

    def _call(self, move: Move) -> None:
        """Run a move whose turn has come."""
        with self._lock:
            if not self._draining:
                self._spawn(move, self._run_in_turn)
                return
        self._halt(move)
        self._turns.give_back()

    def _halt(self, move: Move) -> None:
        """Leave a move that waits to the next start of the service."""
        move.halt()
        self._forget(move)

    def _settle_failure(self, move: Move, error: Exception) -> None:
        """Undo a failed move, whatever its phase allows."""
        sentence = exception.sentence_of(error)
        if isinstance(error, exception.CinderLiteException):
            LOG.error("Volume %s: migration %s failed: %s", move.volume.id, move.id, sentence)
        else:
            LOG.exception("Volume %s: migration %s failed", move.volume.id, move.id)
        try:
            if move.migration.phase in _NEVER_UNDONE:
                # The periodic look goes on from here.
                volume_migrations.advance(
                    move.id, (move.migration.phase,), {"error": sentence}, owner=move.owner
                )
                return
            undo.fail(self._backend, move, sentence)
        except MoveLost as lost:
            LOG.warning("Volume %s: %s", move.volume.id, lost)
        except Exception:
            LOG.exception("Migration %s could not be undone; it is tried again later", move.id)

    def _steps(self, move: Move) -> bool:
        """Go through a move from its beginning; it is over then."""
        if move.aborted:
            raise exception.CopyStopped(reason=ABORTED)
        if move.migration.attempts > MAX_ATTEMPTS:
            raise exception.VolumeMigrationFailed(
                reason=f"it was taken up {MAX_ATTEMPTS} times and each time its service ended"
            )
        move.enter(states.PHASE_STARTING)
        if not self._backend.driver.initialized:
            raise exception.DriverNotInitialized(driver=type(self._backend.driver).__name__)
        self._mark_migrating(move)
        use = self._use(move)
        mode = plan.choose(move.migration, use)
        if mode == states.MODE_NOVA:
            attached.run(self._backend, move)
        elif mode != states.MODE_DRIVER or not driver_move.run(self._backend, move):
            host_copy.run(self._backend, move)
        return False

    @staticmethod
    def _use(move: Move) -> servers.Use:
        """Return how a volume is used, once a server that is shut off has let go of it."""
        use = servers.Use.OFFLINE
        if move.migration.server_id is None:
            use = servers.while_it_moves(
                move.context, move.volume, offline=move.migration.offline_servers
            )
        if use == servers.Use.OFFLINE:
            offline.let_go(move)
        return use

    @staticmethod
    def _mark_migrating(move: Move) -> None:
        rule = cond.In(
            "its migration_status must be starting or migrating, but is {volume.migration_status}.",
            "migration_status",
            (states.MIGRATION_STARTING, states.MIGRATION_MIGRATING),
        )
        if not volumes.conditional_update(
            move.volume.id, {"migration_status": states.MIGRATION_MIGRATING}, [rule]
        ):
            raise exception.VolumeMigrationFailed(
                reason=" ".join(volumes.refusals(move.volume.id, [rule]))
                or "the volume was changed meanwhile"
            )
        move.volume = move.volume.replace(migration_status=states.MIGRATION_MIGRATING)
        notifications.about_volume(move.context, move.volume, "migrate.start", **move.told())
