# SPDX-License-Identifier: Apache-2.0
"""The schema: the migrations make what models.py says; purge removes what is old."""

from __future__ import annotations

import datetime

import pytest
import sqlalchemy as sa
from alembic import autogenerate
from alembic.runtime import migration as alembic_migration

from cinder_lite import states
from cinder_lite.context import RequestContext
from cinder_lite.db import (
    engine,
    models,
    schema,
    services,
    volume_metadata,
    volume_migrations,
    volume_types,
    volumes,
)
from cinder_lite.objects import utcnow
from tests.unit import rows
from tests.unit.conftest import SetOption

pytestmark = pytest.mark.usefixtures("database")


def test_the_migrations_make_the_models() -> None:
    with engine.transaction() as connection:
        context = alembic_migration.MigrationContext.configure(
            connection, opts={"compare_type": True}
        )
        assert autogenerate.compare_metadata(context, models.metadata) == []


def test_the_schema_is_at_the_newest_version() -> None:
    assert schema.current() == schema.newest()


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_tables_hold_all_of_unicode(dialect: str) -> None:
    statements: list[str] = []
    mock = sa.create_mock_engine(
        f"{dialect}+pymysql://",
        lambda ddl, *_: statements.append(str(ddl.compile(dialect=mock.dialect))),
    )
    models.metadata.create_all(mock, checkfirst=False)
    tables = [text for text in statements if "CREATE TABLE" in text]
    assert len(tables) == len(models.metadata.tables)
    assert all("CHARSET=utf8mb4" in text for text in tables)


def test_a_text_is_stored_as_it_was_given(admin: RequestContext) -> None:
    name = "\u65e5\u672c \N{PINEAPPLE} \xe9"
    made = rows.volume(display_name=name)
    assert volumes.get(admin, made.id).display_name == name


def test_keys_are_told_apart_by_case_and_spaces() -> None:
    wanted = {"a": "1", "A": "2", "a ": "3", "\xe4": "4"}
    volume = rows.volume()
    volume_metadata.replace(volume.id, wanted)
    assert volume_metadata.get(volume.id) == wanted


def test_sync_may_be_run_again(admin: RequestContext) -> None:
    schema.sync()
    schema.sync()
    names = [t.name for t in volume_types.listing(admin)]
    assert names == ["__DEFAULT__"]


def test_the_default_type_comes_back_when_it_was_deleted(admin: RequestContext) -> None:
    schema.sync()
    volume_types.destroy(volume_types.get_by_name(admin, "__DEFAULT__").id)
    schema.sync()
    assert volume_types.get_by_name(admin, "__DEFAULT__").is_public


def test_no_type_is_made_when_the_operator_has_another_default(
    option: SetOption, admin: RequestContext
) -> None:
    for made in volume_types.listing(admin):
        volume_types.destroy(made.id)
    option("default_volume_type", "mine")
    schema.sync()
    assert volume_types.listing(admin) == []


def _age(table: sa.Table, key: str, column: str) -> None:
    old = utcnow() - datetime.timedelta(days=40)
    with engine.transaction() as connection:
        connection.execute(sa.update(table).where(table.c.id == key).values({column: old}))


def test_purge_removes_old_deleted_rows_and_what_hangs_on_them() -> None:
    old, young, alive = rows.volume(), rows.volume(), rows.volume()
    ended, current = rows.migration(old), rows.migration(alive)
    volume_migrations.update(ended.id, {"status": states.RECORD_ERROR, "finished_at": utcnow()})
    for volume in (old, young):
        volumes.destroy(volume.id)
    _age(models.volumes, old.id, "deleted_at")
    service = rows.service()
    services.destroy(service.id)
    with engine.transaction() as connection:
        connection.execute(
            sa.update(models.services).values(deleted_at=utcnow() - datetime.timedelta(days=40))
        )

    gone = schema.purge(30)

    assert (gone["volumes"], gone["volume_migrations"], gone["services"]) == (1, 1, 1)
    with engine.statement() as connection:
        left = set(connection.execute(sa.select(models.volumes.c.id)).scalars())
        records = set(connection.execute(sa.select(models.volume_migrations.c.id)).scalars())
    assert left == {young.id, alive.id}
    assert records == {current.id}


def test_purge_keeps_records_of_moves_that_run(admin: RequestContext) -> None:
    volume = rows.volume()
    running, ended = rows.migration(volume), rows.migration(volume)
    volume_migrations.update(ended.id, {"status": states.RECORD_SUCCESS, "finished_at": utcnow()})
    _age(models.volume_migrations, ended.id, "finished_at")
    _age(models.volume_migrations, running.id, "created_at")
    schema.purge(30)
    assert volume_migrations.get(running.id).status == states.RECORD_RUNNING
    assert volume_migrations.running_of_volume(volume.id) is not None
    with pytest.raises(Exception, match=ended.id):
        volume_migrations.get(ended.id)
