# SPDX-License-Identifier: Apache-2.0
"""Group types, groups and group snapshots."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

DateTime = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
Name = sa.String(length=255)
Uuid = sa.String(length=36)


def _times() -> list[sa.Column[Any]]:
    return [
        sa.Column("created_at", DateTime, nullable=True),
        sa.Column("updated_at", DateTime, nullable=True),
        sa.Column("deleted_at", DateTime, nullable=True),
        sa.Column("deleted", sa.Boolean(), nullable=False),
    ]


def _names(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, Name, nullable=True) for name in names]


def upgrade() -> None:
    """Bring the schema to this revision."""
    _group_types()
    _groups()
    op.create_index("ix_volumes_group", "volumes", ["group_id", "deleted"])
    op.create_index("ix_snapshots_group_snapshot", "snapshots", ["group_snapshot_id", "deleted"])
    _consistency_group_type()


def _group_types() -> None:
    op.create_table(
        "group_types",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("name", Name, nullable=False),
        sa.Column("description", Name, nullable=True),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        *_times(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_types")),
    )
    op.create_index("ix_group_types_name", "group_types", ["name", "deleted"])
    for table, key, value in (
        ("group_type_specs", "key", sa.Column("value", Name, nullable=True)),
        ("group_type_projects", "project_id", None),
    ):
        op.create_table(
            table,
            sa.Column("id", sa.Integer(), nullable=False),
            sa.Column("group_type_id", Uuid, nullable=False),
            sa.Column(key, Name, nullable=False),
            *([value] if value is not None else []),
            sa.ForeignKeyConstraint(
                ["group_type_id"], ["group_types.id"], name=op.f(f"fk_{table}_group_type_id")
            ),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
            sa.UniqueConstraint("group_type_id", key, name=op.f(f"uq_{table}_group_type_id_{key}")),
        )


def _groups() -> None:
    op.create_table(
        "groups",
        sa.Column("id", Uuid, nullable=False),
        *_names("user_id", "project_id", "host", "availability_zone"),
        *_names("name", "description", "status"),
        sa.Column("group_type_id", Uuid, nullable=True),
        sa.Column("group_snapshot_id", Uuid, nullable=True),
        sa.Column("source_group_id", Uuid, nullable=True),
        *_names("replication_status"),
        *_times(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
    )
    listed = ["deleted", "project_id", "created_at", "id"]
    op.create_index("ix_groups_project_list", "groups", listed)
    op.create_index("ix_groups_status", "groups", ["deleted", "status"])
    op.create_index("ix_groups_type", "groups", ["group_type_id", "deleted"])
    op.create_table(
        "group_volume_type_mapping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", Uuid, nullable=False),
        sa.Column("volume_type_id", Uuid, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name=op.f("fk_group_volume_type_mapping_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_volume_type_mapping")),
        sa.UniqueConstraint(
            "group_id",
            "volume_type_id",
            name=op.f("uq_group_volume_type_mapping_group_id_volume_type_id"),
        ),
    )
    op.create_table(
        "group_snapshots",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("group_id", Uuid, nullable=False),
        *_names("user_id", "project_id", "name", "description", "status"),
        sa.Column("group_type_id", Uuid, nullable=True),
        *_times(),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name=op.f("fk_group_snapshots_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_snapshots")),
    )
    op.create_index("ix_group_snapshots_group_id", "group_snapshots", ["group_id", "deleted"])
    op.create_index("ix_group_snapshots_project_list", "group_snapshots", listed)


def _consistency_group_type() -> None:
    """Make the type of consistency groups, once: an operator who deletes it is done with them."""
    types = sa.table(
        "group_types",
        sa.column("id", Uuid),
        sa.column("name", Name),
        sa.column("description", Name),
        sa.column("is_public", sa.Boolean()),
        sa.column("created_at", DateTime),
        sa.column("deleted", sa.Boolean()),
    )
    specs = sa.table(
        "group_type_specs",
        sa.column("group_type_id", Uuid),
        sa.column("key", Name),
        sa.column("value", Name),
    )
    kind = {
        "id": str(uuid.uuid4()),
        "name": "default_cgsnapshot_type",
        "description": "What the API of consistency groups makes.",
        "is_public": True,
        "created_at": datetime.datetime.now(datetime.UTC).replace(tzinfo=None),
        "deleted": False,
    }
    op.bulk_insert(types, [kind])
    spec = {
        "group_type_id": kind["id"],
        "key": "consistent_group_snapshot_enabled",
        "value": "<is> True",
    }
    op.bulk_insert(specs, [spec])
