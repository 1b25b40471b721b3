# SPDX-License-Identifier: Apache-2.0
"""A move's record tells that it is to be aborted, so that no crash forgets it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    with op.batch_alter_table("volume_migrations") as table:
        table.add_column(
            sa.Column("abort_requested", sa.Boolean(), nullable=False, server_default=sa.false())
        )
