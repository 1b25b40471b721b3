# SPDX-License-Identifier: Apache-2.0
"""Pages and filters of small tables: NULL has its place, and a page begins after its marker."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from cinder_lite.db import engine, models, pages

pytestmark = pytest.mark.usefixtures("database")

T = models.group_types
_NOW = datetime.datetime(2026, 1, 1, 12, 0, 0, 5)
_ROWS = {"a": ("x", 3), "b": (None, 2), "c": ("y", 1), "d": (None, 0), "e": ("x", 4)}
"""Description and age in minutes by id."""


@pytest.fixture(autouse=True)
def _rows(database: str) -> None:
    """Fill the table."""
    with engine.transaction() as connection:
        connection.execute(sa.delete(models.group_type_specs))
        connection.execute(sa.delete(T))
        for key, (text, age) in _ROWS.items():
            row = {
                "id": key,
                "name": f"n_{key}",
                "description": text,
                "is_public": key != "e",
                "created_at": _NOW - datetime.timedelta(minutes=age),
                "deleted": False,
            }
            connection.execute(sa.insert(T), row)


def _ids(window: pages.Window, *where: sa.ColumnElement[bool], **filters: str) -> str:
    clauses = pages.clauses(T, filters, set(T.c.keys()) - {"updated_at"})
    with engine.statement() as connection:
        rows = pages.rows(connection, T, [T.c.id], where, window, clauses)
    return "".join(row.id for row in rows)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ((("created_at", "desc"),), "dcbae"),
        ((("created_at", "asc"),), "eabcd"),
        ((("description", "asc"),), "bdeac"),
        ((("description", "desc"),), "caedb"),
        ((("description", "asc"), ("id", "desc")), "dbeac"),
        ((("is_public", "asc"), ("id", "desc")), "edcba"),
    ],
)
def test_every_page_begins_after_the_one_before(
    sort: Sequence[tuple[str, str]], expected: str
) -> None:
    whole = pages.Window(sort=tuple(sort))
    assert _ids(whole) == expected
    seen, marker = "", None
    while page := _ids(whole._replace(limit=2, marker=marker)):
        seen += page
        marker = page[-1]
    assert seen == expected
    assert _ids(whole._replace(offset=3)) == expected[3:]


def test_a_marker_must_be_visible_but_need_not_match() -> None:
    window = pages.Window(marker="c")
    assert _ids(window, description="x") == "ae"
    with pytest.raises(pages.MarkerNotFound):
        _ids(window, T.c.id != "c")
    with pytest.raises(pages.MarkerNotFound):
        _ids(pages.Window(marker="nosuch"))


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"description": "x"}, "ae"),
        ({"is_public": "False"}, "e"),
        ({"is_public": "junk"}, ""),
        ({"created_at": "2026-01-01T12:00:00.000005"}, "d"),
        ({"created_at": "junk"}, ""),
        ({"name~": "n_"}, "dcbae"),
        ({"name~": "n%"}, ""),
        ({"created_at~": "2026"}, "dcbae"),
        ({"updated_at": "x"}, ""),
        ({"nosuch~": "x"}, ""),
    ],
)
def test_filters(filters: dict[str, str], expected: str) -> None:
    assert _ids(pages.Window(), **filters) == expected
