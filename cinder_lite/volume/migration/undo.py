# SPDX-License-Identifier: Apache-2.0
"""Undoing a move that failed: its target removed, its volume freed, its record ended."""

from __future__ import annotations

import contextlib

from cinder_lite import exception, states
from cinder_lite.db import conditions as cond
from cinder_lite.db import volumes
from cinder_lite.objects import Volume
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.migration import plan
from cinder_lite.volume.migration.records import Move


def fail(backend: Backend, move: Move, error: str) -> None:
    """Undo a move whose data is not whole: remove what it made, free the volume, say why."""
    move.enter(states.PHASE_CLEANING, error=error)
    clean_up(backend, move)
    release(move.volume)
    move.end(states.RECORD_ERROR, error)


def clean_up(backend: Backend, move: Move) -> None:
    """Remove what a move has made on its destination."""
    if move.migration.mode == states.MODE_DRIVER:
        backend.driver.cancel_migration(move.context, move.volume, move.host)
    if move.migration.new_volume_id is None:
        return
    with contextlib.suppress(exception.VolumeNotFound):
        remove_target(backend, move, volumes.get(move.context, move.migration.new_volume_id))


def remove_target(backend: Backend, move: Move, target: Volume) -> None:
    """Have a target removed by its host: row and data."""
    rule = cond.In("", "migration_status", (states.migration_target_of(move.volume.id),))
    values = {"status": states.DELETING, "migration_status": states.MIGRATION_DELETING}
    if volumes.conditional_update(target.id, values, [rule]):
        backend.volume_rpcapi.delete_volume(move.context, target)


def release(volume: Volume) -> None:
    """Give a volume whose move failed back to its users, if the move still holds it."""
    volumes.conditional_update(
        volume.id,
        {
            "migration_status": states.MIGRATION_ERROR,
            "status": plan.restored_status(volume),
            "previous_status": volume.status,
        },
        [cond.In("", "migration_status", states.MIGRATION_BUSY)],
    )
