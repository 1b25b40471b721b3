# SPDX-License-Identifier: Apache-2.0
"""Lists of snapshots: filters, order, pages, and who sees whose."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from cinder_lite import states
from tests.unit import rows
from tests.unit.api.client import ADMIN, MEMBER, NOBODY, OTHER_PROJECT, PROJECT, Client
from tests.unit.conftest import SetOption

START = datetime.datetime(2026, 1, 1, 12)


@pytest.fixture
def five(api: Client) -> dict[str, str]:
    """Make a, b, c, d, in this order, and e of another project; return names by id."""
    one = rows.volume(project_id=PROJECT, size=1)
    two = rows.volume(project_id=PROJECT, size=2, host="two@file#file", availability_zone="east")
    other = rows.volume(project_id=OTHER_PROJECT)
    made = {}
    for number, (name, volume, values) in enumerate(
        [
            ("a", one, {"metadata": {"k": "1", "l": "x"}}),
            ("b", two, {"status": states.ERROR, "use_quota": False}),
            ("c", one, {"metadata": {"k": "2"}}),
            ("d", two, {"display_description": None}),
            ("e", other, {}),
        ]
    ):
        time = START + datetime.timedelta(minutes=number)
        snapshot = rows.snapshot(volume, display_name=name, created_at=time, **values)
        made[snapshot.id] = name
    made["volume of a"] = one.id
    return made


def listed(
    api: Client,
    query: str = "",
    *,
    version: str = "3.71",
    token: str = ADMIN,
    path: str = "/snapshots",
) -> str:
    answer = api("GET", f"{path}?{query}", version=version, token=token)
    assert answer.status == 200, answer.raw
    return "".join(one["name"] for one in answer.json["snapshots"])


def test_the_newest_comes_first(api: Client, five: dict[str, str]) -> None:
    assert listed(api) == "dcba"
    assert listed(api, path="/snapshots/detail", token=MEMBER) == "dcba"


def test_brief_and_detailed_fields(api: Client, five: dict[str, str]) -> None:
    brief = api("GET", "/snapshots").json["snapshots"][1]
    assert set(brief) == {
        "id",
        "created_at",
        "updated_at",
        "name",
        "description",
        "volume_id",
        "status",
        "size",
        "metadata",
    }
    assert brief["metadata"] == {"k": "2"}
    assert brief["created_at"] == "2026-01-01T12:02:00.000000"
    full = api("GET", "/snapshots/detail").json["snapshots"][1]
    assert set(full) - set(brief) == {
        "group_snapshot_id",
        "user_id",
        "consumes_quota",
        "os-extended-snapshot-attributes:progress",
        "os-extended-snapshot-attributes:project_id",
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("name=b", "b"),
        ("status=available", "dca"),
        ("status=available&name=a", "a"),
        ("metadata={'k':'1'}", "a"),
        ('metadata={"k":"1","l":"x"}', "a"),
        ("metadata={'k':'1','l':'y'}", ""),
        ("metadata=k", ""),
        ("availability_zone=east", "db"),
        ("consumes_quota=false", "b"),
        ("name~=b", "b"),
    ],
)
def test_filters_of_everybody(
    api: Client, five: dict[str, str], option: SetOption, query: str, expected: str
) -> None:
    assert listed(api, query) == expected
    if "~" not in query:  # the operator's choice, and not his by default
        assert listed(api, query, token=MEMBER) == expected


def test_filter_by_volume(api: Client, five: dict[str, str]) -> None:
    assert listed(api, f"volume_id={five['volume of a']}", token=MEMBER) == "ca"
    assert listed(api, f"volume_id={NOBODY}", token=MEMBER) == ""


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("all_tenants=1", "edcba"),
        ("all_tenants=true&status=error", "b"),
        ("all_tenants=0", "dcba"),
        (f"all_tenants=1&project_id={OTHER_PROJECT}", "e"),
        (f"project_id={OTHER_PROJECT}", "dcba"),
        ("host=two@file#file", "db"),
        ("host=two@file", "db"),
        ("host=two", "db"),
        ("host=tw", ""),
        ("user_id=user-1", "dcba"),
        ("nonsense=1", ""),
    ],
)
def test_filters_of_administrators(
    api: Client, five: dict[str, str], query: str, expected: str
) -> None:
    assert listed(api, query) == expected


@pytest.mark.parametrize(
    ("query", "version", "expected"),
    [
        ("host=two", "3.30", "dcba"),
        ("metadata={'k':'1'}", "3.21", "dcba"),
        ("metadata={'k':'1'}", "3.22", "a"),
        ("name=a", "3.0", "a"),
        ("all_tenants=1", "3.71", "dcba"),
        ("all_tenants=1", "3.0", "dcba"),
        ("with_count=1", "3.30", "dcba"),
    ],
)
def test_what_a_member_may_not_use_is_passed_over_in_old_versions(
    api: Client, five: dict[str, str], query: str, version: str, expected: str
) -> None:
    assert listed(api, query, version=version, token=MEMBER) == expected


@pytest.mark.parametrize("query", ["host=two", "nonsense=1", "user_id=x", "with_count=1"])
def test_and_refused_in_new_ones(api: Client, five: dict[str, str], query: str) -> None:
    version = "3.44" if "with_count" in query else "3.71"
    answer = api("GET", f"/snapshots?{query}", token=MEMBER, version=version)
    assert answer.status == 400
    assert "Invalid filters" in answer.sentence


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sort=name:asc", "abcd"),
        ("sort=name", "dcba"),
        ("sort_key=display_name&sort_dir=asc", "abcd"),
        ("sort=status:asc,created_at:asc", "acdb"),
        ("sort=volume_size:desc,created_at:desc", "dbca"),
        ("limit=2", "dc"),
        ("limit=0", ""),
        ("limit=2&offset=1", "cb"),
        ("offset=3", "a"),
    ],
)
def test_order_and_pages(api: Client, five: dict[str, str], query: str, expected: str) -> None:
    assert listed(api, query) == expected


def test_pages_follow_each_other(api: Client, five: dict[str, str]) -> None:
    path: str | None = "/snapshots/detail?limit=2&sort=name:asc&status=available"
    seen: list[Any] = []
    while path:
        answer = api("GET", path).json
        seen.append("".join(one["name"] for one in answer["snapshots"]))
        links = answer.get("snapshots_links")
        path = links[0]["href"].partition(":8776")[2] if links else None
    assert seen == ["ac", "d"]


def test_a_marker_that_is_none(api: Client, five: dict[str, str]) -> None:
    assert api("GET", f"/snapshots?marker={NOBODY}").status == 404
    of_other = next(key for key, name in five.items() if name == "e")
    assert api("GET", f"/snapshots?marker={of_other}", token=MEMBER).status == 404


@pytest.mark.parametrize(
    ("query", "version", "status"),
    [
        ("sort=nonsense", "3.71", 400),
        ("sort=name", "3.29", 400),
        ("sort=name", "3.30", 200),
        ("limit=-1", "3.71", 400),
        ("limit=x", "3.71", 400),
        ("with_count=perhaps", "3.71", 400),
        ("consumes_quota=perhaps", "3.71", 400),
    ],
)
def test_queries_that_are_wrong(api: Client, query: str, version: str, status: int) -> None:
    assert api("GET", f"/snapshots?{query}", version=version).status == status


def test_the_count_is_of_all_pages(api: Client, five: dict[str, str]) -> None:
    answer = api("GET", "/snapshots?limit=1&with_count=true&status=available").json
    assert (len(answer["snapshots"]), answer["count"]) == (1, 3)
    assert "count" not in api("GET", "/snapshots?with_count=false").json
