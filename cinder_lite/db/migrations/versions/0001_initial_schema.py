# SPDX-License-Identifier: Apache-2.0
"""Initial schema: volumes, services, types, quotas, snapshots, attachments, migrations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

DateTime = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        "quota_classes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("class_name", sa.String(length=255), nullable=False),
        sa.Column("resource", sa.String(length=300), nullable=False),
        sa.Column("hard_limit", sa.BigInteger(), nullable=True),
        sa.Column("created_at", DateTime, nullable=True),
        sa.Column("updated_at", DateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quota_classes")),
        sa.UniqueConstraint(
            "class_name", "resource", name=op.f("uq_quota_classes_class_name_resource")
        ),
    )
    op.create_table(
        "quota_usages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.String(length=255), nullable=False),
        sa.Column("resource", sa.String(length=300), nullable=False),
        sa.Column("in_use", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("created_at", DateTime, nullable=True),
        sa.Column("updated_at", DateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quota_usages")),
        sa.UniqueConstraint(
            "project_id", "resource", name=op.f("uq_quota_usages_project_id_resource")
        ),
    )
    op.create_table(
        "quotas",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.String(length=255), nullable=False),
        sa.Column("resource", sa.String(length=300), nullable=False),
        sa.Column("hard_limit", sa.BigInteger(), nullable=True),
        sa.Column("created_at", DateTime, nullable=True),
        sa.Column("updated_at", DateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quotas")),
        sa.UniqueConstraint("project_id", "resource", name=op.f("uq_quotas_project_id_resource")),
    )
    op.create_table(
        "services",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=True),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("binary", sa.String(length=255), nullable=False),
        sa.Column("topic", sa.String(length=255), nullable=False),
        sa.Column("report_count", sa.Integer(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.String(length=255), nullable=True),
        sa.Column("availability_zone", sa.String(length=255), nullable=True),
        sa.Column("rpc_current_version", sa.String(length=36), nullable=True),
        sa.Column("object_current_version", sa.String(length=36), nullable=True),
        sa.Column("cluster_name", sa.String(length=255), nullable=True),
        sa.Column("replication_status", sa.String(length=255), nullable=True),
        sa.Column("active_backend_id", sa.String(length=255), nullable=True),
        sa.Column("frozen", sa.Boolean(), nullable=False),
        sa.Column("modified_at", DateTime, nullable=True),
        sa.Column("created_at", DateTime, nullable=True),
        sa.Column("updated_at", DateTime, nullable=True),
        sa.Column("deleted_at", DateTime, nullable=True),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_services")),
        sa.UniqueConstraint("uuid", name=op.f("uq_services_uuid")),
    )
    with op.batch_alter_table("services", schema=None) as batch_op:
        batch_op.create_index(
            "ix_services_host_binary", ["host", "binary", "deleted"], unique=False
        )

    op.create_table(
        "volume_types",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=True),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("qos_specs_id", sa.String(length=36), nullable=True),
        sa.Column("created_at", DateTime, nullable=True),
        sa.Column("updated_at", DateTime, nullable=True),
        sa.Column("deleted_at", DateTime, nullable=True),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volume_types")),
    )
    with op.batch_alter_table("volume_types", schema=None) as batch_op:
        batch_op.create_index("ix_volume_types_name", ["name", "deleted"], unique=False)

    op.create_table(
        "volumes",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("_name_id", sa.String(length=36), nullable=True),
        sa.Column("ec2_id", sa.String(length=255), nullable=True),
        sa.Column("user_id", sa.String(length=255), nullable=True),
        sa.Column("project_id", sa.String(length=255), nullable=True),
        sa.Column("host", sa.String(length=255), nullable=True),
        sa.Column("cluster_name", sa.String(length=255), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("availability_zone", sa.String(length=255), nullable=True),
        sa.Column("status", sa.String(length=255), nullable=True),
        sa.Column("attach_status", sa.String(length=255), nullable=True),
        sa.Column("migration_status", sa.String(length=255), nullable=True),
        sa.Column("previous_status", sa.String(length=255), nullable=True),
        sa.Column("display_name", sa.String(length=255), nullable=True),
        sa.Column("display_description", sa.String(length=255), nullable=True),
        sa.Column("volume_type_id", sa.String(length=36), nullable=True),
        sa.Column("snapshot_id", sa.String(length=36), nullable=True),
        sa.Column("source_volid", sa.String(length=36), nullable=True),
        sa.Column("group_id", sa.String(length=36), nullable=True),
        sa.Column("consistencygroup_id", sa.String(length=36), nullable=True),
        sa.Column("service_uuid", sa.String(length=36), nullable=True),
        sa.Column("bootable", sa.Boolean(), nullable=False),
        sa.Column("multiattach", sa.Boolean(), nullable=False),
        sa.Column("shared_targets", sa.Boolean(), nullable=True),
        sa.Column("use_quota", sa.Boolean(), nullable=False),
        sa.Column("encryption_key_id", sa.String(length=36), nullable=True),
        sa.Column("replication_status", sa.String(length=255), nullable=True),
        sa.Column("replication_driver_data", sa.String(length=255), nullable=True),
        sa.Column("replication_extended_status", sa.String(length=255), nullable=True),
        sa.Column("provider_id", sa.String(length=255), nullable=True),
        sa.Column("provider_location", sa.String(length=256), nullable=True),
        sa.Column("provider_auth", sa.String(length=256), nullable=True),
        sa.Column("provider_geometry", sa.String(length=255), nullable=True),
        sa.Column("scheduled_at", DateTime, nullable=True),
        sa.Column("launched_at", DateTime, nullable=True),
        sa.Column("terminated_at", DateTime, nullable=True),
        sa.Column("created_at", DateTime, nullable=True),
        sa.Column("updated_at", DateTime, nullable=True),
        sa.Column("deleted_at", DateTime, nullable=True),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volumes")),
    )
    with op.batch_alter_table("volumes", schema=None) as batch_op:
        batch_op.create_index("ix_volumes_all_list", ["deleted", "created_at", "id"], unique=False)
        batch_op.create_index("ix_volumes_host", ["deleted", "host"], unique=False)
        batch_op.create_index(
            "ix_volumes_project_list", ["deleted", "project_id", "created_at", "id"], unique=False
        )
        batch_op.create_index("ix_volumes_service", ["service_uuid", "deleted"], unique=False)
        batch_op.create_index("ix_volumes_type", ["volume_type_id", "deleted"], unique=False)

    op.create_table(
        "snapshots",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("volume_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=255), nullable=True),
        sa.Column("project_id", sa.String(length=255), nullable=True),
        sa.Column("status", sa.String(length=255), nullable=True),
        sa.Column("progress", sa.String(length=255), nullable=True),
        sa.Column("volume_size", sa.Integer(), nullable=True),
        sa.Column("volume_type_id", sa.String(length=36), nullable=True),
        sa.Column("display_name", sa.String(length=255), nullable=True),
        sa.Column("display_description", sa.String(length=255), nullable=True),
        sa.Column("encryption_key_id", sa.String(length=36), nullable=True),
        sa.Column("cgsnapshot_id", sa.String(length=36), nullable=True),
        sa.Column("group_snapshot_id", sa.String(length=36), nullable=True),
        sa.Column("provider_id", sa.String(length=255), nullable=True),
        sa.Column("provider_location", sa.String(length=255), nullable=True),
        sa.Column("provider_auth", sa.String(length=255), nullable=True),
        sa.Column("use_quota", sa.Boolean(), nullable=False),
        sa.Column("scheduled_at", DateTime, nullable=True),
        sa.Column("created_at", DateTime, nullable=True),
        sa.Column("updated_at", DateTime, nullable=True),
        sa.Column("deleted_at", DateTime, nullable=True),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["volume_id"], ["volumes.id"], name=op.f("fk_snapshots_volume_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshots")),
    )
    with op.batch_alter_table("snapshots", schema=None) as batch_op:
        batch_op.create_index(
            "ix_snapshots_project_list", ["deleted", "project_id", "created_at", "id"], unique=False
        )
        batch_op.create_index("ix_snapshots_volume_id", ["volume_id", "deleted"], unique=False)

    op.create_table(
        "volume_admin_metadata",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("volume_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(
            ["volume_id"], ["volumes.id"], name=op.f("fk_volume_admin_metadata_volume_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volume_admin_metadata")),
        sa.UniqueConstraint(
            "volume_id", "key", name=op.f("uq_volume_admin_metadata_volume_id_key")
        ),
    )
    op.create_table(
        "volume_attachment",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("volume_id", sa.String(length=36), nullable=False),
        sa.Column("attached_host", sa.String(length=255), nullable=True),
        sa.Column("instance_uuid", sa.String(length=36), nullable=True),
        sa.Column("mountpoint", sa.String(length=255), nullable=True),
        sa.Column("attach_time", DateTime, nullable=True),
        sa.Column("detach_time", DateTime, nullable=True),
        sa.Column("attach_status", sa.String(length=255), nullable=True),
        sa.Column("attach_mode", sa.String(length=255), nullable=True),
        sa.Column("connector", sa.Text(), nullable=True),
        sa.Column("connection_info", sa.Text(), nullable=True),
        sa.Column("created_at", DateTime, nullable=True),
        sa.Column("updated_at", DateTime, nullable=True),
        sa.Column("deleted_at", DateTime, nullable=True),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["volume_id"], ["volumes.id"], name=op.f("fk_volume_attachment_volume_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volume_attachment")),
    )
    with op.batch_alter_table("volume_attachment", schema=None) as batch_op:
        batch_op.create_index(
            "ix_volume_attachment_volume_id", ["volume_id", "deleted"], unique=False
        )

    op.create_table(
        "volume_glance_metadata",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("volume_id", sa.String(length=36), nullable=True),
        sa.Column("snapshot_id", sa.String(length=36), nullable=True),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["volume_id"], ["volumes.id"], name=op.f("fk_volume_glance_metadata_volume_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volume_glance_metadata")),
    )
    with op.batch_alter_table("volume_glance_metadata", schema=None) as batch_op:
        batch_op.create_index(
            "ix_volume_glance_metadata_snapshot_id", ["snapshot_id"], unique=False
        )
        batch_op.create_index("ix_volume_glance_metadata_volume_id", ["volume_id"], unique=False)

    op.create_table(
        "volume_metadata",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("volume_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(
            ["volume_id"], ["volumes.id"], name=op.f("fk_volume_metadata_volume_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volume_metadata")),
        sa.UniqueConstraint("volume_id", "key", name=op.f("uq_volume_metadata_volume_id_key")),
    )
    op.create_table(
        "volume_migrations",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("volume_id", sa.String(length=36), nullable=False),
        sa.Column("new_volume_id", sa.String(length=36), nullable=True),
        sa.Column("source_host", sa.String(length=255), nullable=False),
        sa.Column("dest_host", sa.String(length=255), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=255), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("capabilities", sa.Text(), nullable=True),
        sa.Column("new_type_id", sa.String(length=36), nullable=True),
        sa.Column("force_host_copy", sa.Boolean(), nullable=False),
        sa.Column("lock_volume", sa.Boolean(), nullable=False),
        sa.Column("bytes_total", sa.BigInteger(), nullable=False),
        sa.Column("bytes_copied", sa.BigInteger(), nullable=False),
        sa.Column("bytes_skipped", sa.BigInteger(), nullable=False),
        sa.Column("bytes_per_second", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("user_id", sa.String(length=255), nullable=True),
        sa.Column("project_id", sa.String(length=255), nullable=True),
        sa.Column("request_id", sa.String(length=255), nullable=True),
        sa.Column("created_at", DateTime, nullable=True),
        sa.Column("started_at", DateTime, nullable=True),
        sa.Column("updated_at", DateTime, nullable=True),
        sa.Column("finished_at", DateTime, nullable=True),
        sa.ForeignKeyConstraint(
            ["volume_id"], ["volumes.id"], name=op.f("fk_volume_migrations_volume_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volume_migrations")),
    )
    with op.batch_alter_table("volume_migrations", schema=None) as batch_op:
        batch_op.create_index("ix_volume_migrations_list", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_volume_migrations_status", ["status", "phase"], unique=False)
        batch_op.create_index(
            "ix_volume_migrations_volume_id", ["volume_id", "created_at"], unique=False
        )

    op.create_table(
        "volume_type_extra_specs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("volume_type_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(
            ["volume_type_id"],
            ["volume_types.id"],
            name=op.f("fk_volume_type_extra_specs_volume_type_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volume_type_extra_specs")),
        sa.UniqueConstraint(
            "volume_type_id", "key", name=op.f("uq_volume_type_extra_specs_volume_type_id_key")
        ),
    )
    op.create_table(
        "volume_type_projects",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("volume_type_id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["volume_type_id"],
            ["volume_types.id"],
            name=op.f("fk_volume_type_projects_volume_type_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volume_type_projects")),
        sa.UniqueConstraint(
            "volume_type_id",
            "project_id",
            name=op.f("uq_volume_type_projects_volume_type_id_project_id"),
        ),
    )
