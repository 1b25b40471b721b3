# SPDX-License-Identifier: Apache-2.0
"""What a request about a group may start: the rules, one transaction, then a cast.

An empty group is a row: creating one means to find a backend that takes all of its types. A copy
and a deletion concern data and go to the group's volume service.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from oslo_log import log as logging

from cinder_lite import exception, keymgr, states
from cinder_lite.context import RequestContext
from cinder_lite.db import encryption_keys, group_changes, group_snapshots, groups
from cinder_lite.objects import Group, GroupSnapshot, GroupType, VolumeType
from cinder_lite.scheduler.rpcapi import SchedulerAPI
from cinder_lite.volume import encryption, frozen
from cinder_lite.volume.rpcapi import VolumeAPI

LOG = logging.getLogger(__name__)

REPLICATION_OFF = "disabled"


def create(
    context: RequestContext,
    scheduler_rpcapi: SchedulerAPI,
    *,
    name: str | None,
    description: str | None,
    group_type: GroupType,
    volume_types: Sequence[VolumeType],
    availability_zone: str,
) -> Group:
    """Create a group's row, count it against the quota, and ask the scheduler for a backend.

    :param volume_types: the types that the group's volumes may have
    :raises GroupLimitExceeded: the project's quota is used up
    :raises ServiceUnavailable: the broker does not answer; nothing is left of the group
    """
    group = groups.create(
        {
            **_owner(context),
            "name": name,
            "description": description,
            "status": states.CREATING,
            "availability_zone": availability_zone,
            "group_type_id": group_type.id,
            "replication_status": REPLICATION_OFF,
        },
        [kind.id for kind in volume_types],
    )
    specs = [_request_spec(group, kind) for kind in volume_types]
    try:
        scheduler_rpcapi.create_group(context, group.id, request_specs=specs)
    except Exception:
        groups.destroy(group.id)
        LOG.exception("Group %s: the scheduler could not be asked; its row is gone", group.id)
        raise exception.ServiceUnavailable(
            "The group was not created: the message broker does not answer."
        ) from None
    LOG.info("Group %s: creation asked for", group.id)
    return group


def _owner(context: RequestContext) -> dict[str, Any]:
    return {"user_id": context.user_id, "project_id": context.project_id}


def _request_spec(group: Group, kind: VolumeType) -> dict[str, Any]:
    """Return what the scheduler must know to find a backend for volumes of a type."""
    return {
        "volume_id": group.id,
        "group_id": group.id,
        "volume_properties": {
            "size": 0,
            "availability_zone": group.availability_zone,
            "project_id": group.project_id,
            "user_id": group.user_id,
            "volume_type_id": kind.id,
        },
        "volume_type": {
            "id": kind.id,
            "name": kind.name,
            "extra_specs": dict(kind.extra_specs),
        },
    }


def copy_group(
    context: RequestContext,
    volume_rpcapi: VolumeAPI,
    source: Group,
    *,
    name: str | None,
    description: str | None,
) -> Group:
    """Begin to copy a group and its volumes.

    :raises InvalidInput: its backend is frozen
    :raises InvalidGroup, InvalidVolume: the source is empty, or its volumes can not be copied
    :raises OverQuota: there is no room for the copy
    """
    frozen.check(source.host)
    with _keys(
        context, {one.id: one.encryption_key_id for one in groups.volumes_of(source.id)}
    ) as keys:
        group = group_changes.copy_group(_copy_of(context, name, description), source.id, keys)
    _cast_copy(context, volume_rpcapi, group)
    return group


def copy_group_snapshot(
    context: RequestContext,
    volume_rpcapi: VolumeAPI,
    source: GroupSnapshot,
    *,
    name: str | None,
    description: str | None,
) -> Group:
    """Begin to make a group with the data of a group snapshot.

    :raises InvalidInput: its backend is frozen
    :raises InvalidGroup, InvalidSnapshot: the snapshot is empty, or can not be copied
    :raises OverQuota: there is no room for the copy
    """
    frozen.check(groups.get(context, source.group_id).host)
    parts = group_snapshots.snapshots_of(source.id)
    with _keys(context, {one.id: one.encryption_key_id for one in parts}) as keys:
        group = group_changes.copy_group_snapshot(
            _copy_of(context, name, description),
            source.id,
            source.group_id,
            group_snapshots.read_snapshots,
            keys,
        )
    _cast_copy(context, volume_rpcapi, group)
    return group


@contextlib.contextmanager
def _keys(context: RequestContext, of: Mapping[str, str | None]) -> Iterator[dict[str, str]]:
    """Copy the keys of encrypted sources for the volumes that a ``with`` block makes of them.

    :param of: key ids by the ids of the sources; None for one that is not encrypted
    :raises KeyManagerFailed: a key could not be copied
    """
    made: dict[str, str] = {}
    try:
        for source_id, key_id in of.items():
            if key_id is not None:
                made[source_id] = keymgr.clone(context, key_id)
        yield made
    except Exception:
        for source_id, key_id in made.items():
            # Of some volume where only the database's answer was lost.
            if not encryption_keys.is_named(key_id):
                keymgr.delete(context, key_id, f"a copy of {source_id} that was not made")
        raise


def _copy_of(context: RequestContext, name: str | None, description: str | None) -> dict[str, Any]:
    return {
        **_owner(context),
        "name": name,
        "description": description,
        "replication_status": REPLICATION_OFF,
    }


def _cast_copy(context: RequestContext, volume_rpcapi: VolumeAPI, group: Group) -> None:
    try:
        volume_rpcapi.create_group_from_src(context, group)
    except Exception:
        # The rows tell the volume service what to do when it looks for lost work.
        LOG.exception("Group %s: its volume service could not be told to create it", group.id)
    LOG.info("Group %s: creation from a source asked for", group.id)


def update(
    group: Group,
    *,
    name: str | None,
    description: str | None,
    add: Sequence[str],
    remove: Sequence[str],
) -> None:
    """Change a group's name, its description and which volumes are in it, at once.

    :raises InvalidGroup: its status forbids it, or there is nothing to change
    :raises InvalidVolume: a volume can not join or leave, or is to do both
    """
    both = [volume_id for volume_id in add if volume_id in remove]
    if both:
        raise exception.InvalidVolume(
            reason=f"{', '.join(both)} can not both join and leave group {group.id}."
        )
    values: dict[str, Any] = {}
    if name is not None and name != group.name:
        values["name"] = name
    if description is not None and description != group.description:
        values["description"] = description
    group_changes.change(group.id, values, add, remove)
    LOG.info(
        "Group %(id)s: changed; joined: %(add)s; left: %(remove)s",
        {"id": group.id, "add": list(add), "remove": list(remove)},
    )


def delete(
    context: RequestContext, volume_rpcapi: VolumeAPI, group: Group, *, with_volumes: bool
) -> None:
    """Delete a group that is empty, or begin to delete one with its volumes.

    :raises GroupNotFound: it has gone
    :raises InvalidInput: its backend is frozen
    :raises InvalidGroup: something forbids it; every reason is named
    """
    frozen.check(group.host)
    members, refused = group_changes.begin_delete(group.id, with_volumes=with_volumes)
    if refused:
        raise exception.InvalidGroup(
            reason=f"group {group.id} can not be deleted: " + " Also, ".join(refused)
        )
    for volume in members:
        if not volume.host:
            encryption.forget_key(context, volume)
    if not any(volume.host for volume in members):
        LOG.info("Group %s: deleted", group.id)
        return
    try:
        volume_rpcapi.delete_group(context, group)
    except Exception:
        LOG.exception("Group %s: its volume service could not be told to delete it", group.id)
    LOG.info("Group %s: deletion asked for, with %d volumes", group.id, len(members))


def reset_status(group: Group, status: str) -> None:
    """Write a group's status, whatever it is."""
    groups.update(group.id, {"status": status})
    LOG.info("Group %s: reset by request to %s", group.id, status)
