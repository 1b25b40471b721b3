# SPDX-License-Identifier: Apache-2.0
"""Attachments: how they are found, and what a lost answer of the database makes of them."""

from __future__ import annotations

import sqlalchemy as sa

from cinder_lite.db import conditions as cond
from cinder_lite.db import engine, models, volume_migrations
from cinder_lite.db import volume_attachments as db
from tests.unit import rows


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


def test_a_lost_answer_makes_no_second_attachment(lost: list[bool]) -> None:
    volume = rows.volume()
    lost.append(True)
    unused = cond.In("it is {volume.status}.", "status", ("available",))
    values = {"instance_uuid": "server", "attach_status": "reserved"}
    made = db.reserve(volume.id, [unused], values, {"status": "reserved"})
    assert made is not None
    assert not lost
    assert [one.id for one in db.of_volume(volume.id)] == [made.id]


def test_a_lost_answer_does_not_refuse_a_move_that_has_begun(lost: list[bool]) -> None:
    volume = rows.volume()
    lost.append(True)
    idle = cond.In("it is moving.", "migration_status", (None,))
    record = {
        "status": "running",
        "source_host": "a@b#c",
        "dest_host": "d@e#f",
        "phase": "starting",
    }
    begun = volume_migrations.begin(volume.id, [idle], {"migration_status": "starting"}, record)
    assert begun is not None
    assert not lost
    assert [one.id for one in volume_migrations.running()] == [begun.id]
