# SPDX-License-Identifier: Apache-2.0
"""Undoing a move that failed: its target removed, its volume freed, its record ended."""

from __future__ import annotations

import contextlib

from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.db import conditions as cond
from cinder_lite.db import volumes
from cinder_lite.objects import Volume
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.migration import ending
from cinder_lite.volume.migration.records import MAX_ATTEMPTS, Move, MoveLost

LOG = logging.getLogger(__name__)


def fail(backend: Backend, move: Move, error: str) -> None:
    """Undo a move whose data is not whole: remove what it made, free the volume, say why.

    :raises Exception: something could not be removed; after some more tries the volume is freed
        all the same, and the record says what is left
    """
    move.enter(states.PHASE_CLEANING, error=error)
    try:
        clean_up(backend, move)
    except MoveLost:
        raise
    except Exception as failure:
        if move.migration.attempts <= MAX_ATTEMPTS:
            raise
        LOG.exception("Migration %s: what it made can not be removed", move.id)
        error = (
            f"{error} What was made on {move.dest_host} could not be removed: "
            f"{exception.sentence_of(failure)}"
        )
    ending.badly(move, error)


def clean_up(backend: Backend, move: Move) -> None:
    """Remove what a move has made on its destination."""
    if move.migration.mode == states.MODE_DRIVER:
        backend.driver.cancel_migration(move.context, move.volume, move.host)
    if move.migration.new_volume_id is None:
        return
    with contextlib.suppress(exception.VolumeNotFound):
        remove_target(backend, move, volumes.get(move.context, move.migration.new_volume_id))


def remove_target(backend: Backend, move: Move, target: Volume) -> None:
    """Have a target removed by its host: row and data; may be repeated."""
    rule = cond.In("", "migration_status", (states.migration_target_of(move.volume.id),))
    values = {"status": states.DELETING, "migration_status": states.MIGRATION_DELETING}
    marked = volumes.conditional_update(target.id, values, [rule])
    # Marked by an earlier try: its message may not have been sent.
    if marked or target.migration_status == states.MIGRATION_DELETING:
        backend.volume_rpcapi.delete_volume(move.context, target)
