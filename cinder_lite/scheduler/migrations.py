# SPDX-License-Identifier: Apache-2.0
"""The scheduler's part of a move: admit it to its destination, then tell the source."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import host as host_name
from cinder_lite import states
from cinder_lite.context import RequestContext
from cinder_lite.db import volume_migrations, volumes
from cinder_lite.objects import Migration, Volume, utcnow
from cinder_lite.scheduler import driver as scheduler_driver
from cinder_lite.scheduler import failures
from cinder_lite.scheduler.host_state import HostState
from cinder_lite.scheduler.readiness import Readiness
from cinder_lite.scheduler.spec import complete
from cinder_lite.volume.rpcapi import VolumeAPI

LOG = logging.getLogger(__name__)
CONF = cfg.CONF


class Moves:
    """Takes moves from the phase ``scheduling`` to ``scheduled``, or ends them with a reason.

    The record's change of phase is a compare-and-swap: of several schedulers that work on one move
    (its message, and the search for lost messages), only one goes on with it.
    """

    def __init__(
        self,
        driver: scheduler_driver.Scheduler,
        readiness: Readiness,
        volume_rpcapi: VolumeAPI,
    ) -> None:
        self._driver = driver
        self._readiness = readiness
        self._volume_rpcapi = volume_rpcapi
        self._lock = threading.Lock()
        self._in_hand: set[str] = set()
        """Ids of the moves that this process is scheduling."""

    def schedule(
        self,
        context: RequestContext,
        spec: dict[str, Any],
        host: str,
        *,
        force_host_copy: bool,
        filter_properties: Mapping[str, Any],
    ) -> None:
        """Admit a move to ``host`` and tell the volume's own host, or end the move with a reason.

        :param spec: with ``volume_id`` and, where it is known, ``migration_id``
        """
        if not spec.get("migration_id"):
            running = volume_migrations.running_of_volume(spec["volume_id"])
            if running is None:
                LOG.info("Volume %s is in no migration any more", spec["volume_id"])
                return
            spec["migration_id"] = running.id
        spec["operation"] = "migrate_volume"
        with self._lock:
            if spec["migration_id"] in self._in_hand:
                return
            self._in_hand.add(spec["migration_id"])
        self._readiness.when_ready(
            lambda: self._schedule(context, spec, host, force_host_copy, dict(filter_properties))
        )

    def _schedule(
        self,
        context: RequestContext,
        spec: dict[str, Any],
        host: str,
        force_host_copy: bool,
        filter_properties: dict[str, Any],
    ) -> None:
        try:
            complete(context, spec)
            state = self._readiness.with_late_reports(
                host_name.service_of(host),
                lambda: self._driver.host_passes_filters(context, host, spec, filter_properties),
            )
            volume = self._record(context, spec, state)
            if volume is not None:
                self._tell_source(context, volume, spec, state, force_host_copy)
        except Exception as error:
            failures.fail_migration(context, spec, error)
        finally:
            with self._lock:
                self._in_hand.discard(spec["migration_id"])

    def _record(
        self, context: RequestContext, spec: dict[str, Any], state: HostState
    ) -> Volume | None:
        """Write down the chosen destination; None when somebody else went on with the move."""
        try:
            volume = volumes.get(context.elevated(), spec["volume_id"])
            scheduled = volume_migrations.advance(
                spec["migration_id"],
                [states.PHASE_SCHEDULING],
                {
                    "phase": states.PHASE_SCHEDULED,
                    "dest_host": state.host,
                    "capabilities": json.dumps(state.capabilities, default=str),
                },
            )
        except Exception:
            self._driver.release(spec)
            raise
        # Also where another scheduler was faster: it promised the same room.
        self._driver.confirm(spec)
        if scheduled:
            return volume
        LOG.info("Migration %s has ended or is in other hands", spec["migration_id"])
        return None

    def _tell_source(
        self,
        context: RequestContext,
        volume: Volume,
        spec: dict[str, Any],
        state: HostState,
        force_host_copy: bool,
    ) -> None:
        try:
            self._volume_rpcapi.migrate_volume(
                context,
                volume,
                {"host": state.host, "capabilities": state.capabilities},
                force_host_copy,
                migration_id=spec["migration_id"],
            )
        except Exception:
            # Nothing is lost: the record says all, and the source looks for such records.
            LOG.exception(
                "Volume %(volume)s: %(host)s could not be told about migration %(id)s; it finds "
                "it by itself within %(seconds)d seconds",
                {
                    "volume": volume.id,
                    "host": volume.host,
                    "id": spec["migration_id"],
                    "seconds": CONF.migration_settle_interval,
                },
            )

    # --- lost messages -----------------------------------------------------------------------

    def settle(self, *, at_once: bool = False) -> None:
        """Take up moves whose message never reached a scheduler; give up those that are too old.

        :param at_once: do not give a message time to arrive
        """
        patience = 0 if at_once else CONF.migration_settle_interval
        for migration in volume_migrations.running(phases=[states.PHASE_SCHEDULING]):
            try:
                self._settle(migration, patience)
            except Exception:
                LOG.exception("Migration %s could not be settled", migration.id)

    def _settle(self, migration: Migration, patience: float) -> None:
        age = (utcnow() - (migration.created_at or utcnow())).total_seconds()
        with self._lock:
            in_hand = migration.id in self._in_hand
        if in_hand or age < patience:
            return
        context = _context_of(migration)
        spec = {"volume_id": migration.volume_id, "migration_id": migration.id}
        if age >= CONF.migration_scheduling_timeout:
            failures.fail_migration(
                context,
                spec,
                "No scheduler chose a destination within "
                f"{CONF.migration_scheduling_timeout} seconds.",
            )
            return
        LOG.info(
            "Volume %(volume)s: migration %(id)s has waited %(age)d seconds; it is taken up again",
            {"volume": migration.volume_id, "id": migration.id, "age": age},
        )
        self.schedule(
            context,
            spec,
            migration.dest_host,
            force_host_copy=migration.force_host_copy,
            filter_properties={},
        )


def _context_of(migration: Migration) -> RequestContext:
    """Return a context for going on with what somebody asked for before."""
    return RequestContext(
        user_id=migration.user_id,
        project_id=migration.project_id,
        request_id=migration.request_id,
        is_admin=True,
        roles=["admin"],
        overwrite=False,
    )
