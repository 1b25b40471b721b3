# SPDX-License-Identifier: Apache-2.0
"""The tables. Columns keep Cinder's names; ``volume_migrations`` is our own.

Plain SQLAlchemy Core: nothing here builds an object per row. Rows are deleted softly, as Cinder
does it: ``deleted`` is set and the row stays until ``cinder-lite-manage db purge``.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

CHARSET = "utf8mb4"
"""MySQL's and MariaDB's name for all of Unicode."""


@sa.event.listens_for(sa.Table, "before_create")
def _hold_all_of_unicode(table: sa.Table, connection: sa.Connection, **_: Any) -> None:
    """Let a new table's texts be any, whatever the server's default is (often latin1)."""
    if connection.dialect.name in ("mysql", "mariadb"):
        table.dialect_kwargs.setdefault(f"{connection.dialect.name}_charset", CHARSET)


DateTime = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
Uuid = sa.String(36)
Name = sa.String(255)


def _column(name: str, kind: Any, *args: Any, **kwargs: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *args, **kwargs)


def _times() -> list[sa.Column[Any]]:
    return [
        _column("created_at", DateTime),
        _column("updated_at", DateTime),
        _column("deleted_at", DateTime),
        _column("deleted", sa.Boolean, nullable=False, default=False),
    ]


volumes = sa.Table(
    "volumes",
    metadata,
    _column("id", Uuid, primary_key=True),
    _column("_name_id", Uuid, key="_name_id"),
    _column("ec2_id", Name),
    _column("user_id", Name),
    _column("project_id", Name),
    _column("host", Name),
    _column("cluster_name", Name),
    _column("size", sa.Integer, nullable=False),
    _column("availability_zone", Name),
    _column("status", Name),
    _column("attach_status", Name),
    _column("migration_status", Name),
    _column("previous_status", Name),
    _column("display_name", Name),
    _column("display_description", Name),
    _column("volume_type_id", Uuid),
    _column("snapshot_id", Uuid),
    _column("source_volid", Uuid),
    _column("group_id", Uuid),
    _column("consistencygroup_id", Uuid),
    _column("service_uuid", Uuid),
    _column("bootable", sa.Boolean, nullable=False, default=False),
    _column("multiattach", sa.Boolean, nullable=False, default=False),
    _column("shared_targets", sa.Boolean, default=True),
    _column("use_quota", sa.Boolean, nullable=False, default=True),
    _column("encryption_key_id", Uuid),
    _column("replication_status", Name),
    _column("replication_driver_data", Name),
    _column("replication_extended_status", Name),
    _column("provider_id", Name),
    _column("provider_location", sa.String(256)),
    _column("provider_auth", sa.String(256)),
    _column("provider_geometry", Name),
    _column("scheduled_at", DateTime),
    _column("launched_at", DateTime),
    _column("terminated_at", DateTime),
    *_times(),
    # The lists: a project's volumes newest first, all projects' newest first, one backend's.
    sa.Index("ix_volumes_project_list", "deleted", "project_id", "created_at", "id"),
    sa.Index("ix_volumes_all_list", "deleted", "created_at", "id"),
    sa.Index("ix_volumes_name", "display_name", "deleted", "project_id"),
    sa.Index("ix_volumes_status", "status", "deleted", "project_id"),
    sa.Index("ix_volumes_host", "deleted", "host"),
    sa.Index("ix_volumes_service", "service_uuid", "deleted"),
    sa.Index("ix_volumes_type", "volume_type_id", "deleted"),
    sa.Index("ix_volumes_group", "group_id", "deleted"),
)

volume_metadata = sa.Table(
    "volume_metadata",
    metadata,
    _column("id", sa.Integer, primary_key=True),
    _column("volume_id", Uuid, sa.ForeignKey("volumes.id"), nullable=False),
    _column("key", Name, nullable=False),
    _column("value", Name),
    sa.UniqueConstraint("volume_id", "key"),
)

volume_admin_metadata = sa.Table(
    "volume_admin_metadata",
    metadata,
    _column("id", sa.Integer, primary_key=True),
    _column("volume_id", Uuid, sa.ForeignKey("volumes.id"), nullable=False),
    _column("key", Name, nullable=False),
    _column("value", Name),
    sa.UniqueConstraint("volume_id", "key"),
)

volume_glance_metadata = sa.Table(
    "volume_glance_metadata",
    metadata,
    _column("id", sa.Integer, primary_key=True),
    _column("volume_id", Uuid, sa.ForeignKey("volumes.id")),
    _column("snapshot_id", Uuid),
    _column("key", Name, nullable=False),
    _column("value", sa.Text),
    sa.Index("ix_volume_glance_metadata_volume_id", "volume_id"),
    sa.Index("ix_volume_glance_metadata_snapshot_id", "snapshot_id"),
)

volume_attachment = sa.Table(
    "volume_attachment",
    metadata,
    _column("id", Uuid, primary_key=True),
    _column("volume_id", Uuid, sa.ForeignKey("volumes.id"), nullable=False),
    _column("attached_host", Name),
    _column("instance_uuid", Uuid),
    _column("mountpoint", Name),
    _column("attach_time", DateTime),
    _column("detach_time", DateTime),
    _column("attach_status", Name),
    _column("attach_mode", Name),
    _column("connector", sa.Text),
    _column("connection_info", sa.Text),
    *_times(),
    sa.Index("ix_volume_attachment_volume_id", "volume_id", "deleted"),
    sa.Index("ix_volume_attachment_instance_uuid", "instance_uuid", "deleted"),
)

snapshots = sa.Table(
    "snapshots",
    metadata,
    _column("id", Uuid, primary_key=True),
    _column("volume_id", Uuid, sa.ForeignKey("volumes.id"), nullable=False),
    _column("user_id", Name),
    _column("project_id", Name),
    _column("status", Name),
    _column("progress", Name),
    _column("volume_size", sa.Integer),
    _column("volume_type_id", Uuid),
    _column("display_name", Name),
    _column("display_description", Name),
    _column("encryption_key_id", Uuid),
    _column("cgsnapshot_id", Uuid),
    _column("group_snapshot_id", Uuid),
    _column("provider_id", Name),
    _column("provider_location", Name),
    _column("provider_auth", Name),
    _column("use_quota", sa.Boolean, nullable=False, default=True),
    _column("scheduled_at", DateTime),
    *_times(),
    sa.Index("ix_snapshots_volume_id", "volume_id", "deleted"),
    sa.Index("ix_snapshots_group_snapshot", "group_snapshot_id", "deleted"),
    sa.Index("ix_snapshots_project_list", "deleted", "project_id", "created_at", "id"),
    sa.Index("ix_snapshots_all_list", "deleted", "created_at", "id"),
)

snapshot_metadata = sa.Table(
    "snapshot_metadata",
    metadata,
    _column("id", sa.Integer, primary_key=True),
    _column("snapshot_id", Uuid, sa.ForeignKey("snapshots.id"), nullable=False),
    _column("key", Name, nullable=False),
    _column("value", Name),
    sa.UniqueConstraint("snapshot_id", "key"),
)

transfers = sa.Table(
    "transfers",
    metadata,
    _column("id", Uuid, primary_key=True),
    _column("volume_id", Uuid, sa.ForeignKey("volumes.id"), nullable=False),
    _column("display_name", Name),
    _column("salt", Name, nullable=False),
    _column("crypt_hash", Name, nullable=False),
    _column("no_snapshots", sa.Boolean, nullable=False, default=False),
    _column("source_project_id", Name),
    _column("destination_project_id", Name),
    _column("accepted", sa.Boolean, nullable=False, default=False),
    *_times(),
    sa.Index("ix_transfers_volume_id", "volume_id", "deleted"),
    sa.Index("ix_transfers_list", "deleted", "created_at", "id"),
)

group_types = sa.Table(
    "group_types",
    metadata,
    _column("id", Uuid, primary_key=True),
    _column("name", Name, nullable=False),
    _column("description", Name),
    _column("is_public", sa.Boolean, nullable=False, default=True),
    *_times(),
    sa.Index("ix_group_types_name", "name", "deleted"),
)

group_type_specs = sa.Table(
    "group_type_specs",
    metadata,
    _column("id", sa.Integer, primary_key=True),
    _column("group_type_id", Uuid, sa.ForeignKey("group_types.id"), nullable=False),
    _column("key", Name, nullable=False),
    _column("value", Name),
    sa.UniqueConstraint("group_type_id", "key"),
)

group_type_projects = sa.Table(
    "group_type_projects",
    metadata,
    _column("id", sa.Integer, primary_key=True),
    _column("group_type_id", Uuid, sa.ForeignKey("group_types.id"), nullable=False),
    _column("project_id", Name, nullable=False),
    sa.UniqueConstraint("group_type_id", "project_id"),
)

groups = sa.Table(
    "groups",
    metadata,
    _column("id", Uuid, primary_key=True),
    _column("user_id", Name),
    _column("project_id", Name),
    _column("host", Name),
    _column("availability_zone", Name),
    _column("name", Name),
    _column("description", Name),
    _column("status", Name),
    _column("group_type_id", Uuid),
    _column("group_snapshot_id", Uuid),
    _column("source_group_id", Uuid),
    _column("replication_status", Name),
    *_times(),
    sa.Index("ix_groups_project_list", "deleted", "project_id", "created_at", "id"),
    sa.Index("ix_groups_status", "deleted", "status"),
    sa.Index("ix_groups_type", "group_type_id", "deleted"),
)

group_volume_type_mapping = sa.Table(
    "group_volume_type_mapping",
    metadata,
    _column("id", sa.Integer, primary_key=True),
    _column("group_id", Uuid, sa.ForeignKey("groups.id"), nullable=False),
    _column("volume_type_id", Uuid, nullable=False),
    sa.UniqueConstraint("group_id", "volume_type_id"),
)

group_snapshots = sa.Table(
    "group_snapshots",
    metadata,
    _column("id", Uuid, primary_key=True),
    _column("group_id", Uuid, sa.ForeignKey("groups.id"), nullable=False),
    _column("user_id", Name),
    _column("project_id", Name),
    _column("name", Name),
    _column("description", Name),
    _column("status", Name),
    _column("group_type_id", Uuid),
    *_times(),
    sa.Index("ix_group_snapshots_group_id", "group_id", "deleted"),
    sa.Index("ix_group_snapshots_project_list", "deleted", "project_id", "created_at", "id"),
)

volume_migrations = sa.Table(
    "volume_migrations",
    metadata,
    _column("id", Uuid, primary_key=True),
    _column("volume_id", Uuid, sa.ForeignKey("volumes.id"), nullable=False),
    _column("new_volume_id", Uuid),
    _column("source_host", Name, nullable=False),
    _column("dest_host", Name, nullable=False),
    _column("mode", sa.String(16)),
    _column("status", sa.String(16), nullable=False),
    _column("phase", sa.String(16), nullable=False),
    _column("owner", Name),
    _column("attempts", sa.Integer, nullable=False, default=0),
    _column("capabilities", sa.Text),
    _column("new_type_id", Uuid),
    _column("force_host_copy", sa.Boolean, nullable=False, default=False),
    _column("lock_volume", sa.Boolean, nullable=False, default=False),
    _column("offline_servers", sa.Boolean, nullable=False, default=False),
    _column("server_id", Uuid),
    _column("server_use", sa.Text),
    _column("abort_requested", sa.Boolean, nullable=False, default=False),
    _column("bytes_total", sa.BigInteger, nullable=False, default=0),
    _column("bytes_copied", sa.BigInteger, nullable=False, default=0),
    _column("bytes_skipped", sa.BigInteger, nullable=False, default=0),
    _column("bytes_per_second", sa.BigInteger, nullable=False, default=0),
    _column("error", sa.Text),
    _column("user_id", Name),
    _column("project_id", Name),
    _column("request_id", Name),
    _column("created_at", DateTime),
    _column("started_at", DateTime),
    _column("updated_at", DateTime),
    _column("finished_at", DateTime),
    sa.Index("ix_volume_migrations_volume_id", "volume_id", "created_at"),
    sa.Index("ix_volume_migrations_list", "created_at", "id"),
    sa.Index("ix_volume_migrations_status", "status", "phase"),
)

services = sa.Table(
    "services",
    metadata,
    _column("id", sa.Integer, primary_key=True),
    _column("uuid", Uuid, unique=True),
    _column("host", Name, nullable=False),
    _column("binary", Name, nullable=False),
    _column("topic", Name, nullable=False),
    _column("report_count", sa.Integer, nullable=False, default=0),
    _column("disabled", sa.Boolean, nullable=False, default=False),
    _column("disabled_reason", Name),
    _column("availability_zone", Name),
    _column("rpc_current_version", sa.String(36)),
    _column("object_current_version", sa.String(36)),
    _column("cluster_name", Name),
    _column("replication_status", Name),
    _column("active_backend_id", Name),
    _column("frozen", sa.Boolean, nullable=False, default=False),
    _column("modified_at", DateTime),
    *_times(),
    sa.Index("ix_services_host_binary", "host", "binary", "deleted"),
)

volume_types = sa.Table(
    "volume_types",
    metadata,
    _column("id", Uuid, primary_key=True),
    _column("name", Name, nullable=False),
    _column("description", Name),
    _column("is_public", sa.Boolean, nullable=False, default=True),
    _column("qos_specs_id", Uuid),
    *_times(),
    sa.Index("ix_volume_types_name", "name", "deleted"),
)

volume_type_extra_specs = sa.Table(
    "volume_type_extra_specs",
    metadata,
    _column("id", sa.Integer, primary_key=True),
    _column("volume_type_id", Uuid, sa.ForeignKey("volume_types.id"), nullable=False),
    _column("key", Name, nullable=False),
    _column("value", Name),
    sa.UniqueConstraint("volume_type_id", "key"),
)

volume_type_projects = sa.Table(
    "volume_type_projects",
    metadata,
    _column("id", sa.Integer, primary_key=True),
    _column("volume_type_id", Uuid, sa.ForeignKey("volume_types.id"), nullable=False),
    _column("project_id", Name, nullable=False),
    sa.UniqueConstraint("volume_type_id", "project_id"),
)

quotas = sa.Table(
    "quotas",
    metadata,
    _column("id", sa.Integer, primary_key=True),
    _column("project_id", Name, nullable=False),
    _column("resource", sa.String(300), nullable=False),
    _column("hard_limit", sa.BigInteger),
    _column("created_at", DateTime),
    _column("updated_at", DateTime),
    sa.UniqueConstraint("project_id", "resource"),
)

quota_classes = sa.Table(
    "quota_classes",
    metadata,
    _column("id", sa.Integer, primary_key=True),
    _column("class_name", Name, nullable=False),
    _column("resource", sa.String(300), nullable=False),
    _column("hard_limit", sa.BigInteger),
    _column("created_at", DateTime),
    _column("updated_at", DateTime),
    sa.UniqueConstraint("class_name", "resource"),
)

quota_usages = sa.Table(
    "quota_usages",
    metadata,
    _column("id", sa.Integer, primary_key=True),
    _column("project_id", Name, nullable=False),
    _column("resource", sa.String(300), nullable=False),
    _column("in_use", sa.BigInteger, nullable=False, default=0),
    _column("reserved", sa.BigInteger, nullable=False, default=0),
    _column("created_at", DateTime),
    _column("updated_at", DateTime),
    sa.UniqueConstraint("project_id", "resource"),
)

# What follows is deleted for good, never softly: its names can be used again at once.

encryption = sa.Table(
    "encryption",
    metadata,
    _column("encryption_id", Uuid, primary_key=True),
    _column("volume_type_id", Uuid, sa.ForeignKey("volume_types.id"), nullable=False, unique=True),
    _column("provider", Name, nullable=False),
    _column("cipher", Name),
    _column("key_size", sa.Integer),
    _column("control_location", Name, nullable=False),
    _column("created_at", DateTime),
    _column("updated_at", DateTime),
)

default_volume_types = sa.Table(
    "default_volume_types",
    metadata,
    _column("project_id", Name, primary_key=True),
    _column("volume_type_id", Uuid, sa.ForeignKey("volume_types.id"), nullable=False),
    _column("created_at", DateTime),
    _column("updated_at", DateTime),
)

qos_specs = sa.Table(
    "qos_specs",
    metadata,
    _column("id", Uuid, primary_key=True),
    _column("name", Name, nullable=False, unique=True),
    _column("consumer", Name, nullable=False),
    _column("created_at", DateTime),
    _column("updated_at", DateTime),
)

qos_specs_items = sa.Table(
    "qos_specs_items",
    metadata,
    _column("id", sa.Integer, primary_key=True),
    _column("qos_specs_id", Uuid, sa.ForeignKey("qos_specs.id"), nullable=False),
    _column("key", Name, nullable=False),
    _column("value", Name),
    sa.UniqueConstraint("qos_specs_id", "key"),
)

messages = sa.Table(
    "messages",
    metadata,
    _column("id", Uuid, primary_key=True),
    _column("project_id", Name, nullable=False),
    _column("request_id", Name),
    _column("resource_type", Name),
    _column("resource_uuid", Uuid),
    _column("event_id", Name, nullable=False),
    _column("action_id", sa.String(10), nullable=False),
    _column("detail_id", sa.String(10), nullable=False),
    _column("message_level", Name, nullable=False),
    _column("created_at", DateTime),
    _column("expires_at", DateTime),
    sa.Index("ix_messages_project_list", "project_id", "created_at", "id"),
    sa.Index("ix_messages_expires_at", "expires_at"),
)
