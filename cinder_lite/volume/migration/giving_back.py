# SPDX-License-Identifier: Apache-2.0
"""A server that has let go of a volume gets it back, moved or not, and is unlocked.

The volume counts as moving until then, so that nobody else can attach it. What fails is tried
again when the service looks for moves that nobody works on, and given up after some tries: then the
record says what is left to do.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, message, states
from cinder_lite.compute import nova
from cinder_lite.db import volume_attachments
from cinder_lite.objects import Attachment
from cinder_lite.volume.migration import offline, server_use
from cinder_lite.volume.migration.records import Move
from cinder_lite.volume.migration.server_use import ServerUse

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

TRIES = 20
"""How often it is tried to give a volume back."""
_SURE = 3
"""Looks in a row that find the volume not attached before Nova has failed."""
_SURE_OF_PROMISES = 10
"""Looks in a row that find an attachment, without a connector, of which Nova knows nothing."""
_SURE_OF_KEPT = 30
"""Looks in a row that find the old attachment before Nova, which was to end it, has not done so."""


class _NotGiven(exception.CinderLiteException):
    """Nova has taken the order, but the server does not use the volume."""

    message = "%(reason)s"


def begin(move: Move, outcome: str, said: str | None) -> None:
    """Record that a move's data is settled, and give the volume back.

    :param outcome: the record's status when this is done
    :param said: what there is to say of the move
    """
    use = dataclasses.replace(server_use.of(move.migration), outcome=outcome, said=said)
    move.enter(
        states.PHASE_ATTACHING, server_use=server_use.stored(use), error=said, bytes_per_second=0
    )
    go_on(move)


def go_on(move: Move) -> None:
    """Give a volume back whose move is in the phase ``attaching``; may be repeated."""
    use = server_use.of(move.migration)
    server_id = str(move.migration.server_id)
    try:
        _give(move, server_id, use)
        _unlock(move, server_id, use)
    except exception.CopyStopped:
        move.halt()
    except exception.ServerNotFound:
        LOG.warning("Volume %s: its server %s is gone", move.volume.id, server_id)
        _end(move, use)
    except (exception.ComputeFailed, _NotGiven) as error:
        _failed(move, server_id, use, exception.sentence_of(error))
    else:
        _end(move, use)


def _give(move: Move, server_id: str, use: ServerUse) -> None:
    """Have Nova attach the volume as it was attached before, and wait until that is so.

    :raises ServerNotFound: the server has been deleted
    """
    if not use.asked:
        return  # It was not taken from the server.
    deadline = time.monotonic() + CONF.migration_nova_timeout
    begun, absent, kept = False, 0, 0
    while True:
        found = volume_attachments.of_volume(move.volume.id)
        now = _attached(found, server_id)
        if now - {use.attachment_id}:
            break
        kept = kept + 1 if now else 0
        if kept >= _SURE_OF_KEPT or (now and time.monotonic() >= deadline):
            break  # An aborted move may come here while Nova still detaches: it has not, after all.
        if all(a.is_promised for a in found) and not offline.known_to_nova(move, server_id):
            absent += 1
            if not begun and not found:
                begun, absent = _ask(move, server_id, use), 0
            elif absent >= (_SURE_OF_PROMISES if found else _SURE):
                for left in found:
                    volume_attachments.remove(left.id, move.volume.id)
                raise _NotGiven(reason="Nova began to attach it, and then gave that up.")
        else:
            absent = 0
        if time.monotonic() >= deadline:
            raise _NotGiven(
                reason=f"Nova has not attached it within {CONF.migration_nova_timeout} seconds "
                "(migration_nova_timeout)."
            )
        offline.pause(move)
    LOG.info("Volume %s: server %s has it back", move.volume.id, server_id)


def _ask(move: Move, server_id: str, use: ServerUse) -> bool:
    """Ask Nova to attach the volume; returns True when it has, or may have begun."""
    try:
        nova.API().attach(move.context, server_id, move.volume.id, use.how)
    except exception.ServerNotFound:
        nova.API().details(move.context, server_id)  # Or is it the volume that Nova does not find?
        raise _NotGiven(reason="Nova does not find the volume.") from None
    except exception.ComputeFailed as error:
        if not error.begun:
            raise
    return True


def _attached(found: Iterable[Attachment], server_id: str) -> set[str]:
    """Return the ids of those attachments by which the server has the volume."""
    return {
        a.id
        for a in found
        if a.instance_uuid == server_id and a.attach_status == states.ATTACHMENT_ATTACHED
    }


def _unlock(move: Move, server_id: str, use: ServerUse) -> None:
    """Take this move's lock off the server, and nobody else's."""
    if use.locked_before:
        return
    server = nova.API().details(move.context, server_id)
    if server.locked and server.locked_reason == server_use.reason(move):
        nova.API().unlock(move.context, server_id)
        LOG.info("Volume %s: server %s is unlocked", move.volume.id, server_id)


def _failed(move: Move, server_id: str, use: ServerUse, why: str) -> None:
    """Leave the volume to another try, or give up and say what is left to do."""
    use = dataclasses.replace(use, tries=use.tries + 1)
    locked = None
    if use.tries >= TRIES:
        # Its owner must be able to attach the volume, and to use the server.
        try:
            _unlock(move, server_id, use)
        except exception.CinderLiteException as error:
            locked = exception.sentence_of(error)
    told = _told(move, server_id, use, why, locked)
    LOG.error("Volume %s: migration %s: %s", move.volume.id, move.id, told)
    if use.tries < TRIES:
        server_use.keep(move, use, error=told)
        return
    with message.standing(
        move.context,
        message.Action.MIGRATE_VOLUME,
        move.volume.id,
        detail=message.Detail.NOT_GIVEN_BACK,
        owner_id=move.volume.project_id,
    ):
        _end(move, use, told)


def _told(move: Move, server_id: str, use: ServerUse, why: str, locked: str | None) -> str:
    """Return what there is to say and to do."""
    parts = [use.said] if use.said else []
    if not _attached(volume_attachments.of_volume(move.volume.id), server_id):
        device = f" --device {use.device}" if use.device else ""
        tag = f" --tag {use.tag}" if use.tag else ""
        parts.append(
            f"The data of volume {move.volume.id} is whole, but the server {server_id} has not got "
            f"the volume back: {why}"
        )
        if use.tries >= TRIES:
            command = f"openstack server add volume{device}{tag} {server_id} {move.volume.id}"
            parts.append(f"Attach it: {command}")
        else:
            parts.append(f"It is tried again ({use.tries} of {TRIES} tries).")
    elif use.tries < TRIES or locked:
        parts.append(f"The server {server_id} has volume {move.volume.id} back, but is locked:")
        parts.append(locked or why)
    if locked:
        parts.append(f"Unlock the server: openstack server unlock {server_id}")
    return " ".join(parts)


def _end(move: Move, use: ServerUse, told: str | None = None) -> None:
    """End the move as its data was settled."""
    values = {
        "previous_status": move.volume.status,
        "status": states.IN_USE,  # follows from the attachments
    }
    if use.outcome == states.RECORD_SUCCESS:
        values["migration_status"] = states.MIGRATION_SUCCESS
        move.end(states.RECORD_SUCCESS, told or use.said, **values)
    else:
        move.fail(told or use.said, **values)
