# SPDX-License-Identifier: Apache-2.0
"""The end of a move whose data is settled: the record's, and what the volume's server gets."""

from __future__ import annotations

from typing import Any

from cinder_lite import states
from cinder_lite.volume.migration import giving_back, plan
from cinder_lite.volume.migration.records import Move


def well(move: Move, note: str | None = None, **volume_values: Any) -> None:
    """End a move whose volume is on its destination.

    :param note: what there is to say all the same
    :param volume_values: columns of the volume, where no server gets it back first
    """
    if move.migration.server_id is not None:
        giving_back.begin(move, states.RECORD_SUCCESS, note)
        return
    move.end(states.RECORD_SUCCESS, note, **volume_values)


def badly(move: Move, error: str) -> None:
    """End a move whose volume is where it was, and tell its user."""
    if move.migration.server_id is not None:
        giving_back.begin(move, states.RECORD_ERROR, error)
        return
    status = plan.restored_status(move.volume)
    move.fail(error, previous_status=move.volume.status, status=status)
