# SPDX-License-Identifier: Apache-2.0
"""Queries about volumes that come into being, and fail to."""

from __future__ import annotations

from collections.abc import Sequence

from cinder_lite import exception, states
from cinder_lite.db import conditions as cond
from cinder_lite.db import engine, quotas, volumes


@engine.retried
def fail(volume_id: str, rules: Sequence[cond.Condition]) -> bool:
    """Set a new volume's status to error and give its quota back, in one transaction.

    What was never whole takes no room, so it counts for nothing; nor is anything given back when
    its row is deleted.

    :param rules: what must hold of the volume
    :returns: False when some rule refused, or the volume has gone, and nothing was changed
    """
    with engine.transaction() as connection:
        try:
            volume = volumes.lock(connection, volume_id)
        except exception.VolumeNotFound:
            return False
        # Whole once: its status was reset, and its data is still there.
        counted = volume.use_quota and volume.launched_at is None
        values = {"status": states.ERROR, **({"use_quota": False} if counted else {})}
        if not volumes.swap(connection, volume_id, values, rules):
            return False
        if counted and volume.project_id is not None:
            quotas.release(connection, volume.project_id, 1, volume.size, volume.volume_type_id)
    return True
