# SPDX-License-Identifier: Apache-2.0
"""What a service that died has left: found by the records, carried on or undone.

A message is acknowledged before it is worked on, so it is lost with its worker. The records are
not: when a service starts, and now and then while it runs, it looks for moves of its backend that
nobody works on.
"""

from __future__ import annotations

import datetime
from typing import Protocol

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import volume_migrations, volumes
from cinder_lite.objects import Migration, utcnow
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.migration import attached, completion, driver_move, giving_back, undo
from cinder_lite.volume.migration.records import ANY_PHASE, Move

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_GONE_TRIES = 50
"""Looks for a target that is being removed, a tenth of a second apart."""


class Takes(Protocol):
    """What runs moves: the backend's mover."""

    def running(self) -> frozenset[str]:
        """Return the ids of the moves that this process works on."""

    def resume(self, context: RequestContext, migration: Migration) -> bool:
        """Go on with a move that was left."""


def settle(backend: Backend, moves: Takes, *, starting: bool = False) -> None:
    """Take up the moves of this backend that nobody works on.

    :param starting: the service has just started, so that nobody works on any of them
    """
    for migration in volume_migrations.running(
        source_service=backend.service_host, phases=ANY_PHASE
    ):
        if migration.id in moves.running() or not _abandoned(backend, migration, starting):
            continue
        LOG.warning(
            "Volume %(volume)s: migration %(id)s was left in the phase %(phase)s; it goes on",
            {"volume": migration.volume_id, "id": migration.id, "phase": migration.phase},
        )
        try:
            moves.resume(backend.context, migration)
        except Exception:
            LOG.exception("Migration %s could not be taken up", migration.id)


def _abandoned(backend: Backend, migration: Migration, starting: bool) -> bool:
    """Tell whether nobody works on a move.

    One backend has one volume service, so what another instance of it has left is nobody's.
    """
    if migration.owner is not None:
        return True
    # Told to us, perhaps, and on its way: wait for the message before missing it.
    age = datetime.timedelta(seconds=CONF.migration_settle_interval)
    last = migration.updated_at or migration.created_at
    return starting or last is None or utcnow() - last > age


def carry_on(backend: Backend, move: Move) -> bool:
    """Bring a move that was left in some phase to its end, or back to its beginning.

    :returns: True when nothing of it is left and it can begin again
    """
    phase = move.migration.phase
    if phase == states.PHASE_SWAPPED:
        completion.remove_old(backend, move, str(move.migration.new_volume_id))
        return False
    if phase == states.PHASE_MOVED:
        # The volume's row names the new place; the driver is told of the old one.
        move.volume = move.volume.replace(host=move.migration.source_host)
        driver_move.finish(backend, move)
        return False
    if phase == states.PHASE_NOVA:
        attached.watch(backend, move)
        return False
    if phase == states.PHASE_COMPLETING:
        try:
            target = volumes.get(move.context, str(move.migration.new_volume_id))
        except exception.VolumeNotFound:
            # Somebody has removed it by force; the volume's own data is still the old.
            undo.fail(backend, move, "The target volume was removed before it could be used.")
            return False
        completion.run(backend, move, target)
        return False
    if phase == states.PHASE_ATTACHING:
        giving_back.go_on(move)
        return False
    if phase == states.PHASE_CLEANING:
        undo.fail(backend, move, move.migration.error or "it was being undone")
        return False
    # Nothing of the volume has changed yet: remove what was made and begin again.
    undo.clean_up(backend, move)
    if move.migration.new_volume_id is not None:
        _wait_until_gone(move, move.migration.new_volume_id)
    move.enter(
        states.PHASE_SCHEDULED,
        mode=None,
        new_volume_id=None,
        bytes_copied=0,
        bytes_skipped=0,
        bytes_per_second=0,
    )
    return True


def _wait_until_gone(move: Move, target_id: str) -> None:
    """Wait a little for a target's removal, so that its room is free for the next one."""
    for _ in range(_GONE_TRIES):
        try:
            volumes.get(move.context, target_id)
        except exception.VolumeNotFound:
            return
        if move.stop.wait(0.1):
            raise exception.CopyStopped(reason="the service is stopping")
