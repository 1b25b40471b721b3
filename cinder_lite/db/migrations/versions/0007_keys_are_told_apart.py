# SPDX-License-Identifier: Apache-2.0
"""Keys of metadata and of specs are told apart by case and spaces, on MySQL and MariaDB, too.

Their default collations take ``a``, ``A`` and ``a `` for one, so that a volume could not have all
three, and that one was found by the name of another.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = (
    "group_type_specs",
    "qos_specs_items",
    "snapshot_metadata",
    "volume_admin_metadata",
    "volume_glance_metadata",
    "volume_metadata",
    "volume_type_extra_specs",
)


def upgrade() -> None:
    """Bring the schema to this revision."""
    dialect = op.get_bind().dialect
    if dialect.name not in ("mysql", "mariadb"):
        return
    exact = "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
    for table in TABLES:
        op.alter_column(
            table,
            "key",
            existing_type=sa.String(255),
            existing_nullable=False,
            type_=mysql.VARCHAR(255, charset="utf8mb4", collation=exact),
        )
