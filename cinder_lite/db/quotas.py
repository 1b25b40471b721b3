# SPDX-License-Identifier: Apache-2.0
"""Quotas: what a project may have and what it has.

A volume or snapshot is counted in the transaction that inserts its row and given back in the one
that deletes it, so nothing can leak and nothing needs to be expired or repaired. The usages are
locked while the limits are looked at, so two requests at once can not pass together.

What has a type is also counted under ``volumes_<type>``, ``gigabytes_<type>`` and
``snapshots_<type>``, without a limit unless one is set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from oslo_config import cfg

from cinder_lite import exception
from cinder_lite.db import engine, models
from cinder_lite.objects import Volume, utcnow

CONF = cfg.CONF

VOLUMES = "volumes"
GIGABYTES = "gigabytes"
SNAPSHOTS = "snapshots"
GROUPS = "groups"
PER_TYPE = (VOLUMES, GIGABYTES, SNAPSHOTS)
"""Resources that are also counted for each volume type."""
RESOURCES = (VOLUMES, SNAPSHOTS, GIGABYTES, "backups", "backup_gigabytes", GROUPS)
PER_VOLUME = "per_volume_gigabytes"

_COUNTED: dict[str, type[exception.OverQuota]] = {
    VOLUMES: exception.VolumeLimitExceeded,
    SNAPSHOTS: exception.SnapshotLimitExceeded,
    GROUPS: exception.GroupLimitExceeded,
}

GROWING = "extend_new_size"
"""Note on a volume (its admin metadata): what it grows to, and so what is reserved for it."""
RETYPING = "retype_to"
"""Note on a volume: the id of the type that it is to have, under which it counts already."""

_N = models.volume_admin_metadata.c
_U = models.quota_usages.c
_Q = models.quotas.c
_C = models.quota_classes.c


def default_limit(resource: str) -> int:
    """Return the limit of a project without quotas of its own; -1 is unlimited."""
    if resource == PER_VOLUME:
        return int(CONF.per_volume_size_limit)
    return int(CONF["quota_" + resource])


def _limits(connection: sa.Connection, project_id: str) -> dict[str, int]:
    """Return every limit: those of RESOURCES, and of types those that are set.

    The project's own rows come last, and so replace those of the class of all projects.
    """
    rows = connection.execute(
        sa.union_all(
            sa.select(sa.literal(0), _C.resource, _C.hard_limit).where(_C.class_name == "default"),
            sa.select(sa.literal(1), _Q.resource, _Q.hard_limit).where(_Q.project_id == project_id),
        ).order_by(sa.text("1"))
    )
    limits = {name: default_limit(name) for name in (*RESOURCES, PER_VOLUME)}
    limits.update({resource: limit for _, resource, limit in rows if limit is not None})
    return limits


# --- counting, inside the transaction that changes what is counted ---------------------------


def consume(
    connection: sa.Connection,
    project_id: str,
    volumes: int,
    gigabytes: int,
    volume_type_id: str | None = None,
) -> None:
    """Count new volumes of a project.

    :param gigabytes: their size together, GiB
    :raises VolumeSizeExceedsLimit, VolumeLimitExceeded, VolumeSizeExceedsAvailableQuota: refused
    """
    limits = _limits(connection, project_id)
    if volumes:
        _check_size(limits, gigabytes)
    amounts = {VOLUMES: volumes, GIGABYTES: gigabytes}
    _take(connection, project_id, amounts, volume_type_id, limits)


def release(
    connection: sa.Connection,
    project_id: str,
    volumes: int,
    gigabytes: int,
    volume_type_id: str | None = None,
) -> None:
    """Give back what deleted volumes of a project used."""
    _give(connection, project_id, {VOLUMES: volumes, GIGABYTES: gigabytes}, volume_type_id)


def consume_snapshots(
    connection: sa.Connection,
    project_id: str,
    snapshots: int,
    gigabytes: int,
    volume_type_id: str | None = None,
) -> None:
    """Count new snapshots of a project.

    :param gigabytes: their size together, GiB; not counted under ``no_snapshot_gb_quota``
    :raises SnapshotLimitExceeded, VolumeSizeExceedsAvailableQuota: refused
    """
    amounts = _of_snapshots(snapshots, gigabytes)
    _take(connection, project_id, amounts, volume_type_id, _limits(connection, project_id))


def release_snapshots(
    connection: sa.Connection,
    project_id: str,
    snapshots: int,
    gigabytes: int,
    volume_type_id: str | None = None,
) -> None:
    """Give back what deleted snapshots of a project used."""
    _give(connection, project_id, _of_snapshots(snapshots, gigabytes), volume_type_id)


def _of_snapshots(snapshots: int, gigabytes: int) -> dict[str, int]:
    if CONF.no_snapshot_gb_quota:
        return {SNAPSHOTS: snapshots}
    return {SNAPSHOTS: snapshots, GIGABYTES: gigabytes}


def reserve_growth(
    connection: sa.Connection, project_id: str, size: int, growth: int, volume_type_id: str | None
) -> None:
    """Reserve what a volume will use more when it has grown.

    :param size: the volume's size then, GiB
    :param growth: GiB more than now
    :raises VolumeSizeExceedsLimit, VolumeSizeExceedsAvailableQuota: refused
    """
    limits = _limits(connection, project_id)
    _check_size(limits, size)
    _take(connection, project_id, {GIGABYTES: growth}, volume_type_id, limits, reserve=True)


def end_growth(
    connection: sa.Connection,
    project_id: str,
    growth: int,
    volume_type_id: str | None,
    *,
    grown: bool,
) -> None:
    """End a reservation of :func:`reserve_growth`.

    :param grown: count it as used; False gives it back
    """
    counted = dict(_with_type(connection, {GIGABYTES: growth}, volume_type_id))
    amount = _amount(counted)
    values = {_U.reserved: _less(_U.reserved, amount)}
    if grown:
        values[_U.in_use] = _U.in_use + amount
    _change(connection, project_id, counted, values)


def consume_group(connection: sa.Connection, project_id: str) -> None:
    """Count a new group of a project.

    :raises GroupLimitExceeded: the quota is used up
    """
    _take(connection, project_id, {GROUPS: 1}, None, _limits(connection, project_id))


def release_group(connection: sa.Connection, project_id: str) -> None:
    """Give back what a deleted group used."""
    _give(connection, project_id, {GROUPS: 1}, None)


def cancel_growth(connection: sa.Connection, volume: Volume) -> int | None:
    """Give back what is reserved for a volume's growth, if that is under way.

    :returns: the size that it was to have, GiB; None where it was not growing
    """
    size = growing_to(connection, volume.id)
    if size is not None:
        forget_growth(connection, volume.id)
    if size is not None and volume.use_quota:
        growth = size - volume.size
        project = str(volume.project_id)
        end_growth(connection, project, growth, volume.volume_type_id, grown=False)
    return size


def growing_to(connection: sa.Connection, volume_id: str) -> int | None:
    """Return the size in GiB that a volume is growing to, None where it is not growing."""
    query = sa.select(_N.value).where(_N.volume_id == volume_id, _N.key == GROWING)
    size = connection.execute(query).scalar()
    return int(size) if size is not None else None


def forget_growth(connection: sa.Connection, volume_id: str) -> None:
    """Remove the note that a volume grows."""
    connection.execute(
        sa.delete(models.volume_admin_metadata).where(_N.volume_id == volume_id, _N.key == GROWING)
    )


def consume_type(
    connection: sa.Connection, project_id: str, gigabytes: int, volume_type_id: str
) -> None:
    """Count a volume under a type that it is to have, beside the one that it has.

    :raises VolumeLimitExceeded, VolumeSizeExceedsAvailableQuota: the type's quota is used up
    """
    limits = _limits(connection, project_id)
    amounts = _of_type(connection, gigabytes, volume_type_id)
    _take(connection, project_id, amounts, None, limits)


def release_type(
    connection: sa.Connection, project_id: str, gigabytes: int, volume_type_id: str
) -> None:
    """Count a volume under a type no more."""
    _give(connection, project_id, _of_type(connection, gigabytes, volume_type_id), None)


def retyping_to(connection: sa.Connection, volume_id: str) -> str | None:
    """Return the id of the type that a volume is to have, None where its type stays."""
    query = sa.select(_N.value).where(_N.volume_id == volume_id, _N.key == RETYPING)
    found: str | None = connection.execute(query).scalar()
    return found


def forget_retype(connection: sa.Connection, volume_id: str) -> None:
    """Remove the note that a volume is to have another type."""
    connection.execute(
        sa.delete(models.volume_admin_metadata).where(_N.volume_id == volume_id, _N.key == RETYPING)
    )


def cancel_retype(connection: sa.Connection, volume: Volume) -> bool:
    """Count a volume no more under the type that it was to have.

    :returns: False where its type was not being changed
    """
    new_type_id = retyping_to(connection, volume.id)
    if new_type_id is None:
        return False
    forget_retype(connection, volume.id)
    if volume.use_quota and volume.project_id is not None:
        release_type(connection, volume.project_id, volume.size, new_type_id)
    return True


def _of_type(connection: sa.Connection, gigabytes: int, volume_type_id: str) -> dict[str, int]:
    both = {VOLUMES: 1, GIGABYTES: gigabytes}
    counted = dict(_with_type(connection, both, volume_type_id))
    return {name: amount for name, amount in counted.items() if name not in both}


def _check_size(limits: Mapping[str, int], size: int) -> None:
    if 0 <= limits[PER_VOLUME] < size:
        raise exception.VolumeSizeExceedsLimit(size=size, limit=limits[PER_VOLUME])


def _with_type(
    connection: sa.Connection, amounts: Mapping[str, int], volume_type_id: str | None
) -> Iterator[tuple[str, int]]:
    """Yield what is to be counted, always in the same order: so no two deadlock."""
    types = models.volume_types.c
    name: str | None = None
    if volume_type_id is not None:
        query = sa.select(types.name).where(types.id == volume_type_id)
        name = connection.execute(query).scalar()
    for resource, amount in sorted(amounts.items()):
        yield resource, amount
        if name is not None:
            yield f"{resource}_{name}", amount


def _take(
    connection: sa.Connection,
    project_id: str,
    amounts: Mapping[str, int],
    volume_type_id: str | None,
    limits: Mapping[str, int],
    *,
    reserve: bool = False,
) -> None:
    counted = dict(_with_type(connection, amounts, volume_type_id))
    used = _locked(connection, project_id, counted)
    for resource, amount in counted.items():
        limit = limits.get(resource, -1)
        if limit < 0 or used[resource] + amount <= limit:
            continue
        if resource.startswith(GIGABYTES):
            raise exception.VolumeSizeExceedsAvailableQuota(
                requested=amount, quota=limit, consumed=used[resource], name=resource
            )
        raise _COUNTED[resource.partition("_")[0]](allowed=limit, name=resource)
    column = _U.reserved if reserve else _U.in_use
    _change(connection, project_id, counted, {column: column + _amount(counted)})


def _amount(counted: Mapping[str, int]) -> sa.ColumnElement[int]:
    """Return the SQL of what is counted of a usage's resource."""
    return sa.case(dict(counted), value=_U.resource)


def _less(column: sa.ColumnElement[int], amount: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """Return the SQL of a usage less an amount; it never becomes negative."""
    return sa.case((column > amount, column - amount), else_=0)


def _change(
    connection: sa.Connection,
    project_id: str,
    resources: Iterable[str],
    values: Mapping[Any, sa.ColumnElement[int]],
) -> None:
    """Write some of a project's usages."""
    connection.execute(
        sa.update(models.quota_usages)
        .where(_U.project_id == project_id, _U.resource.in_(list(resources)))
        .values({**values, _U.updated_at: utcnow()})
    )


def _locked(connection: sa.Connection, project_id: str, resources: Iterable[str]) -> dict[str, int]:
    """Return what a project has of each resource, and keep others from counting meanwhile."""
    query = sa.select(_U.resource, _U.in_use + _U.reserved).with_for_update().order_by(_U.resource)
    query = query.where(_U.project_id == project_id, _U.resource.in_(list(resources)))
    used = {resource: int(count) for resource, count in connection.execute(query)}
    missing = [resource for resource in resources if resource not in used]
    if missing:
        for resource in missing:
            _insert_usage(connection, project_id, resource)
        used = {resource: int(count) for resource, count in connection.execute(query)}
    return used


def _give(
    connection: sa.Connection,
    project_id: str,
    amounts: Mapping[str, int],
    volume_type_id: str | None,
) -> None:
    counted = dict(_with_type(connection, amounts, volume_type_id))
    _change(connection, project_id, counted, {_U.in_use: _less(_U.in_use, _amount(counted))})


def _insert_usage(connection: sa.Connection, project_id: str, resource: str) -> None:
    """Insert a usage of zero; another request may do the same at the same moment."""
    row = {"project_id": project_id, "resource": resource, "in_use": 0, "reserved": 0}
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(models.quota_usages), {**row, "created_at": utcnow()})
    except sa.exc.IntegrityError as error:
        if not engine.is_duplicate(error):
            raise


# --- reading ---------------------------------------------------------------------------------


@engine.retried
def usages(project_id: str) -> dict[str, tuple[int, int]]:
    """Return ``{resource: (limit, in use)}`` of a project; a limit of -1 is unlimited."""
    with engine.statement() as connection:
        limits = _limits(connection, project_id)
        rows = connection.execute(
            sa.select(_U.resource, _U.in_use).where(_U.project_id == project_id)
        )
        used = {resource: int(count) for resource, count in rows}
    return {name: (limit, used.get(name, 0)) for name, limit in limits.items()}
