# SPDX-License-Identifier: Apache-2.0
"""Attachments: how they are found."""

from __future__ import annotations

import sqlalchemy as sa

from cinder_lite.db import engine, models


def test_the_attachments_of_a_server_are_found_by_an_index(sqlite_database: str) -> None:
    table = models.volume_attachment.c
    query = sa.select(table.id).where(
        table.instance_uuid == "5e4e0000-0000-0000-0000-000000000001",
        table.deleted == sa.false(),
    )
    with engine.statement() as connection:
        text = str(query.compile(connection.engine, compile_kwargs={"literal_binds": True}))
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").fetchall()
    assert "ix_volume_attachment_instance_uuid" in str(plan)
