# SPDX-License-Identifier: Apache-2.0
"""The driver's own move: within one host or one array, by the backend's own means.

The driver brings the data to the destination and keeps the old; the database is told where the
volume is now; then the old data goes. A crash between two steps leaves either both copies and a
row that names the old one, or both and a row that names the new one.
"""

from __future__ import annotations

from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.db import attached_volumes, volume_migrations, volumes
from cinder_lite.db import services as db_services
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.migration import ending, plan
from cinder_lite.volume.migration.records import Move, MoveLost

LOG = logging.getLogger(__name__)


def run(backend: Backend, move: Move) -> bool:
    """Move a volume by its driver.

    :returns: False when the driver declines; nothing was touched then
    :raises CinderLiteException: the driver failed, and has undone what it did
    """
    if volumes.data_is_named(move.dest_service, move.volume.name_id, besides=move.volume.id):
        LOG.info(
            "Volume %s: what it left on %s is not removed yet, so its data goes there as a copy",
            move.volume.id,
            move.dest_service,
        )
        return False
    move.enter(states.PHASE_MOVING, mode=states.MODE_DRIVER)
    volume = move.volume
    if volume.status in attached_volumes.FOLLOWS:
        # Its servers are not connected; drivers take these statuses for use.
        volume = volume.replace(status=states.AVAILABLE)
    moved, update = backend.driver.migrate_volume(
        move.context, volume, move.host, progress=move.progress, stop=move.stop
    )
    if not moved:
        LOG.info(
            "Volume %s: the driver can not move it to %s by itself", move.volume.id, move.dest_host
        )
        return False
    service = db_services.get(host=move.dest_service, binary=db_services.VOLUME)
    values = {
        "host": move.dest_host,
        "cluster_name": service.cluster_name,
        "availability_zone": service.availability_zone,
        "service_uuid": service.uuid,
        # Not success yet: nobody may move it back while its old data is there under its name.
        "migration_status": states.MIGRATION_COMPLETING,
        **(update or {}),
    }
    if not volume_migrations.moved(move.id, move.owner, move.volume.id, values):
        raise MoveLost(migration_id=move.id)
    finish(backend, move)
    return True


def finish(backend: Backend, move: Move) -> None:
    """Remove the old data of a volume that has been moved and recorded, and end the record."""
    note = None
    try:
        # A clone that was begun before the move may still read the old data.
        with backend.uses.alone(move.volume.id):
            backend.driver.finish_migration(move.context, move.volume, move.host)
    except Exception as error:
        LOG.exception("Volume %s: its old data on the source could not be removed", move.volume.id)
        note = (
            f"The volume was moved, but its old data on {move.migration.source_host} could not be "
            f"removed: {exception.sentence_of(error)}"
        )
    ending.well(
        move,
        note,
        migration_status=states.MIGRATION_SUCCESS,
        previous_status=move.volume.status,
        status=plan.restored_status(move.volume),
    )
