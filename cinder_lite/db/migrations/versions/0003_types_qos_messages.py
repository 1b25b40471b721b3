# SPDX-License-Identifier: Apache-2.0
"""Encryption and defaults of types, QoS specs, messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DateTime = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade() -> None:
    """Bring the schema to this revision."""
    _types()
    _qos_specs()
    _messages()


def _types() -> None:
    op.create_table(
        "encryption",
        sa.Column("encryption_id", sa.String(length=36), nullable=False),
        sa.Column("volume_type_id", sa.String(length=36), nullable=False),
        sa.Column("provider", sa.String(length=255), nullable=False),
        sa.Column("cipher", sa.String(length=255), nullable=True),
        sa.Column("key_size", sa.Integer(), nullable=True),
        sa.Column("control_location", sa.String(length=255), nullable=False),
        sa.Column("created_at", DateTime, nullable=True),
        sa.Column("updated_at", DateTime, nullable=True),
        sa.PrimaryKeyConstraint("encryption_id", name=op.f("pk_encryption")),
        sa.ForeignKeyConstraint(
            ["volume_type_id"], ["volume_types.id"], name=op.f("fk_encryption_volume_type_id")
        ),
        sa.UniqueConstraint("volume_type_id", name=op.f("uq_encryption_volume_type_id")),
    )
    op.create_table(
        "default_volume_types",
        sa.Column("project_id", sa.String(length=255), nullable=False),
        sa.Column("volume_type_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", DateTime, nullable=True),
        sa.Column("updated_at", DateTime, nullable=True),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_default_volume_types")),
        sa.ForeignKeyConstraint(
            ["volume_type_id"],
            ["volume_types.id"],
            name=op.f("fk_default_volume_types_volume_type_id"),
        ),
    )


def _qos_specs() -> None:
    op.create_table(
        "qos_specs",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("consumer", sa.String(length=255), nullable=False),
        sa.Column("created_at", DateTime, nullable=True),
        sa.Column("updated_at", DateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qos_specs")),
        sa.UniqueConstraint("name", name=op.f("uq_qos_specs_name")),
    )
    op.create_table(
        "qos_specs_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("qos_specs_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qos_specs_items")),
        sa.ForeignKeyConstraint(
            ["qos_specs_id"], ["qos_specs.id"], name=op.f("fk_qos_specs_items_qos_specs_id")
        ),
        sa.UniqueConstraint(
            "qos_specs_id", "key", name=op.f("uq_qos_specs_items_qos_specs_id_key")
        ),
    )


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=255), nullable=False),
        sa.Column("request_id", sa.String(length=255), nullable=True),
        sa.Column("resource_type", sa.String(length=255), nullable=True),
        sa.Column("resource_uuid", sa.String(length=36), nullable=True),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("action_id", sa.String(length=10), nullable=False),
        sa.Column("detail_id", sa.String(length=10), nullable=False),
        sa.Column("message_level", sa.String(length=255), nullable=False),
        sa.Column("created_at", DateTime, nullable=True),
        sa.Column("expires_at", DateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    op.create_index(
        "ix_messages_project_list", "messages", ["project_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_messages_expires_at", "messages", ["expires_at"], unique=False)
