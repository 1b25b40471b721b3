# SPDX-License-Identifier: Apache-2.0
"""Metadata of snapshots, and an index for the list of every project's snapshots."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        "snapshot_metadata",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("snapshot_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshots.id"], name=op.f("fk_snapshot_metadata_snapshot_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot_metadata")),
        sa.UniqueConstraint(
            "snapshot_id", "key", name=op.f("uq_snapshot_metadata_snapshot_id_key")
        ),
    )
    op.create_index(
        "ix_snapshots_all_list", "snapshots", ["deleted", "created_at", "id"], unique=False
    )
