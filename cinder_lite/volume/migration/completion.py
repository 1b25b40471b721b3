# SPDX-License-Identifier: Apache-2.0
"""The end of a copy: the target becomes the volume, and the old data is removed.

From the phase ``completing`` on a move only goes forward: the data is whole and flushed on the
target, every step can be repeated, and the old data goes last.
"""

from __future__ import annotations

from typing import Any

from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.db import attached_volumes, volume_migrations, volumes
from cinder_lite.db import conditions as cond
from cinder_lite.objects import Volume
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.migration import ending, plan
from cinder_lite.volume.migration.records import Move, MoveLost

LOG = logging.getLogger(__name__)

SWAPPED_COLUMNS = (
    "host",
    "cluster_name",
    "availability_zone",
    "service_uuid",
    "shared_targets",
    "provider_id",
    "provider_auth",
    "provider_geometry",
    "replication_status",
    "replication_driver_data",
    "replication_extended_status",
    "encryption_key_id",
    "volume_type_id",
    "launched_at",
    "scheduled_at",
)
"""What says where and how data is kept: exchanged between the volume and its target."""


def run(backend: Backend, move: Move, target: Volume) -> None:
    """Swap a volume with its whole and flushed target, and have the old data removed.

    May be run again after a crash at any line.
    """
    move.enter(states.PHASE_COMPLETING)
    mark = {"migration_status": states.MIGRATION_COMPLETING}
    moves = cond.In("", "migration_status", states.MIGRATION_BUSY)
    if not volumes.conditional_update(move.volume.id, mark, [moves]):
        # Another instance has completed the move since.
        raise MoveLost(migration_id=move.id)
    if move.stop.is_set() and not move.aborted:
        # A durable step: the next start of the service goes on from here, without copying again.
        raise exception.CopyStopped(reason="the service is stopping")
    status = plan.restored_status(move.volume)
    if move.migration.mode != states.MODE_NOVA and status in attached_volumes.FOLLOWS:
        status = states.AVAILABLE  # its servers are not connected: the data may get another name
    names = backend.volume_rpcapi.update_migrated_volume(move.context, move.volume, target, status)
    ends = move.migration.server_id is None
    to_source, to_target = swap_values(move.volume, target, names, ends=ends)
    if not volume_migrations.swapped(
        move.id,
        move.owner,
        (move.volume.id, to_source),
        (target.id, to_target),
        with_attachments=move.migration.mode == states.MODE_NOVA,
        ends=ends,
    ):
        raise MoveLost(migration_id=move.id)
    LOG.info("Volume %s: is on %s now", move.volume.id, target.host)
    remove_old(backend, move, target.id)


def swap_values(
    source: Volume, target: Volume, names: dict[str, Any], *, ends: bool = True
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the two rows become.

    :param names: ``_name_id`` and ``provider_location`` of the new data, from its driver
    :param ends: the move ends with this; otherwise its server gets the volume back first
    :returns: columns of the volume's row, which names the new data from then on, and of the
        temporary row, which names the old data until that is removed
    """
    to_source = {name: getattr(target, name) for name in SWAPPED_COLUMNS}
    to_target = {name: getattr(source, name) for name in SWAPPED_COLUMNS}
    to_source |= {
        "_name_id": names.get("_name_id"),
        "provider_location": names.get("provider_location"),
    }
    if ends:
        to_source |= {
            "previous_status": source.status,
            "status": plan.restored_status(source),
            "migration_status": states.MIGRATION_SUCCESS,
        }
    to_target |= {
        "_name_id": source.name_id,
        "provider_location": source.provider_location,
        "display_description": f"migration src for {source.id}",
        "status": states.DELETING,
        "migration_status": states.MIGRATION_DELETING,
    }
    return to_source, to_target


def remove_old(backend: Backend, move: Move, temporary_id: str) -> None:
    """Tell the old host to remove the data that the temporary row names; end the record."""
    try:
        temporary = volumes.get(move.context, temporary_id)
    except exception.VolumeNotFound:
        temporary = None
    if temporary is not None:
        backend.volume_rpcapi.delete_volume(move.context, temporary)
    ending.well(move)
