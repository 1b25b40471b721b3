# SPDX-License-Identifier: Apache-2.0
"""Indexes for lists of volumes by name and by status, which many volumes made slow."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_index("ix_volumes_name", "volumes", ["display_name", "deleted", "project_id"])
    op.create_index("ix_volumes_status", "volumes", ["status", "deleted", "project_id"])
