# SPDX-License-Identifier: Apache-2.0
"""One move as it runs, and its record: phases, progress and the end."""

from __future__ import annotations

import dataclasses
import json
import threading
from typing import Any

from oslo_log import log as logging

from cinder_lite import exception, message, notifications, states
from cinder_lite import host as host_name
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import volume_migrations
from cinder_lite.objects import Migration, Volume, utcnow
from cinder_lite.volume.copy import CopyProgress

LOG = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
"""How often a move is taken up after crashes before it is given up."""

ABORTED = "it was aborted by request."
"""Why a move failed that somebody has ended."""
ANY_PHASE = (
    states.PHASE_SCHEDULED,
    states.PHASE_QUEUED,
    states.PHASE_STARTING,
    states.PHASE_DETACHING,
    states.PHASE_MOVING,
    states.PHASE_MOVED,
    states.PHASE_CREATING,
    states.PHASE_COPYING,
    states.PHASE_NOVA,
    states.PHASE_COMPLETING,
    states.PHASE_SWAPPED,
    states.PHASE_CLEANING,
    states.PHASE_ATTACHING,
)
"""Every phase in which the source host works on a move."""


class MoveLost(exception.CinderLiteException):
    """Another worker goes on with this move, or it has ended; this one must not touch it."""

    message = "Migration %(migration_id)s is no longer this process's."


@dataclasses.dataclass
class Move:
    """A move that this process works on."""

    migration: Migration
    volume: Volume
    context: RequestContext
    owner: str
    """Instance id of the process."""
    stop: threading.Event = dataclasses.field(default_factory=threading.Event)
    """Set when the service ends: the move halts at a durable step."""
    target_created: threading.Event = dataclasses.field(default_factory=threading.Event)
    """Set when the destination says that the target is created, or that it failed."""
    target_error: str | None = None
    """Why the destination could not create the target."""
    answered: threading.Event = dataclasses.field(default_factory=threading.Event)
    """Set when there is no need to wait for Nova any more: it has answered, or the service ends."""
    failed: bool | None = None
    """Whether Nova's copy has ended badly; None: Nova has not said that it has ended."""
    aborted: bool = False
    """It was asked that the move be undone; ``stop`` is set as well."""
    over: threading.Event = dataclasses.field(default_factory=threading.Event)
    """Set when this process works on the move no more."""

    @property
    def id(self) -> str:
        """The migration record's id."""
        return self.migration.id

    @property
    def dest_host(self) -> str:
        """``host@backend#pool`` of the destination."""
        return self.migration.dest_host

    @property
    def dest_service(self) -> str:
        """``host@backend`` of the destination."""
        return host_name.service_of(self.migration.dest_host)

    @property
    def capabilities(self) -> dict[str, Any]:
        """What the scheduler knew of the destination."""
        known: dict[str, Any] = json.loads(self.migration.capabilities or "{}")
        return known

    @property
    def host(self) -> dict[str, Any]:
        """The destination as drivers are told of it."""
        return {"host": self.dest_host, "capabilities": self.capabilities}

    def enter(self, phase: str, **values: Any) -> None:
        """Record that a phase begins.

        :param values: further columns of the record
        :raises MoveLost: the record is no longer this process's
        """
        if not volume_migrations.advance(
            self.id, ANY_PHASE, {"phase": phase, **values}, owner=self.owner
        ):
            raise MoveLost(migration_id=self.id)
        self.entered(phase, **values)

    def entered(self, phase: str, **values: Any) -> None:
        """Note a phase that is in the record already."""
        self.migration = dataclasses.replace(self.migration, phase=phase, **values)
        LOG.info(
            "Volume %(volume)s: migration %(id)s to %(dest)s: %(phase)s",
            {"volume": self.volume.id, "id": self.id, "dest": self.dest_host, "phase": phase},
        )

    def progress(self, now: CopyProgress) -> None:
        """Record how far the bytes are; a failure to record does not stop the copy.

        :raises MoveLost: the record is no longer this process's: the copy must stop
        """
        try:
            mine = volume_migrations.note_progress(
                self.id,
                self.owner,
                {
                    "bytes_total": now.bytes_total,
                    "bytes_copied": now.bytes_copied,
                    "bytes_skipped": now.bytes_skipped,
                    "bytes_per_second": now.bytes_per_second,
                },
            )
        except Exception:
            LOG.exception("Migration %s: its progress could not be recorded", self.id)
            return
        if not mine:
            raise MoveLost(migration_id=self.id)

    def abort(self) -> None:
        """Have the move undone at its next step; once its data is whole, it goes on."""
        self.aborted = True
        self.stop.set()
        self.target_created.set()

    def halt(self) -> None:
        """Record that the move halts because its service ends in order: no attempt has failed."""
        volume_migrations.advance(
            self.id,
            ANY_PHASE,
            {"attempts": max(0, self.migration.attempts - 1), "bytes_per_second": 0},
            owner=self.owner,
        )
        LOG.info("Volume %s: migration %s halts: the service is stopping", self.volume.id, self.id)

    def end(self, outcome: str, error: str | None = None, **volume_values: Any) -> None:
        """Record the end of the move, and free its volume with it.

        :param outcome: the record's status
        :param error: what there is to say of a move, also of one that succeeded
        :param volume_values: columns of the volume, written if the move still holds it
        :raises MoveLost: the record is no longer this process's
        """
        values = {
            "status": outcome,
            "phase": states.PHASE_DONE,
            "error": error,
            "bytes_per_second": 0,
            "finished_at": utcnow(),
        }
        held = cond.In("", "migration_status", states.MIGRATION_BUSY)
        if not volume_migrations.end(
            self.id, ANY_PHASE, values, [held], volume_values, owner=self.owner
        ):
            raise MoveLost(migration_id=self.id)
        LOG.info(
            "Volume %(volume)s: migration %(id)s to %(dest)s ended: %(status)s%(error)s",
            {
                "volume": self.volume.id,
                "id": self.id,
                "dest": self.dest_host,
                "status": outcome,
                "error": f" ({error})" if error else "",
            },
        )
        notifications.about_volume(
            self.context,
            self.volume,
            "migrate.end" if outcome == states.RECORD_SUCCESS else "migrate.error",
            **self.told(error),
        )

    def fail(self, error: str | None, **volume_values: Any) -> None:
        """End the move as one that has failed, and tell its user; takes what :meth:`end` does."""
        with message.standing(
            self.context,
            message.Action.MIGRATE_VOLUME,
            self.volume.id,
            detail=message.Detail.MIGRATION_FAILED,
            project_id=self.migration.project_id,
        ):
            marks = {"migration_status": states.MIGRATION_ERROR, **volume_values}
            self.end(states.RECORD_ERROR, error, **marks)

    def told(self, error: str | None = None) -> dict[str, Any]:
        """Return what notifications about the move carry besides its volume."""
        told = {
            "migration_id": self.id,
            "source_host": self.migration.source_host,
            "dest_host": self.dest_host,
        }
        return told | ({"message": error} if error else {})
