# SPDX-License-Identifier: Apache-2.0
"""How a server used a volume that it lets go of for a move, and what has been done about it.

It is kept in the move's record, so that another process can go on with it.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from cinder_lite.compute import nova
from cinder_lite.db import volume_migrations
from cinder_lite.objects import Migration
from cinder_lite.volume.migration.records import ANY_PHASE, Move, MoveLost


@dataclasses.dataclass(frozen=True)
class ServerUse:
    """What has to be put back as it was."""

    attachment_id: str
    """The attachment that the server had."""
    device: str | None
    tag: str | None
    delete_on_termination: bool
    locked_before: bool
    """The server was locked when the move began; that lock stays."""
    asked: bool = False
    """Nova has been asked to detach, or is just being asked."""
    outcome: str | None = None
    """The move's, once its data is settled."""
    said: str | None = None
    """What there is to say of the move beside what comes of the server."""
    tries: int = 0
    """How often it was tried in vain to give the volume back."""

    @property
    def how(self) -> nova.Attached:
        """How the server used the volume, in Nova's words."""
        return nova.Attached(self.attachment_id, self.device, self.tag, self.delete_on_termination)


def of(migration: Migration) -> ServerUse:
    """Return what a record says of the server that lets go of the volume."""
    return ServerUse(**json.loads(str(migration.server_use)))


def stored(use: ServerUse) -> str:
    """Return what a record keeps."""
    return json.dumps(dataclasses.asdict(use))


def keep(move: Move, use: ServerUse, **values: Any) -> ServerUse:
    """Record how a server uses the volume, and what has been done; returns that.

    :param values: further columns of the record
    :raises MoveLost: the record is no longer this process's
    """
    values = {"server_use": stored(use), **values}
    if not volume_migrations.advance(move.id, ANY_PHASE, values, owner=move.owner):
        raise MoveLost(migration_id=move.id)
    move.migration = dataclasses.replace(move.migration, **values)
    return use


def reason(move: Move) -> str:
    """Return the reason of the lock on the server, by which it is known as this move's."""
    return f"Volume {move.volume.id} is being moved (migration {move.id}); wait for its end."
