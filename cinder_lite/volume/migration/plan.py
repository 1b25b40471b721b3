# SPDX-License-Identifier: Apache-2.0
"""How a volume will be moved."""

from __future__ import annotations

from cinder_lite import states
from cinder_lite.objects import Migration, Volume
from cinder_lite.volume.migration.servers import Use


def choose(migration: Migration, use: Use) -> str:
    """Return the way to try first: the driver's own move, or a copy, by Nova or by this node.

    The driver is not asked when the request forbids it, or when the type changes (a driver's move
    keeps the volume as it is). A volume that a server uses is copied by Nova.
    """
    if use == Use.RUNNING:
        return states.MODE_NOVA
    if migration.force_host_copy or migration.new_type_id is not None:
        return states.MODE_HOST_COPY
    return states.MODE_DRIVER


def restored_status(volume: Volume) -> str:
    """Return the status that a volume has when its move ends, well or not."""
    locked = volume.status in (states.MAINTENANCE, states.RETYPING)
    return str((volume.previous_status if locked else volume.status) or states.AVAILABLE)
