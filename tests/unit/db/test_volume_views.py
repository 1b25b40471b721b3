# SPDX-License-Identifier: Apache-2.0
"""What the API reads of volumes; the same statements run on MariaDB and PostgreSQL."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

from cinder_lite import exception
from cinder_lite.db import engine, host_totals, volume_sql, volume_types, volume_views, volumes
from cinder_lite.db.volume_views import FIELDS, INDEX, Condition, Query
from tests.unit import rows

pytestmark = pytest.mark.usefixtures("sqlite_database")


def _named(row: list[Any]) -> dict[str, Any]:
    return dict(zip(FIELDS, row, strict=True))


def test_show() -> None:
    kind = volume_types.create({"name": "gold"}, {})
    made = volumes.create(
        {
            "project_id": "p",
            "size": 1,
            "status": "available",
            "display_name": 'a "b" \\ \n ö 中',
            "volume_type_id": kind.id,
        },
        {"k": 'v"\\', "ö": "中"},
    )
    row = _named(volume_views.show(made.id, "p", hide_temporary=True))
    assert (row["id"], row["volume_type"]) == (made.id, "gold")
    assert row["display_name"] == 'a "b" \\ \n ö 中'
    assert row["metadata"] == {"k": 'v"\\', "ö": "中"}
    assert row["attachments"] == []
    listed = _named(volume_views.listing(Query(project_id="p"))[0])
    assert listed == row


def test_show_of_another_projects_volume() -> None:
    made = rows.volume(project_id="p")
    assert volume_views.show(made.id, None, hide_temporary=True)[0] == made.id
    for volume_id, project in ((made.id, "other"), (rows.new_id(), None)):
        with pytest.raises(exception.VolumeNotFound):
            volume_views.show(volume_id, project, hide_temporary=True)


def test_a_deleted_volume_is_gone() -> None:
    made = rows.volume()
    volumes.destroy(made.id)
    with pytest.raises(exception.VolumeNotFound):
        volume_views.show(made.id, None, hide_temporary=False)
    assert volume_views.listing(Query()) == []
    assert volume_views.count(Query()) == 0


def test_row_of_is_what_show_reads() -> None:
    made = rows.volume(host=None)
    written = volume_views.row_of(made, None, {})
    read = volume_views.show(made.id, None, hide_temporary=False)
    for name in ("bootable", "multiattach", "use_quota"):
        read[INDEX[name]] = bool(read[INDEX[name]])
    assert written == read


@pytest.mark.parametrize(
    ("values", "temporary"),
    [
        ({"migration_status": "target:x"}, True),
        ({"migration_status": "deleting", "use_quota": False}, True),
        ({"migration_status": "deleting"}, False),
        ({"migration_status": "success", "use_quota": False}, False),
        ({}, False),
    ],
)
def test_temporary_rows(values: dict[str, Any], temporary: bool) -> None:
    made = rows.volume(**values)
    assert volume_views.is_temporary(made) is temporary
    assert volume_views.count(Query()) == (0 if temporary else 1)
    assert volume_views.count(Query(hide_temporary=False)) == 1
    if temporary:
        with pytest.raises(exception.VolumeNotFound):
            volume_views.show(made.id, None, hide_temporary=True)


def test_every_page_of_every_order_has_every_volume_once() -> None:
    start = datetime.datetime(2026, 1, 1)
    for number in range(23):
        rows.volume(
            project_id="p",
            display_name=None if number % 3 == 0 else f"n{number % 5}",
            migration_status=[None, "success", "error"][number % 3],
            size=1 + number % 2,
            use_quota=False,
            created_at=start + datetime.timedelta(seconds=number // 4),
        )
    whole = {row[0] for row in volume_views.listing(Query())}
    for sort in (
        (("created_at", "desc"),),
        (("created_at", "asc"),),
        (("display_name", "asc"),),
        (("display_name", "desc"),),
        (("size", "desc"), ("display_name", "asc"), ("migration_status", "desc")),
        (("migration_status", "asc"), ("id", "desc")),
        (("host", "asc"),),
    ):
        ordered = [row[0] for row in volume_views.listing(Query(sort=sort))]
        seen: list[str] = []
        marker = None
        while True:
            page = volume_views.listing(Query(sort=sort, limit=4, marker=marker))
            seen += [row[0] for row in page]
            if len(page) < 4:
                break
            marker = page[-1][0]
        assert seen == ordered
        assert set(seen) == whole


def test_a_statement_is_compiled_once_per_shape() -> None:
    rows.volume()
    volume_sql.page.cache_clear()
    for number in range(5):
        volume_views.listing(Query(conditions=(Condition("eq", "size", number),), limit=number))
    assert volume_sql.page.cache_info().misses == 1


def test_a_list_is_one_query(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        rows.volume()
    run: list[str] = []
    fetch = volume_sql.Statement.fetch

    def count(self: volume_sql.Statement, *args: Any) -> Any:
        run.append(self.sql)
        return fetch(self, *args)

    monkeypatch.setattr(volume_sql.Statement, "fetch", count)
    assert len(volume_views.listing(Query())) == 3
    assert len(run) == 1


def test_an_error_of_the_driver_is_sqlalchemys(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = volume_sql.Statement("SELECT nonsense FROM nowhere", (), {})
    with engine.statement() as connection, pytest.raises(sa.exc.DBAPIError):
        broken.fetch(connection, {})


@pytest.mark.parametrize("text", ["100%", "a_b", "a!b", "%", "_"])
def test_like_takes_every_character_for_itself(text: str) -> None:
    rows.volume(display_name=f"x{text}y")
    rows.volume(display_name="xzzzy")
    assert volume_views.count(Query(conditions=(Condition("like", "display_name", text),))) == 1


def test_totals_of_a_host() -> None:
    rows.volume(project_id="a", size=2)
    rows.volume(project_id="b", host="one@other#x")
    rows.volume(project_id="b", host="oneandonly@file#file")
    assert host_totals.of("one@file") == [("a", 1, 2, 0, 0)]
    assert host_totals.of("one@other") == [("b", 1, 1, 0, 0)]


def test_nulls_are_ordered_as_by_mysql_everywhere() -> None:
    shape: volume_sql.Shape = (False, False, ())
    for direction, words in (("asc", "NULLS FIRST"), ("desc", "NULLS LAST")):
        sort = (("display_name", direction),)
        assert words in volume_sql.page(postgresql.dialect(), shape, sort, None).sql
        assert "NULLS" not in volume_sql.page(mysql.dialect(), shape, sort, None).sql


def test_an_index_that_begins_with_deleted_can_be_used() -> None:
    statement = volume_sql.page(mysql.dialect(), (True, False, ()), (("created_at", "desc"),), None)
    assert "v.deleted = false AND v.project_id =" in statement.sql


@pytest.mark.parametrize(
    ("of_project", "index"), [(True, "ix_volumes_project_list"), (False, "ix_volumes_all_list")]
)
def test_mysql_is_told_by_which_index_to_page(of_project: bool, index: str) -> None:
    after = (("created_at", "desc", False), ("id", "desc", False))
    sort = (("created_at", "desc"),)
    asked = (of_project, True, ())
    page = volume_sql.page(mysql.dialect(), asked, sort, after)
    assert f"FORCE INDEX FOR ORDER BY ({index})" in page.sql
    assert "FORCE" not in volume_sql.page(mysql.dialect(), asked, sort, None).sql
    assert "FORCE" not in volume_sql.page(postgresql.dialect(), asked, sort, after).sql
    filtered = (of_project, True, (("eq", "status"),))
    assert "FORCE" not in volume_sql.page(mysql.dialect(), filtered, sort, after).sql
