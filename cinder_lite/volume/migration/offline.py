# SPDX-License-Identifier: Apache-2.0
"""A server that is shut off lets go of a volume, so that this can be moved.

Nova starts such a server with the connection that it has noted, and asks for no new one. So the
server is locked, which keeps its owner from starting it, and Nova detaches the volume; when the
data is settled the volume is attached again (``giving_back``). Each step is in the record before it
is taken, and can be repeated.
"""

from __future__ import annotations

import dataclasses
import time

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.compute import nova
from cinder_lite.db import volume_attachments
from cinder_lite.volume.migration import server_use
from cinder_lite.volume.migration.records import ABORTED, Move
from cinder_lite.volume.migration.server_use import ServerUse

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

LOOK_SECONDS = 1.0
"""The longest time between two looks at the attachments, which are in the database."""


def let_go(move: Move) -> None:
    """Have the server let go of the volume, which is recorded; may be repeated.

    :raises VolumeMigrationFailed: the server is no longer shut off, or does not let go
    :raises ComputeFailed: Nova refused, or could not be asked
    :raises CopyStopped: the service ends, or the move is aborted
    """
    if move.migration.server_id is None:
        _record(move)
    elif move.migration.phase != states.PHASE_DETACHING:
        move.enter(states.PHASE_DETACHING)
    use = server_use.of(move.migration)
    server_id = str(move.migration.server_id)
    if attached_to(move):
        _check_not_aborted(move)
        _lock(move, server_id, use)
        _check_off(move, server_id)
        if use.asked or attached_to(move):  # From the lock on its owner can not detach it.
            use = _ask(move, server_id, use)
    if not use.asked:
        raise exception.VolumeMigrationFailed(
            reason=f"the server {server_id} has let go of volume {move.volume.id} by itself; ask "
            "for the move once more."
        )
    _wait(move, server_id)


def _record(move: Move) -> None:
    """Record what there is to put back, before anything is done.

    :raises VolumeMigrationFailed: the volume is not attached just once
    """
    found = volume_attachments.of_volume(move.volume.id)
    if len(found) != 1:
        raise exception.VolumeMigrationFailed(
            reason=f"volume {move.volume.id} has {len(found)} attachments, not one"
        )
    server_id = str(found[0].instance_uuid)
    details = nova.API().details(move.context, server_id)
    how = nova.API().attached(move.context, server_id, move.volume.id)
    use = ServerUse(
        attachment_id=found[0].id,
        device=how.device,
        tag=how.tag,
        delete_on_termination=how.delete_on_termination,
        locked_before=details.locked,
    )
    server_use.keep(move, use, server_id=server_id)
    move.enter(states.PHASE_DETACHING)


def _lock(move: Move, server_id: str, use: ServerUse) -> None:
    """Keep the server's owner from starting it; a lock of somebody else's does that, too."""
    if use.locked_before:
        return
    nova.API().lock(move.context, server_id, server_use.reason(move))
    LOG.info("Volume %s: server %s is locked for the move", move.volume.id, server_id)


def _check_off(move: Move, server_id: str) -> None:
    server = nova.API().details(move.context, server_id)
    if not server.off:
        raise exception.VolumeMigrationFailed(
            reason=f"the server {server_id} is no longer shut off (vm_state is "
            f"{server.server.vm_state}, task_state is {server.server.task_state}), so it keeps "
            f"volume {move.volume.id}."
        )


def _ask(move: Move, server_id: str, use: ServerUse) -> ServerUse:
    """Have Nova detach the volume, which the record tells first."""
    earlier = use
    use = server_use.keep(move, dataclasses.replace(use, asked=True))
    try:
        nova.API().detach(move.context, server_id, move.volume.id)
    except exception.ServerNotFound:
        LOG.info("Server %s has let go of volume %s already", server_id, move.volume.id)
    except exception.ComputeFailed as error:
        if not error.begun:
            server_use.keep(move, earlier)
            raise
    return use


def attached_to(move: Move) -> bool:
    """Tell whether the volume has any attachment."""
    return bool(volume_attachments.of_volume(move.volume.id))


def known_to_nova(move: Move, server_id: str) -> bool:
    """Tell whether Nova counts the volume as the server's; also while Nova can not be asked."""
    try:
        nova.API().attached(move.context, server_id, move.volume.id)
    except exception.ServerNotFound:
        return False
    except exception.ComputeFailed as error:
        LOG.warning("Volume %s: %s", move.volume.id, error.msg)
    return True


def pause(move: Move) -> None:
    """Wait for the next look.

    :raises CopyStopped: the service ends
    """
    if move.answered.wait(min(LOOK_SECONDS, CONF.migration_nova_poll_interval)):
        raise exception.CopyStopped(reason="the service is stopping")


def _wait(move: Move, server_id: str) -> None:
    """Wait until the server has let go; what is aborted meanwhile ends when that is so."""
    deadline = time.monotonic() + CONF.migration_nova_timeout
    while attached_to(move) or known_to_nova(move, server_id):
        if time.monotonic() >= deadline:
            raise exception.VolumeMigrationFailed(
                reason=f"the server {server_id} has not let go of volume {move.volume.id} within "
                f"{CONF.migration_nova_timeout} seconds (migration_nova_timeout). Should Nova "
                "detach it later, attach it again."
            )
        pause(move)
    _check_not_aborted(move)
    LOG.info("Volume %s: server %s has let go of it", move.volume.id, server_id)


def _check_not_aborted(move: Move) -> None:
    if move.aborted:
        raise exception.CopyStopped(reason=ABORTED)
