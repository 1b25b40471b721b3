# SPDX-License-Identifier: Apache-2.0
"""Asking that a move be aborted: the volume stays where it was, and nothing is left elsewhere."""

from __future__ import annotations

from oslo_log import log as logging

from cinder_lite import exception, message, states
from cinder_lite import host as host_name
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import volume_migrations, volumes
from cinder_lite.objects import Migration, utcnow
from cinder_lite.volume.migration import attached
from cinder_lite.volume.migration.records import ABORTED
from cinder_lite.volume.rpcapi import VolumeAPI

LOG = logging.getLogger(__name__)

_WHOLE = "its data is whole on the destination, and the old data is about to go."
_TOO_LATE = {
    states.PHASE_MOVED: _WHOLE,
    states.PHASE_COMPLETING: _WHOLE,
    states.PHASE_SWAPPED: _WHOLE,
    states.PHASE_CLEANING: "it has failed and is being undone.",
    states.PHASE_ATTACHING: "its data is settled, and its server gets the volume back.",
}
_AT_WORK = (
    "Nova copies the data and can not be stopped. If the compute host has failed, end the move "
    "with os-migrate_volume_completion and error true."
)


def is_in_time(phase: str) -> bool:
    """Tell whether a move in this phase can still be undone because somebody wants that."""
    return phase not in _TOO_LATE


def ask(context: RequestContext, rpcapi: VolumeAPI, migration_id: str) -> None:
    """End a move that no volume service knows of yet, or ask its service to abort it.

    :raises MigrationNotFound: there is none of that id
    :raises InvalidInput: it has ended, or has gone too far
    """
    migration = volume_migrations.get(migration_id)
    if migration.phase == states.PHASE_SCHEDULING and _end(context, migration):
        return
    migration = volume_migrations.get(migration_id)
    refused = _refusal(migration)
    if refused is not None:
        raise exception.InvalidInput(
            reason=f"migration {migration.id} of volume {migration.volume_id} can not be aborted: "
            + refused
        )
    if not volume_migrations.request_abort(migration_id, (migration.phase,)):
        ask(context, rpcapi, migration_id)  # It has gone on meanwhile: to no more than its end.
        return
    source = host_name.service_of(migration.source_host)
    # Who is away, or does not hear of it, finds it in the record.
    rpcapi.abort_migration(context, source, migration.id)
    LOG.info("Volume %s: migration %s is to be aborted", migration.volume_id, migration.id)


def _refusal(migration: Migration) -> str | None:
    if migration.status != states.RECORD_RUNNING:
        return f"it has ended ({migration.status})."
    if migration.phase == states.PHASE_NOVA and not may_stop_nova(migration):
        return _AT_WORK
    return _TOO_LATE.get(migration.phase)


def may_stop_nova(migration: Migration) -> bool:
    """Tell whether no compute host has begun to copy: what it writes to must not be taken away."""
    return attached.look(str(migration.new_volume_id)) in attached.STOPPABLE


def _end(context: RequestContext, migration: Migration) -> bool:
    """End a move for which no backend is chosen yet; False when one is, or the move has ended."""
    starting = cond.In("", "migration_status", (states.MIGRATION_STARTING,))
    ended = volume_migrations.end(
        migration.id,
        (states.PHASE_SCHEDULING,),
        {
            "status": states.RECORD_ERROR,
            "phase": states.PHASE_DONE,
            "error": f"Volume migration failed: {ABORTED}",
            "finished_at": utcnow(),
        },
        [starting],
        {"migration_status": states.MIGRATION_ERROR, "status": volumes.status_unlocked()},
    )
    if ended:
        message.create(
            context,
            message.Action.MIGRATE_VOLUME,
            migration.volume_id,
            detail=message.Detail.MIGRATION_FAILED,
            project_id=migration.project_id,
        )
    return ended
