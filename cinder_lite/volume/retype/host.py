# SPDX-License-Identifier: Apache-2.0
"""The volume service's part of a change of type: by the driver, or by a migration."""

from __future__ import annotations

import json
from typing import Any, Protocol

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite import host as host_name
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import retypes, volume_migrations, volume_types, volumes
from cinder_lite.objects import Volume
from cinder_lite.volume import encryption
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.migration import admission, servers

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_MOVABLE: list[cond.Condition] = [
    cond.In("its status is {volume.status}, not retyping.", "status", (states.RETYPING,)),
    admission.NOT_MOVING,
    admission.NOT_REPLICATED,
    admission.NO_SNAPSHOTS,
]


def _movable(volume: Volume) -> list[cond.Condition]:
    """Return what must hold of a volume that moves for its new type."""
    return [*_MOVABLE, *admission.of_attachments(servers.promised(volume))]


class Starts(Protocol):
    """What runs moves: the backend's mover."""

    def start(self, context: RequestContext, migration_id: str) -> bool:
        """Claim a scheduled move and run it."""


def run(
    backend: Backend,
    moves: Starts,
    context: RequestContext,
    volume_id: str,
    new_type_id: str,
    host: dict[str, Any],
    migration_policy: str,
    *,
    offline_servers: bool = False,
) -> None:
    """Give a volume of this backend a new type.

    Nobody waits for an answer: a failure is logged, and the volume keeps its type.

    :param host: ``{'host': 'host@backend#pool', 'capabilities': {…}}`` of where it goes
    :param migration_policy: ``never`` or ``on-demand``
    :param offline_servers: a server that is shut off may be made to let go of the volume meanwhile
    """
    try:
        volume = volumes.get(context, volume_id)
        if not retypes.is_wanted(volume_id, new_type_id):
            LOG.info("Volume %s: its type is not being changed any more", volume_id)
            return
        if _in_place(backend, context, volume, new_type_id, host):
            LOG.info("Volume %s: has the type %s now", volume_id, new_type_id)
            return
        if migration_policy == "never":
            raise exception.VolumeMigrationFailed(
                reason=f"the new type of volume {volume_id} needs a move to {host['host']}, which "
                "the migration_policy never forbids."
            )
        migration_id = _begin(context, volume, new_type_id, host, offline_servers=offline_servers)
    except Exception as error:
        _keep(volume_id, new_type_id, error)
        return
    moves.start(context, migration_id)


def _in_place(
    backend: Backend,
    context: RequestContext,
    volume: Volume,
    new_type_id: str,
    host: dict[str, Any],
) -> bool:
    """Have the driver do it, if the volume can stay on this backend."""
    if host_name.service_of(host["host"]) != backend.service_host:
        return False
    if encryption.differs(volume.volume_type_id, new_type_id):
        return False
    if not backend.driver.initialized:
        raise exception.DriverNotInitialized(driver=type(backend.driver).__name__)
    new_type = volume_types.get(context, new_type_id)
    done, update = backend.driver.retype(context, volume, new_type, host)
    return done and retypes.finish(volume.id, new_type_id, {**(update or {})})


def _begin(
    context: RequestContext,
    volume: Volume,
    new_type_id: str,
    host: dict[str, Any],
    *,
    offline_servers: bool,
) -> str:
    """Record the move that the new type needs; it goes on from the record."""
    record = {
        "source_host": volume.host,
        "dest_host": host["host"],
        "status": states.RECORD_RUNNING,
        "phase": states.PHASE_SCHEDULED,
        "capabilities": json.dumps(host.get("capabilities") or {}, default=str),
        "new_type_id": new_type_id,
        "offline_servers": offline_servers,
        "bytes_total": volume.size * 1024**3,
        "user_id": context.user_id,
        "project_id": context.project_id,
        "request_id": context.request_id,
    }
    marks = {"migration_status": states.MIGRATION_STARTING}
    needed = _movable(volume)
    migration = volume_migrations.begin(volume.id, needed, marks, record)
    if migration is None:
        refused = volumes.refusals(volume.id, needed)
        raise exception.InvalidVolume(
            reason=f"volume {volume.id} can not be moved to {host['host']}: "
            + " Also, ".join(refused)
        )
    return migration.id


def _keep(volume_id: str, new_type_id: str, error: Exception) -> None:
    """Let a volume keep its type, and say why."""
    if isinstance(error, exception.CinderLiteException):
        LOG.error("Volume %s: keeps its type: %s", volume_id, error.msg)
    else:
        LOG.error("Volume %s: keeps its type", volume_id, exc_info=error)
    try:
        retypes.give_up(volume_id, new_type_id)
    except exception.VolumeNotFound:
        LOG.info("Volume %s has been deleted", volume_id)


def settle_lost(backend: Backend) -> None:
    """Let the volumes keep their types whose change was lost, with the broker or its reader."""
    seconds = CONF.migration_scheduling_timeout + CONF.migration_settle_interval
    for volume_id in retypes.stale(backend.service_host, seconds):
        if retypes.give_up(volume_id):
            LOG.error(
                "Volume %s: keeps its type: nobody has taken the change up for %d seconds",
                volume_id,
                seconds,
            )
