# SPDX-License-Identifier: Apache-2.0
"""Quotas: what a project may have and what it has.

A volume is counted in the transaction that inserts its row and given back in the one that deletes
it, so nothing can leak and nothing needs to be reserved, expired or repaired. The UPDATE that
counts it refuses at the limit, so two requests at once can not pass together.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from oslo_config import cfg

from cinder_lite import exception
from cinder_lite.db import engine, models
from cinder_lite.objects import utcnow

CONF = cfg.CONF

VOLUMES = "volumes"
GIGABYTES = "gigabytes"
SNAPSHOTS = "snapshots"
GROUPS = "groups"
RESOURCES = (VOLUMES, SNAPSHOTS, GIGABYTES, "backups", "backup_gigabytes", GROUPS)
PER_VOLUME = "per_volume_gigabytes"

_U = models.quota_usages.c
_Q = models.quotas.c


def default_limit(resource: str) -> int:
    """Return the limit of a project without quotas of its own; -1 is unlimited."""
    if resource == PER_VOLUME:
        return int(CONF.per_volume_size_limit)
    return int(CONF["quota_" + resource])


def _limits(connection: sa.Connection, project_id: str) -> dict[str, int]:
    rows = connection.execute(
        sa.select(_Q.resource, _Q.hard_limit).where(_Q.project_id == project_id)
    )
    own = {resource: limit for resource, limit in rows if limit is not None}
    return {name: own.get(name, default_limit(name)) for name in (*RESOURCES, PER_VOLUME)}


def consume(connection: sa.Connection, project_id: str, volumes: int, gigabytes: int) -> None:
    """Count new volumes of a project, inside the transaction that creates them.

    :param gigabytes: their size together, GiB
    :raises VolumeSizeExceedsLimit, VolumeLimitExceeded, VolumeSizeExceedsAvailableQuota: refused
    """
    limits = _limits(connection, project_id)
    if volumes and 0 <= limits[PER_VOLUME] < gigabytes:
        raise exception.VolumeSizeExceedsLimit(size=gigabytes, limit=limits[PER_VOLUME])
    if not _add(connection, project_id, VOLUMES, volumes, limits[VOLUMES]):
        raise exception.VolumeLimitExceeded(allowed=limits[VOLUMES], name=VOLUMES)
    if not _add(connection, project_id, GIGABYTES, gigabytes, limits[GIGABYTES]):
        raise exception.VolumeSizeExceedsAvailableQuota(
            requested=gigabytes,
            quota=limits[GIGABYTES],
            consumed=_in_use(connection, project_id, GIGABYTES),
            name=GIGABYTES,
        )


def release(connection: sa.Connection, project_id: str, volumes: int, gigabytes: int) -> None:
    """Give back what deleted volumes of a project used, inside the transaction of the deletion."""
    _subtract(connection, project_id, {VOLUMES: volumes, GIGABYTES: gigabytes})


def consume_snapshots(
    connection: sa.Connection, project_id: str, snapshots: int, gigabytes: int
) -> None:
    """Count new snapshots of a project, inside the transaction that creates them.

    :param gigabytes: their size together, GiB; not counted under ``no_snapshot_gb_quota``
    :raises SnapshotLimitExceeded, VolumeSizeExceedsAvailableQuota: refused
    """
    limits = _limits(connection, project_id)
    if not _add(connection, project_id, SNAPSHOTS, snapshots, limits[SNAPSHOTS]):
        raise exception.SnapshotLimitExceeded(allowed=limits[SNAPSHOTS], name=SNAPSHOTS)
    if not CONF.no_snapshot_gb_quota:
        consume(connection, project_id, 0, gigabytes)


def release_snapshots(
    connection: sa.Connection, project_id: str, snapshots: int, gigabytes: int
) -> None:
    """Give back what deleted snapshots used, inside the transaction of the deletion."""
    size = 0 if CONF.no_snapshot_gb_quota else gigabytes
    _subtract(connection, project_id, {SNAPSHOTS: snapshots, GIGABYTES: size})


def consume_group(connection: sa.Connection, project_id: str) -> None:
    """Count a new group of a project, inside the transaction that creates it.

    :raises GroupLimitExceeded: the quota is used up
    """
    limit = _limits(connection, project_id)[GROUPS]
    if not _add(connection, project_id, GROUPS, 1, limit):
        raise exception.GroupLimitExceeded(allowed=limit)


def release_group(connection: sa.Connection, project_id: str) -> None:
    """Give back what a deleted group used, inside the transaction of the deletion."""
    _subtract(connection, project_id, {GROUPS: 1})


def _subtract(connection: sa.Connection, project_id: str, amounts: Mapping[str, int]) -> None:
    for resource, amount in amounts.items():
        connection.execute(
            sa.update(models.quota_usages)
            .where(_U.project_id == project_id, _U.resource == resource)
            .values(
                in_use=sa.case((_U.in_use > amount, _U.in_use - amount), else_=0),
                updated_at=utcnow(),
            )
        )


def _add(
    connection: sa.Connection, project_id: str, resource: str, amount: int, limit: int
) -> bool:
    """Add ``amount`` to a usage unless it would pass ``limit``; False when it would."""
    for _ in range(2):
        where = [_U.project_id == project_id, _U.resource == resource]
        if limit >= 0:
            where.append(_U.in_use + _U.reserved + amount <= limit)
        changed = connection.execute(
            sa.update(models.quota_usages)
            .where(*where)
            .values(in_use=_U.in_use + amount, updated_at=utcnow())
        )
        if changed.rowcount:
            return True
        if _usage_exists(connection, project_id, resource):
            return False
        _insert_usage(connection, project_id, resource)
    return False


def _usage_exists(connection: sa.Connection, project_id: str, resource: str) -> bool:
    query = sa.select(_U.id).where(_U.project_id == project_id, _U.resource == resource)
    return connection.execute(query).first() is not None


def _insert_usage(connection: sa.Connection, project_id: str, resource: str) -> None:
    """Insert a usage of zero; another request may do the same at the same moment."""
    row = {"project_id": project_id, "resource": resource, "in_use": 0, "reserved": 0}
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(models.quota_usages), {**row, "created_at": utcnow()})
    except sa.exc.IntegrityError as error:
        if not engine.is_duplicate(error):
            raise


def _in_use(connection: sa.Connection, project_id: str, resource: str) -> int:
    query = sa.select(_U.in_use).where(_U.project_id == project_id, _U.resource == resource)
    return int(connection.execute(query).scalar() or 0)


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
