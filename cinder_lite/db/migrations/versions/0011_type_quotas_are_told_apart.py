# SPDX-License-Identifier: Apache-2.0
"""Quotas of types are told apart by case and spaces of the type's name, on MySQL and MariaDB, too.

Their default collations took ``gigabytes_ssd`` for ``gigabytes_SSD``: a type that was renamed from
one to the other lost its limits and usages, and a new one counted under the name of a deleted one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = ("quota_classes", "quota_usages", "quotas")


def upgrade() -> None:
    """Bring the schema to this revision."""
    connection = op.get_bind()
    dialect = connection.dialect
    if dialect.name not in ("mysql", "mariadb"):
        return
    _respell_usages(connection)
    exact = "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
    for table in TABLES:
        op.alter_column(
            table,
            "resource",
            existing_type=sa.String(300),
            existing_nullable=False,
            type_=mysql.VARCHAR(300, charset="utf8mb4", collation=exact),
        )


def _respell_usages(connection: sa.Connection) -> None:
    """Name what counts for a type as the type is spelled now, while both still compare equal."""
    types = sa.table("volume_types", sa.column("name"), sa.column("deleted"))
    usages = sa.table("quota_usages", sa.column("resource"))
    living = sa.select(types.c.name).where(types.c.deleted == sa.false())
    for name in connection.execute(living).scalars().all():
        for part in ("volumes", "gigabytes", "snapshots"):
            same = usages.c.resource == f"{part}_{name}"
            connection.execute(sa.update(usages).where(same).values(resource=f"{part}_{name}"))
