# SPDX-License-Identifier: Apache-2.0
"""The schema's version: alembic migrations, run and asked for."""

from __future__ import annotations

import datetime
import pathlib
import uuid
from typing import Any

import sqlalchemy as sa
from oslo_config import cfg

from cinder_lite.db import engine, models
from cinder_lite.objects import utcnow

CONF = cfg.CONF
_HERE = pathlib.Path(__file__).parent / "migrations"


def _config() -> Any:
    from alembic import config  # only db commands need alembic

    alembic = config.Config()
    alembic.set_main_option("script_location", str(_HERE))
    return alembic


def sync(version: str | None = None) -> None:
    """Bring the schema to a version and see that the default volume type exists.

    :param version: an alembic revision; None is the newest
    """
    from alembic import command

    command.upgrade(_config(), version or "head")
    if version is None:
        _default_volume_type()


def current() -> str | None:
    """Return the schema's revision, None where the database has no schema."""
    from alembic.runtime import migration

    with engine.transaction() as connection:
        revision: str | None = migration.MigrationContext.configure(
            connection
        ).get_current_revision()
        return revision


def newest() -> str:
    """Return the newest revision that this release knows."""
    from alembic import script

    head = script.ScriptDirectory.from_config(_config()).get_current_head()
    return str(head)


@engine.retried
def _default_volume_type() -> None:
    types = models.volume_types
    if CONF.default_volume_type != "__DEFAULT__":
        return
    with engine.transaction() as connection:
        known = sa.select(types.c.id).where(
            types.c.name == "__DEFAULT__", types.c.deleted == sa.false()
        )
        if connection.execute(known).first() is None:
            connection.execute(
                sa.insert(types),
                {
                    "id": str(uuid.uuid4()),
                    "name": "__DEFAULT__",
                    "description": "Default Volume Type",
                    "is_public": True,
                    "created_at": utcnow(),
                    "deleted": False,
                },
            )


def purge(age_days: int) -> dict[str, int]:
    """Remove rows that were deleted softly long ago, and the records of moves that ended then.

    :param age_days: rows deleted more than so many days ago
    :returns: how many rows of each table went
    """
    before = utcnow() - datetime.timedelta(days=age_days)
    gone: dict[str, int] = {}
    with engine.transaction() as connection:
        volumes = models.volumes.c
        old = sa.select(volumes.id).where(volumes.deleted == sa.true(), volumes.deleted_at < before)
        ids = [row[0] for row in connection.execute(old)]
        for start in range(0, len(ids), 500):
            part = ids[start : start + 500]
            of_volumes = sa.select(models.snapshots.c.id).where(
                models.snapshots.c.volume_id.in_(part)
            )
            _purge_snapshots(gone, connection, of_volumes)
            for table in (
                models.volume_metadata,
                models.volume_admin_metadata,
                models.volume_glance_metadata,
                models.volume_attachment,
                models.transfers,
                models.volume_migrations,
            ):
                _count(gone, connection, table, table.c.volume_id.in_(part))
            _count(gone, connection, models.volumes, volumes.id.in_(part))
        snapshots = models.snapshots.c
        old_snapshots = sa.select(snapshots.id).where(
            snapshots.deleted == sa.true(), snapshots.deleted_at < before
        )
        _purge_snapshots(gone, connection, old_snapshots)
        ended = models.volume_migrations.c.finished_at
        _count(gone, connection, models.volume_migrations, ended < before)
        _purge_groups(gone, connection, before)
        for table in (models.services, models.volume_types):
            _count(gone, connection, table, _is_old(table, before))
    return gone


def _is_old(table: sa.Table, before: datetime.datetime) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.deleted == sa.true(), table.c.deleted_at < before)


def _purge_groups(
    gone: dict[str, int], connection: sa.Connection, before: datetime.datetime
) -> None:
    """Remove old group snapshots, groups without any, and group types; first what names them."""
    taken, groups, types = models.group_snapshots, models.groups, models.group_types
    _count(gone, connection, taken, _is_old(taken, before))
    named = sa.exists().where(taken.c.group_id == groups.c.id)
    old = sa.select(groups.c.id).where(_is_old(groups, before), sa.not_(named))
    ids = list(connection.execute(old).scalars())
    mapping = models.group_volume_type_mapping
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        _count(gone, connection, mapping, mapping.c.group_id.in_(part))
        _count(gone, connection, groups, groups.c.id.in_(part))
    old_types = sa.select(types.c.id).where(_is_old(types, before))
    kinds = list(connection.execute(old_types).scalars())
    for table in (models.group_type_specs, models.group_type_projects):
        _count(gone, connection, table, table.c.group_type_id.in_(kinds))
    _count(gone, connection, types, types.c.id.in_(kinds))


def _purge_snapshots(
    gone: dict[str, int], connection: sa.Connection, query: sa.Select[Any]
) -> None:
    ids = list(connection.execute(query).scalars())
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        metadata = models.snapshot_metadata
        _count(gone, connection, metadata, metadata.c.snapshot_id.in_(part))
        _count(gone, connection, models.snapshots, models.snapshots.c.id.in_(part))


def _count(
    gone: dict[str, int],
    connection: sa.Connection,
    table: sa.Table,
    where: sa.ColumnElement[bool],
) -> None:
    rows = connection.execute(sa.delete(table).where(where)).rowcount
    gone[table.name] = gone.get(table.name, 0) + int(rows or 0)
