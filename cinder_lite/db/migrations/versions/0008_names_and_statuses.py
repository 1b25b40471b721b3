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
    for name in ("name", "status"):
        column = "display_name" if name == "name" else name
        op.create_index(f"ix_volumes_{name}", "volumes", [column, "deleted", "project_id"])
