# SPDX-License-Identifier: Apache-2.0
"""Changes of a group together with its volumes: each is one transaction that holds the group."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cinder_lite import exception, states
from cinder_lite.db import conditions as cond
from cinder_lite.db import engine, group_types, groups, models, quotas, volumes
from cinder_lite.objects import Group, Snapshot, Volume, utcnow

V = models.volumes
S = models.snapshots

_DELETABLE = (states.AVAILABLE, states.ERROR)
_REMOVABLE = (states.AVAILABLE, states.IN_USE, states.ERROR, states.ERROR_DELETING)
_COPYABLE = (states.AVAILABLE, states.IN_USE)


# --- deletion --------------------------------------------------------------------------------


@engine.retried
def begin_delete(group_id: str, *, with_volumes: bool) -> tuple[list[Volume], list[str]]:
    """Mark a group and its volumes as deleting; what has no data is deleted at once.

    :param with_volumes: the volumes go too, whatever the group's status
    :returns: its volumes, and why nothing was done
    :raises GroupNotFound: it has gone
    """
    with engine.transaction() as connection:
        group = groups.lock(connection, group_id)
        members = groups.lock_volumes(connection, group_id)
        refused = _why_not_deleted(connection, group, members, with_volumes=with_volumes)
        if refused:
            return [], refused
        now = utcnow()
        connection.execute(
            sa.update(V)
            .where(V.c.id.in_([v.id for v in members]), V.c.status != states.DELETING)
            # MariaDB assigns from left to right.
            .ordered_values(
                (V.c.previous_status, V.c.status),
                (V.c.status, states.DELETING),
                (V.c.updated_at, now),
            )
        )
        connection.execute(
            sa.update(groups.T)
            .where(groups.T.c.id == group_id)
            .values(status=states.DELETING, updated_at=now)
        )
        for volume in members:
            if not volume.host:
                volumes.remove(connection, volume.id)
        groups.remove(connection, group_id)  # unless it has volumes left
        return members, []


def _why_not_deleted(
    connection: sa.Connection, group: Group, members: Sequence[Volume], *, with_volumes: bool
) -> list[str]:
    refused: list[str] = []
    if not with_volumes:
        if group.host and group.status not in _DELETABLE:
            refused.append(f"its status must be available or error, but is {group.status}.")
        if members:
            refused.append(
                f"it still contains {len(members)} volumes; the delete-volumes flag deletes them."
            )
    if groups.has_snapshots(connection, group.id):
        refused.append("it has group snapshots.")
    if groups.is_being_copied(connection, group_id=group.id):
        refused.append("another group is being created from it.")
    for volume in members:
        if volume.attach_status not in (None, states.DETACHED):
            refused.append(f"volume {volume.id} in it is attached and must be detached first.")
        elif volume.status not in (*states.DELETABLE, states.DELETING):
            refused.append(
                f"volume {volume.id} in it must be available or in error, but is {volume.status}."
            )
        if volume.migration_status not in states.MIGRATION_IDLE:
            refused.append(f"volume {volume.id} in it is moving to another backend.")
    with_snapshots = sa.select(S.c.volume_id).where(
        S.c.volume_id.in_([volume.id for volume in members]), S.c.deleted == sa.false()
    )
    for volume_id in sorted(set(connection.execute(with_snapshots).scalars())):
        refused.append(f"volume {volume_id} in it has snapshots.")
    return refused


# --- members ---------------------------------------------------------------------------------


@engine.retried
def change(
    group_id: str, values: Mapping[str, Any], add: Sequence[str], remove: Sequence[str]
) -> None:
    """Change a group's name and description, and which volumes are in it.

    :param values: columns that change
    :param add: ids of volumes to join; those that are in the group already do not count
    :param remove: ids of volumes to leave
    :raises GroupNotFound: the group has gone
    :raises InvalidGroup: its status forbids it, or there is nothing to change
    :raises InvalidVolume: a volume can not join or leave
    """
    with engine.transaction() as connection:
        group = groups.lock(connection, group_id)
        members = {volume.id: volume for volume in groups.read_volumes(connection, group_id)}
        joining = [volume_id for volume_id in add if volume_id not in members]
        if not (values or joining or remove):
            raise exception.InvalidGroup(
                reason=f"group {group_id} is not changed: no new name, description, add_volumes "
                "or remove_volumes is given."
            )
        if (joining or remove) and group.status != states.AVAILABLE:
            raise exception.InvalidGroup(
                reason=f"the volumes of group {group_id} can not be changed: its status must be "
                f"available, but is {group.status}."
            )
        for volume_id in joining:
            _join(connection, group, volume_id)
        for volume_id in remove:
            _leave(connection, group, members.get(volume_id), volume_id)
        connection.execute(
            sa.update(groups.T)
            .where(groups.T.c.id == group_id)
            .values(updated_at=utcnow(), **values)
        )


def _join(connection: sa.Connection, group: Group, volume_id: str) -> None:
    rules = (
        cond.In("it belongs to another project.", "project_id", (group.project_id,)),
        cond.In("it is in the group {volume.group_id}.", "group_id", (None,)),
        cond.In(
            "the group takes no volumes of its type ({volume.volume_type_id}).",
            "volume_type_id",
            group.volume_types,
        ),
        cond.In(
            "its status must be available or in-use, but is {volume.status}.",
            "status",
            (states.AVAILABLE, states.IN_USE),
        ),
        cond.In("it is moving to another backend.", "migration_status", states.MIGRATION_IDLE),
    )
    reasons: list[str] = []
    alive = sa.select(V.c.id).where(V.c.id == volume_id, V.c.deleted == sa.false())
    if connection.execute(alive).first() is None:
        reasons.append("it could not be found.")
    else:
        joined = volumes.swap(connection, volume_id, _membership(connection, group), rules)
        volume = volumes.read(connection, volume_id)
        if volume.project_id != group.project_id:
            # Not a word about a volume that its owner alone may know.
            reasons.append("it could not be found.")
        else:
            if not joined:
                reasons += [r.explain(volume) for r in rules if not r.holds(volume, False)]
            if volume.service_host != group.service_host:
                reasons.append(f"it is on {volume.host}, and the group is on {group.host}.")
    if reasons:
        raise exception.InvalidVolume(
            reason=f"volume {volume_id} can not join group {group.id}: " + " Also, ".join(reasons)
        )


def _membership(connection: sa.Connection, group: Group) -> dict[str, str]:
    """Return the columns that say in which group a volume is: twice, in a consistency group."""
    types = models.group_types.c
    name = connection.execute(sa.select(types.name).where(types.id == group.group_type_id)).scalar()
    if name == group_types.CONSISTENCY_GROUPS:
        return {"group_id": group.id, "consistencygroup_id": group.id}
    return {"group_id": group.id}


def _leave(connection: sa.Connection, group: Group, volume: Volume | None, volume_id: str) -> None:
    what = f"volume {volume_id} can not leave group {group.id}: "
    if volume is None:
        raise exception.InvalidVolume(reason=what + "it is not in the group.")
    rule = cond.In(
        "its status must be available, in-use, error or error_deleting, but is {volume.status}.",
        "status",
        _REMOVABLE,
    )
    left = {"group_id": None, "consistencygroup_id": None}
    if not volumes.swap(connection, volume_id, left, [rule]):
        raise exception.InvalidVolume(reason=what + rule.explain(volume))


# --- copies ----------------------------------------------------------------------------------


def copy_group(
    values: Mapping[str, Any], source_id: str, keys: Mapping[str, str] | None = None
) -> Group:
    """Write the row of a group that will be a copy of another one, and its volumes' rows.

    :param values: columns of the new group
    :param keys: ids of the keys for the copies of encrypted volumes, by the volumes' ids
    :raises InvalidGroup, InvalidVolume: the source is empty, or its volumes can not be copied
    :raises OverQuota: there is no room for the group or its volumes
    """
    return _copy_group({"id": str(uuid.uuid4()), **values}, source_id, keys)


@engine.retried
def _copy_group(values: Mapping[str, Any], source_id: str, keys: Mapping[str, str] | None) -> Group:
    with engine.transaction() as connection:
        source = groups.lock(connection, source_id)
        made = groups.find(connection, values["id"])
        if made is not None:  # only the answer to the first try was lost
            return made
        members = groups.read_volumes(connection, source_id)
        for volume in members:
            if volume.status not in _COPYABLE:
                raise exception.InvalidVolume(
                    reason=f"group {source_id} can not be copied: the status of volume "
                    f"{volume.id} must be available or in-use, but is {volume.status}."
                )
        copies = [
            (volume, volume.size, {"source_volid": volume.id, **_key(volume, keys)})
            for volume in members
        ]
        return _copy(connection, {**values, "source_group_id": source_id}, source, copies)


def copy_group_snapshot(
    values: Mapping[str, Any],
    group_snapshot_id: str,
    group_id: str,
    read: Callable[[sa.Connection, str], Collection[Snapshot]],
    keys: Mapping[str, str] | None = None,
) -> Group:
    """Write the row of a group that will hold a group snapshot's data, and its volumes' rows.

    :param values: columns of the new group
    :param group_id: the group that the snapshot is of
    :param read: returns the snapshots, inside the transaction
    :param keys: ids of the keys for the copies of encrypted snapshots, by the snapshots' ids
    :raises InvalidGroup, InvalidSnapshot: there are none, or they can not be copied
    :raises OverQuota: there is no room for the group or its volumes
    """
    row = {"id": str(uuid.uuid4()), **values, "group_snapshot_id": group_snapshot_id}
    return _copy_group_snapshot(row, group_id, read, keys)


@engine.retried
def _copy_group_snapshot(
    values: Mapping[str, Any],
    group_id: str,
    read: Callable[[sa.Connection, str], Collection[Snapshot]],
    keys: Mapping[str, str] | None,
) -> Group:
    group_snapshot_id = values["group_snapshot_id"]
    with engine.transaction() as connection:
        source = groups.lock(connection, group_id)
        made = groups.find(connection, values["id"])
        if made is not None:  # only the answer to the first try was lost
            return made
        copies = []
        for snapshot in read(connection, group_snapshot_id):
            if snapshot.status != states.AVAILABLE:
                raise exception.InvalidSnapshot(
                    reason=f"group snapshot {group_snapshot_id} can not be copied: the status of "
                    f"snapshot {snapshot.id} must be available, but is {snapshot.status}."
                )
            volume = volumes.read(connection, snapshot.volume_id)
            origin = {"snapshot_id": snapshot.id, **_key(snapshot, keys)}
            copies.append((volume, snapshot.volume_size, origin))
        return _copy(connection, values, source, copies)


def _key(source: Volume | Snapshot, keys: Mapping[str, str] | None) -> dict[str, str]:
    """Return the column of a copy's key; none for a source that is not encrypted."""
    if source.encryption_key_id is None:
        return {}
    if source.id not in (keys or {}):
        raise exception.InvalidVolume(
            reason=f"{source.id} has become encrypted or part of the group just now; try again."
        )
    return {"encryption_key_id": (keys or {})[source.id]}


def _copy(
    connection: sa.Connection,
    values: Mapping[str, Any],
    source: Group,
    copies: Sequence[tuple[Volume, int, Mapping[str, str]]],
) -> Group:
    """Insert a group like ``source`` and a volume for each volume, size and columns of its source.

    The volumes go where their sources are: nobody needs to be asked for a place.
    """
    if not copies:
        raise exception.InvalidGroup(reason=f"there is nothing to copy in group {source.id}.")
    like = {
        "host": source.host,
        "availability_zone": source.availability_zone,
        "group_type_id": source.group_type_id,
        "status": states.CREATING,
    }
    group = groups.insert(connection, {**values, **like}, source.volume_types)
    for volume, size, origin in copies:
        quotas.consume(connection, str(group.project_id), 1, size, volume.volume_type_id)
        volumes.insert(
            connection,
            {
                "user_id": group.user_id,
                "project_id": group.project_id,
                **_membership(connection, group),
                "size": size,
                "status": states.CREATING,
                "attach_status": states.DETACHED,
                "host": volume.host,
                "availability_zone": volume.availability_zone,
                "volume_type_id": volume.volume_type_id,
                "multiattach": volume.multiattach,
                "bootable": volume.bootable,
                "shared_targets": True,
                "use_quota": True,
                "scheduled_at": utcnow(),
                **origin,
            },
        )
    return group
