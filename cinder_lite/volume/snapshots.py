# SPDX-License-Identifier: Apache-2.0
"""What a request may start with snapshots: the rules, the row, a cast to the volume's host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import snapshots, volumes
from cinder_lite.objects import Snapshot, Volume, utcnow
from cinder_lite.volume import frozen
from cinder_lite.volume.rooms import NOT_MOVING, Room, refusal_of, status_in

LOG = logging.getLogger(__name__)

_PLACED = cond.IsSet("it is on no backend yet.", "host")
_DELETABLE = (states.AVAILABLE, states.ERROR)


def creation_rules(*, allow_in_use: bool) -> list[cond.Condition]:
    """Return what must hold of a volume that is to have a snapshot.

    :param allow_in_use: also while it is attached
    """
    statuses = (states.AVAILABLE, states.IN_USE) if allow_in_use else (states.AVAILABLE,)
    return [_PLACED, NOT_MOVING, status_in(*statuses)]


class Snapshots(Room):
    """The part of the volume API that has to do with snapshots."""

    def create_snapshot(
        self,
        context: RequestContext,
        volume: Volume,
        name: str | None,
        description: str | None,
        metadata: Mapping[str, str] | None = None,
        *,
        allow_in_use: bool = False,
    ) -> Snapshot:
        """Write a snapshot's row, count it, and have it made, if the backend has the room.

        :param allow_in_use: also while the volume is attached
        :raises InvalidInput: the volume's backend is frozen
        :raises InvalidVolume: the volume's state forbids it; every rule that does is named
        :raises OverQuota: the project's quota is used up
        """
        frozen.check(volume.host)
        values = {
            "user_id": context.user_id,
            "project_id": context.project_id,
            "display_name": name,
            "display_description": description,
        }
        snapshot = self._insert(volume, values, metadata, allow_in_use=allow_in_use)
        try:
            self.scheduler_rpcapi.create_snapshot(context, snapshot.id)
        except Exception:
            snapshots.destroy(snapshot.id)
            LOG.exception("Snapshot %s: the scheduler could not be asked for it", snapshot.id)
            raise exception.ServiceUnavailable(
                f"No snapshot of volume {volume.id} was made: the message broker does not answer."
            ) from None
        LOG.info("Snapshot %s of volume %s: creation asked for", snapshot.id, volume.id)
        return snapshot

    def _insert(
        self,
        volume: Volume,
        values: Mapping[str, Any],
        metadata: Mapping[str, str] | None,
        *,
        allow_in_use: bool,
    ) -> Snapshot:
        """Write a snapshot's row, if the volume's state allows it."""
        rules = creation_rules(allow_in_use=allow_in_use)
        snapshot, refused = snapshots.create(volume.id, rules, values, metadata)
        if snapshot is None:
            raise refusal_of(volume.id, "can not be snapshotted", refused)
        return snapshot

    def delete_snapshot(
        self,
        context: RequestContext,
        snapshot: Snapshot,
        *,
        force: bool = False,
        unmanage_only: bool = False,
    ) -> None:
        """Mark a snapshot and have the volume's host delete it, or forget it.

        :param force: whatever its status
        :param unmanage_only: leave its data
        :raises InvalidInput: the volume's backend is frozen
        :raises InvalidSnapshot: its state forbids it
        """
        volume = volumes.get(context.elevated(), snapshot.volume_id)
        if not unmanage_only:
            frozen.check(volume.host)
        status = states.UNMANAGING if unmanage_only else states.DELETING
        statuses = None if force else _DELETABLE
        values = {"status": status, "scheduled_at": utcnow()}
        if not snapshots.conditional_update(snapshot.id, values, statuses, of_group=False):
            raise _not_deletable(snapshots.get(context.elevated(), snapshot.id), force=force)
        try:
            self.volume_rpcapi.delete_snapshot(
                context, volume.host, snapshot.id, unmanage_only=unmanage_only
            )
        except Exception:
            snapshots.update(snapshot.id, {"status": snapshot.status, "scheduled_at": None})
            LOG.exception("Snapshot %s: %s could not be told of it", snapshot.id, volume.host)
            raise exception.ServiceUnavailable(
                f"Snapshot {snapshot.id} was not deleted: the message broker does not answer."
            ) from None
        LOG.info("Snapshot %s: %s asked for", snapshot.id, status)

    def update_snapshot(
        self, context: RequestContext, snapshot: Snapshot, values: Mapping[str, Any]
    ) -> Snapshot:
        """Change a snapshot's name or description and return it."""
        snapshots.update(snapshot.id, values)
        return snapshots.get(context, snapshot.id)

    def reset_snapshot_status(
        self, context: RequestContext, snapshot: Snapshot, status: str
    ) -> None:
        """Write a snapshot's status, whatever it is; lost work on it is not taken up any more."""
        snapshots.update(snapshot.id, {"status": status, "scheduled_at": None})
        LOG.info("Snapshot %s: reset by request to %s", snapshot.id, status)


def _not_deletable(snapshot: Snapshot, *, force: bool) -> exception.InvalidSnapshot:
    reasons = []
    if not force and snapshot.status not in _DELETABLE:
        reasons.append(f"its status must be available or error, but is {snapshot.status}.")
    if snapshot.group_snapshot_id or snapshot.cgsnapshot_id:
        group = snapshot.group_snapshot_id or snapshot.cgsnapshot_id
        reasons.append(f"it belongs to the group snapshot {group}.")
    return exception.InvalidSnapshot(
        reason=f"snapshot {snapshot.id} can not be deleted: "
        + (" Also, ".join(reasons) or "it is being changed by other requests; try again.")
    )
