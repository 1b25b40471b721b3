# SPDX-License-Identifier: Apache-2.0
"""What a request about a group's snapshot may start."""

from __future__ import annotations

from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import group_snapshots
from cinder_lite.objects import Group, GroupSnapshot
from cinder_lite.volume import frozen
from cinder_lite.volume.rpcapi import VolumeAPI

LOG = logging.getLogger(__name__)

_SNAPSHOTTABLE = (
    cond.In(
        "its status must be available or in-use, but is {volume.status}.",
        "status",
        (states.AVAILABLE, states.IN_USE),
    ),
    cond.In("it is moving to another backend.", "migration_status", states.MIGRATION_IDLE),
)


def create(
    context: RequestContext,
    volume_rpcapi: VolumeAPI,
    group: Group,
    *,
    name: str | None,
    description: str | None,
) -> GroupSnapshot:
    """Begin to make a snapshot of every volume of a group.

    :raises InvalidInput: the group's backend is frozen
    :raises InvalidGroup, InvalidVolume: the group's or a volume's status forbids it
    :raises OverQuota: there is no room for the snapshots
    """
    frozen.check(group.host)
    taken = group_snapshots.create(
        group.id,
        {
            "user_id": context.user_id,
            "project_id": context.project_id,
            "name": name,
            "description": description,
        },
        _SNAPSHOTTABLE,
    )
    try:
        volume_rpcapi.create_group_snapshot(context, group, taken.id)
    except Exception:
        # Its row tells the volume service what to do when it looks for lost work.
        LOG.exception("Group snapshot %s: its volume service could not be told", taken.id)
    LOG.info("Group snapshot %s: asked for, of group %s", taken.id, group.id)
    return taken


def delete(
    context: RequestContext, volume_rpcapi: VolumeAPI, taken: GroupSnapshot, group: Group
) -> None:
    """Begin to delete a group snapshot.

    :param group: the group that it is of
    :raises InvalidInput: the group's backend is frozen
    :raises InvalidGroupSnapshot: its status forbids it, or a group is being made from it
    """
    frozen.check(group.host)
    refused = group_snapshots.begin_delete(taken.id)
    if refused:
        raise exception.InvalidGroupSnapshot(
            reason=f"group snapshot {taken.id} can not be deleted: " + " Also, ".join(refused)
        )
    if group_snapshots.destroy(taken.id):
        LOG.info("Group snapshot %s: deleted; it was empty", taken.id)
        return
    try:
        volume_rpcapi.delete_group_snapshot(context, group, taken.id)
    except Exception:
        LOG.exception("Group snapshot %s: its volume service could not be told", taken.id)
    LOG.info("Group snapshot %s: deletion asked for", taken.id)


def reset_status(taken: GroupSnapshot, status: str) -> None:
    """Write a group snapshot's status, whatever it is."""
    group_snapshots.update(taken.id, {"status": status})
    LOG.info("Group snapshot %s: reset by request to %s", taken.id, status)
