# SPDX-License-Identifier: Apache-2.0
"""An index for the attachments of a server, which Nova lists whenever it reboots one."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_index(
        "ix_volume_attachment_instance_uuid",
        "volume_attachment",
        ["instance_uuid", "deleted"],
        unique=False,
    )
