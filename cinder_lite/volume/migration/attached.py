# SPDX-License-Identifier: Apache-2.0
"""The move of a volume that a server uses: Nova copies the data while the server runs.

The target is created; Nova is asked to swap (``update_server_volume``); its compute host attaches
the target, copies, has the server use the target, ends the old attachment, and calls
os-migrate_volume_completion. Should that call never come, the attachments tell what has happened:
one of the target that is complete means that the server uses the target.
"""

from __future__ import annotations

import enum

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.compute import nova
from cinder_lite.db import volume_attachments, volume_migrations, volumes
from cinder_lite.objects import Attachment, Volume, utcnow
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.migration import completion, host_copy
from cinder_lite.volume.migration.records import ABORTED, Move, MoveLost

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_IF_FAILED = (
    "If the compute host has failed, end it with os-migrate_volume_completion and error true."
)
_TOO_LATE = (
    "The abort came too late: the compute host copies already and can not be stopped. The "
    f"migration is undone only if Nova fails. {_IF_FAILED}"
)
_SURE = 3
"""Looks in a row that must agree before something is done without Nova's call."""


class Seen(enum.Enum):
    """What the target's attachments say of Nova's work."""

    ABSENT = "no server is attached to the target"
    PROMISED = "the target is promised to the server, whose compute host has not connected it"
    RESERVED = "the target is reserved for a server by os-reserve, which says no more"
    COPYING = "the compute host has connected the target"
    SWAPPED = "the server uses the target"


STOPPABLE = (Seen.ABSENT, Seen.PROMISED)
"""No compute host has begun to copy: what it writes to must not be taken away."""
DONE = (Seen.RESERVED, Seen.SWAPPED)
"""Nova may say that the target holds the data; of a server that it attached in the older way the
attachments do not tell."""


def run(backend: Backend, move: Move) -> None:
    """Move an attached volume through Nova.

    :raises VolumeMigrationFailed: the volume is not attached just once, or Nova failed
    :raises ComputeFailed: Nova refused, or could not be asked
    """
    server_id = _server_of(move)
    target = host_copy.create_target(backend, move, mode=states.MODE_NOVA)
    move.enter(states.PHASE_NOVA)
    try:
        nova.API().update_server_volume(move.context, server_id, move.volume.id, target.id)
    except exception.ComputeFailed as error:
        if not error.begun:
            _take_back(move, error)
            raise
        # It may have begun all the same; what it does with the target tells.
        _note(move, f"It is not certain that the swap has begun: {error.msg}")
    except Exception as error:
        _take_back(move, error)
        raise
    watch(backend, move)


def _server_of(move: Move) -> str:
    attachments = volume_attachments.of_volume(move.volume.id)
    settled = [a for a in attachments if a.attach_status == states.ATTACHMENT_ATTACHED]
    if len(attachments) != 1 or not settled:
        raise exception.VolumeMigrationFailed(
            reason=f"volume {move.volume.id} has {len(attachments)} attachments, of which "
            f"{len(settled)} are complete; Nova moves a volume with one that is."
        )
    return str(settled[0].instance_uuid)


def watch(backend: Backend, move: Move) -> None:
    """Wait until Nova says how its copy has ended, or until the attachments do.

    :raises VolumeMigrationFailed: the data was not copied
    :raises CopyStopped: the service ends; the next start goes on waiting
    """
    target_id = str(move.migration.new_volume_id)
    seen, times = None, 0
    while not move.answered.wait(CONF.migration_nova_poll_interval):
        if move.stop.is_set() and not move.aborted:
            raise exception.CopyStopped(reason="the service is stopping")
        now = look(target_id)
        times = times + 1 if now == seen else 1
        seen = now
        if move.aborted and seen in STOPPABLE:
            _fail(move, ABORTED)
        if times >= _SURE and _over_by_itself(move, seen):
            break
        _mind_the_time(move, seen)
    if move.answered.is_set() and move.failed is None:
        # Nobody has said that the data is whole: the server may use the volume still.
        raise exception.CopyStopped(reason="the service is stopping")
    if move.failed:
        _fail(move, "Nova reports that it could not copy the volume to the target.")
    _advance(move, states.PHASE_COMPLETING)
    completion.run(backend, move, _target(move, target_id))


def look(target_id: str) -> Seen:
    """Return what the attachments of a move's target say."""
    found: list[Attachment] = volume_attachments.of_volume(target_id)
    if not found:
        reserved = volume_attachments.only_reserved(target_id)
        return Seen.RESERVED if reserved else Seen.ABSENT
    if any(a.attach_status == states.ATTACHMENT_ATTACHED for a in found):
        return Seen.SWAPPED
    return Seen.COPYING if any(a.connector for a in found) else Seen.PROMISED


def _over_by_itself(move: Move, seen: Seen) -> bool:
    """Tell whether Nova has done its work without saying so.

    :raises VolumeMigrationFailed: it has given the work up without saying so
    """
    if seen == Seen.SWAPPED:
        LOG.warning(
            "Volume %(volume)s: its server uses the target of migration %(id)s, but Nova has not "
            "said so; the migration is completed all the same",
            {"volume": move.volume.id, "id": move.id},
        )
        return True
    if seen == Seen.ABSENT:
        before = volume_migrations.get(move.id).error
        _fail(
            move,
            "Nova does not copy the volume, and has not said why: no server is attached to the "
            f"target. {before or ''}".strip(),
        )
    return False


def _mind_the_time(move: Move, seen: Seen) -> None:
    """Give up a swap that does not begin; of one that has begun, note that it takes long.

    :raises VolumeMigrationFailed: no compute host has connected the target in time
    """
    record = volume_migrations.get(move.id)
    if move.aborted and record.error != _TOO_LATE:
        _note(move, _TOO_LATE)
    age = (utcnow() - (record.started_at or utcnow())).total_seconds()
    if age < CONF.migration_nova_timeout:
        return
    if seen in STOPPABLE:
        _fail(
            move,
            f"Nova has not begun within {CONF.migration_nova_timeout} seconds "
            f"(migration_nova_timeout): {seen.value}.",
        )
    elif record.error is None:
        # A server may run on the target already: taken away, its latest writes would be lost.
        _note(
            move,
            f"Nova has not said within {CONF.migration_nova_timeout} seconds that its copy has "
            f"ended. The migration goes on. {_IF_FAILED}",
        )


def _fail(move: Move, why: str) -> None:
    failure = exception.VolumeMigrationFailed(reason=why)
    _take_back(move, failure)
    raise failure


def _take_back(move: Move, error: Exception) -> None:
    """Let Nova not attach the target any more, before the move is undone."""
    _advance(move, states.PHASE_CLEANING, error=exception.sentence_of(error))


def _advance(move: Move, phase: str, **values: object) -> None:
    if not volume_migrations.advance(
        move.id, (states.PHASE_NOVA,), {"phase": phase, **values}, owner=move.owner
    ):
        raise MoveLost(migration_id=move.id)
    move.entered(phase)


def _note(move: Move, what: str) -> None:
    """Put into the record what there is to say while the move goes on."""
    LOG.warning("Volume %s: migration %s: %s", move.volume.id, move.id, what)
    volume_migrations.advance(move.id, (states.PHASE_NOVA,), {"error": what}, owner=move.owner)


def _target(move: Move, target_id: str) -> Volume:
    try:
        return volumes.get(move.context, target_id)
    except exception.VolumeNotFound:
        raise exception.VolumeMigrationFailed(
            reason=f"its target {target_id} was removed before it could be used"
        ) from None
