# SPDX-License-Identifier: Apache-2.0
"""A move's record names the server that lets go of the volume meanwhile, and how it used it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    with op.batch_alter_table("volume_migrations") as table:
        table.add_column(
            sa.Column("offline_servers", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        table.add_column(sa.Column("server_id", sa.String(36), nullable=True))
        table.add_column(sa.Column("server_use", sa.Text(), nullable=True))
