# SPDX-License-Identifier: Apache-2.0
"""Lists of volumes: paging, order, filters. The cases are those recorded from Cinder 29."""

from __future__ import annotations

import datetime
import pathlib
from typing import Any

import pytest

from cinder_lite.db import volumes
from tests.unit.api.client import HOST, MEMBER, NOBODY, PROJECT, Client
from tests.unit.conftest import SetOption

START = datetime.datetime(2026, 1, 1, 12, 0, 0)


@pytest.fixture
def ids(api: Client) -> dict[str, str]:
    """Create five volumes, a minute apart; return their ids by name."""
    made: dict[str, str] = {}
    for number, (name, values, metadata) in enumerate(
        [
            ("a", {"status": "error"}, {}),
            ("b", {"size": 2}, {"k1": "v1"}),
            ("c", {"migration_status": "success", "bootable": True}, {"k1": "v1", "k2": "v2"}),
            ("d", {"display_name": None, "host": "two@file#gold"}, {}),
            ("e", {"migration_status": "error", "use_quota": False}, {"k1": "other"}),
        ]
    ):
        row: dict[str, Any] = {
            "project_id": PROJECT,
            "user_id": "admin",
            "size": 1,
            "status": "available",
            "attach_status": "detached",
            "availability_zone": "nova",
            "display_name": f"vol-{name}",
            "host": "one@file#file",
            "created_at": START + datetime.timedelta(minutes=number),
            "bootable": False,
            "use_quota": False,
            **values,
        }
        made[name] = volumes.create({**row, "use_quota": name != "e"}, metadata).id
    return made


def _names(api: Client, ids: dict[str, str], query: str, **options: Any) -> str:
    answer = api("GET", f"/volumes{query}", **options)
    assert answer.status == 200, answer.raw
    by_id = {volume_id: name for name, volume_id in ids.items()}
    return "".join(by_id[volume["id"]] for volume in answer.json["volumes"])


# --- paging ----------------------------------------------------------------------------------


def test_pages_follow_each_other(api: Client, ids: dict[str, str]) -> None:
    for sort, order in (
        ("", "edcba"),
        ("&sort=created_at:asc", "abcde"),
        ("&sort=name:asc", "dabce"),
        ("&sort=name:desc", "ecbad"),
        ("&sort=migration_status:asc", "abdec"),
        ("&sort=migration_status:desc", "cedba"),
        ("&sort=size:desc,name:asc", "bdace"),
        ("&sort_key=host&sort_dir=asc", "abced"),
        ("&sort=bootable,status:asc", "cabde"[:1] + "aedb"),
    ):
        seen, query = "", f"?limit=2{sort}"
        for _ in range(4):
            answer = api("GET", f"/volumes{query}").json
            seen += _names(api, ids, query)
            if "volumes_links" not in answer:
                break
            (link,) = answer["volumes_links"]
            assert link["rel"] == "next"
            base = f"http://{HOST}/v3/{PROJECT}/volumes"
            assert link["href"].startswith(f"{base}?limit=2")
            query = link["href"].removeprefix(base)
        assert sorted(seen) == list("abcde"), sort
        assert seen == order or sort.startswith("&sort=bootable")


def test_the_next_link(api: Client, ids: dict[str, str]) -> None:
    answer = api("GET", "/volumes/detail?limit=2&sort=created_at:asc&offset=1").json
    assert answer["volumes_links"] == [
        {
            "rel": "next",
            "href": f"http://{HOST}/v3/{PROJECT}/volumes/detail?limit=2&sort=created_at%3Aasc"
            f"&marker={ids['c']}",
        }
    ]
    assert "volumes_links" not in api("GET", "/volumes").json


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("?limit=0", ""),
        ("?limit=1000", "edcba"),
        ("?limit=99999999999999999999", "edcba"),
        ("?offset=1", "dcba"),
        ("?offset=2&limit=2", "cb"),
        ("?offset=99999", ""),
        ("?limit=2&limit=3", "edc"),
    ],
)
def test_limit_and_offset(api: Client, ids: dict[str, str], query: str, seen: str) -> None:
    assert _names(api, ids, query) == seen


def test_a_page_is_never_larger_than_configured(
    api: Client, ids: dict[str, str], option: SetOption
) -> None:
    option("osapi_max_limit", 3)
    assert _names(api, ids, "?limit=4") == "edc"
    assert "volumes_links" in api("GET", "/volumes").json


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ("?limit=-1", 400, "limit param must be positive"),
        ("?limit=abc", 400, "limit param must be an integer"),
        ("?limit=", 400, "limit param must be an integer"),
        ("?limit=1.5", 400, "limit param must be an integer"),
        ("?offset=-1", 400, "offset must be >= 0"),
        ("?offset=abc", 400, "offset must be an integer"),
        ("?offset=99999999999999999999", 400, "offset must be <= 2147483647"),
        (f"?marker={NOBODY}", 404, f"Volume {NOBODY} could not be found."),
        ("?marker=abc", 404, "Volume abc could not be found."),
        ("?marker=", 404, "Volume  could not be found."),
        ("?sort=bogus", 400, "Invalid input received: Invalid sort key"),
        ("?sort=", 400, "Invalid input received: Invalid sort key"),
        ("?sort=,", 400, "Invalid input received: Invalid sort key"),
        ("?sort=metadata", 400, "Invalid input received: Invalid sort key"),
        ("?sort_key=bogus", 400, "Invalid input received: Invalid sort key"),
        ("?sort_key=", 400, "Invalid input received: Invalid sort key"),
        (
            "?sort=name:up",
            400,
            "Invalid input received: Unknown sort direction, must be 'desc' or 'asc'.",
        ),
        (
            "?sort=name:ASC",
            400,
            "Invalid input received: Unknown sort direction, must be 'desc' or 'asc'.",
        ),
        (
            "?sort_dir=",
            400,
            "Invalid input received: Unknown sort direction, must be 'desc' or 'asc'.",
        ),
        (
            "?sort_key=name,size&sort_dir=asc,desc",
            400,
            "Invalid input received: Unknown sort direction, must be 'desc' or 'asc'.",
        ),
        (
            "?sort_key=name&sort=name",
            400,
            "The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with "
            "the 'sort' parameter.",
        ),
    ],
)
def test_wrong_pages(api: Client, query: str, status: int, sentence: str) -> None:
    for path in ("/volumes", "/volumes/detail"):
        answer = api("GET", path + query)
        assert (answer.status, answer.sentence) == (status, sentence)


def test_a_marker_of_another_project_is_none(api: Client, ids: dict[str, str]) -> None:
    other = volumes.create({"size": 1, "project_id": "other", "status": "available"}, {})
    assert api("GET", f"/volumes?marker={other.id}", token=MEMBER).status == 404
    assert api("GET", f"/volumes?all_tenants=1&marker={other.id}").status == 200


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("?sort=name", "ecbad"),
        ("?sort=name:", "ecbad"),
        ("?sort=display_name:asc", "dabce"),
        ("?sort_key=name&sort_dir=asc", "dabce"),
        ("?sort_dir=asc", "abcde"),
        ("?sort=host", "decba"),
        ("?sort=size:desc", "bedca"),
        ("?sort=status:asc", "bcdea"),
        ("?sort=name:asc,name:desc", "dabce"),
    ],
)
def test_order(api: Client, ids: dict[str, str], query: str, seen: str) -> None:
    assert _names(api, ids, query) == seen


# --- filters ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("status=error", "a"),
        ("status=ERROR", "a"),
        ("status=nope", ""),
        ("status=", ""),
        ("status=error&status=available", "edcb"),
        ("name=vol-a", "a"),
        ("name=vol", ""),
        ("name~=vol", "ecba"),
        ("name~=%25", ""),
        ("display_name=vol-b", "b"),
        ("name=vol-a&status=available", ""),
        ("metadata={'k1': 'v1'}", "cb"),
        ('metadata={"k1": "v1"}', "cb"),
        ("metadata={'k1': 'v1', 'k2': 'v2'}", "c"),
        ("metadata={'k1': 'v2'}", ""),
        ("metadata=junk", ""),
        ("metadata=[1]", ""),
        ("metadata={'a':", ""),
        ("bootable=true", "c"),
        ("bootable=False", "edba"),
        ("bootable=1", "c"),
        ("migration_status=success", "c"),
        ("migration_status=None", "dba"),
        ("migration_status=none", ""),
        ("size=2", "b"),
        ("size=abc", ""),
        ("size=99999999999999999999", ""),
        ("availability_zone=nova", "edcba"),
        ("availability_zone=mars", ""),
        ("host=one", "ecba"),
        ("host=two@file", "d"),
        ("host=two@file%23gold", "d"),
        ("host=tw", ""),
        ("user_id=admin", "edcba"),
        ("attach_status=detached", "edcba"),
        ("replication_status=disabled", ""),
        ("consumes_quota=true", "dcba"),
        ("consumes_quota=false", "e"),
        ("use_quota=true", "dcba"),
        ("multiattach=false", "edcba"),
        ("deleted=false", "edcba"),
        ("deleted=true", ""),
        ("encrypted=false", ""),
        ("bogus=1", ""),
        ("tenant_id=x", ""),
        ("volume_type=__DEFAULT__", ""),
        ("glance_metadata={'a': 'b'}", ""),
        ("created_at=gt:2026-01-01T12:01:30", "edc"),
        ("created_at=gt:2026-01-01T12:01:30Z", "edc"),
        ("created_at=gte:2026-01-01T12:01:00,lt:2026-01-01T12:03:00", "cb"),
        ("created_at=neq:2026-01-01T12:01:00", "edca"),
        ("created_at=eq:2026-01-01T12:01:00", "b"),
        ("created_at=lt:2020-01-01", ""),
    ],
)
def test_filters_of_an_administrator(
    api: Client, ids: dict[str, str], query: str, seen: str
) -> None:
    query = query.replace(" ", "%20").replace('"', "%22")
    assert _names(api, ids, f"?{query}") == seen


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("bootable=maybe", "Invalid input received: 'bootable = maybe'"),
        ("bootable=", "Invalid input received: 'bootable = '"),
        ("multiattach=maybe", "Invalid input received: 'multiattach = maybe'"),
        ("consumes_quota=maybe", "Value 'maybe' for 'use_quota' is not a boolean."),
        ("created_at=gt:junk", "Invalid junk value"),
        ("created_at=foo:2020-01-01", "Invalid foo operator"),
        ("created_at=2020-01-01", "Invalid 2020-01-01 operator"),
        ("created_at=", "Invalid  operator"),
        ("with_count=maybe", "Value 'maybe' for 'with_count' is not a boolean."),
        ("with_count=", "Value '' for 'with_count' is not a boolean."),
        ("all_tenants=", "Value '' for 'all_tenants' is not a boolean."),
    ],
)
def test_wrong_filters(api: Client, query: str, sentence: str) -> None:
    answer = api("GET", f"/volumes?{query}")
    assert (answer.status, answer.sentence) == (400, sentence)


@pytest.mark.parametrize(
    "name", ["host", "bogus", "name~", "project_id", "display_name", "encrypted"]
)
def test_filters_that_a_member_may_not_use(api: Client, name: str) -> None:
    assert api("GET", f"/volumes?{name}=x", token=MEMBER, version="3.30").status == 200
    answer = api("GET", f"/volumes?{name}=x", token=MEMBER, version="3.31")
    assert (answer.status, answer.sentence) == (
        400,
        f"Invalid filters {name} are found in query options.",
    )


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("status=available&limit=1", "e"),
        ("migration_status=success", "c"),
        ("sort=host", "decba"),
        ("size=2", "b"),
        ("name=vol-a", "a"),
        ("availability_zone=nova", "edcba"),
    ],
)
def test_filters_of_a_member(api: Client, ids: dict[str, str], query: str, seen: str) -> None:
    assert _names(api, ids, f"?{query}", token=MEMBER) == seen


def test_the_operator_s_filters_of_a_member(
    api: Client, ids: dict[str, str], tmp_path: pathlib.Path, option: SetOption
) -> None:
    path = tmp_path / "filters.json"
    path.write_text('{"volume": ["name~", "bogus"]}')
    option("resource_query_filters_file", str(path))
    assert _names(api, ids, "?name~=vol-", token=MEMBER) == "ecba"
    assert _names(api, ids, "?name=vol-a", token=MEMBER) == "a"
    assert _names(api, ids, "?bogus=1", token=MEMBER) == ""
    assert api("GET", "/volumes?status=error", token=MEMBER).status == 400


@pytest.mark.parametrize(
    ("query", "version", "seen"),
    [
        ("created_at=gt:2099-01-01", "3.59", "edcba"),
        ("created_at=gt:2099-01-01", "3.60", ""),
        ("name~=nope", "3.30", "edcba"),
        ("name~=nope", "3.31", ""),
        (f"group_id={NOBODY}", "3.9", "edcba"),
        (f"group_id={NOBODY}", "3.10", ""),
        ("glance_metadata=x", "3.3", "edcba"),
        ("glance_metadata=x", "3.4", ""),
        ("bootable=maybe", "3.1", "c"),
        ("with_count=true", "3.44", ""),
        ("with_count=true", "3.45", "edcba"),
    ],
)
def test_filters_by_microversion(
    api: Client, ids: dict[str, str], query: str, version: str, seen: str
) -> None:
    assert _names(api, ids, f"?{query}", version=version) == seen


def test_with_count(api: Client, ids: dict[str, str]) -> None:
    answer = api("GET", "/volumes?with_count=true&limit=2").json
    assert (len(answer["volumes"]), answer["count"]) == (2, 5)
    assert list(answer) == ["volumes", "volumes_links", "count"]
    assert api("GET", "/volumes?with_count=True&status=error").json["count"] == 1
    assert "count" not in api("GET", "/volumes?with_count=false").json
