# SPDX-License-Identifier: Apache-2.0
"""Services, hosts, pools and zones."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from cinder_lite.db import services
from tests.unit import rows
from tests.unit.api.client import MEMBER, Client
from tests.unit.api.conftest import Peers


@pytest.fixture(autouse=True)
def three_services(api: Client) -> None:
    """Register a scheduler and two volume services."""
    rows.service("one", services.SCHEDULER)
    rows.service("one@file")
    rows.service("two@file", zone="west")


def _listed(api: Client, query: str = "", version: str = "3.0") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api("GET", f"/os-services{query}", version=version).json[
        "services"
    ]
    return found


def test_fields_by_microversion(api: Client) -> None:
    base = ["binary", "host", "zone", "status", "state", "updated_at"]
    tail = ["replication_status", "active_backend_id", "frozen"]
    for version, before in (
        ("3.6", []),
        ("3.7", ["cluster"]),
        ("3.48", ["cluster"]),
        ("3.49", ["backend_state", "cluster"]),
    ):
        scheduler, volume, _ = _listed(api, version=version)
        assert list(volume) == [*base, *before, "disabled_reason", *tail]
        cluster = ["cluster"] if "cluster" in before else []
        assert list(scheduler) == [*base, *cluster, "disabled_reason"]


def test_values(api: Client) -> None:
    scheduler, volume, other = _listed(api, version="3.71")
    assert (scheduler["binary"], scheduler["host"]) == ("cinder-scheduler", "one")
    assert (volume["status"], volume["state"], volume["backend_state"]) == ("enabled", "up", "up")
    assert (other["zone"], other["disabled_reason"]) == ("west", None)
    assert datetime.datetime.fromisoformat(volume["updated_at"])
    assert len(volume["updated_at"]) == len("2026-11-21T12:05:46.000000")


def test_a_service_that_is_down(api: Client) -> None:
    service = services.get(host="one@file", binary=services.VOLUME)
    old = datetime.datetime(2020, 1, 1)
    services.update(service.id, {"updated_at": old, "created_at": old})
    (shown,) = _listed(api, "?host=one@file", "3.71")
    assert (shown["state"], shown["backend_state"]) == ("down", "down")


@pytest.mark.parametrize(
    ("query", "hosts"),
    [
        ("?host=one@file", ["one@file"]),
        ("?binary=cinder-volume", ["one@file", "two@file"]),
        ("?binary=nope", []),
        ("?binary=", []),
        ("?host=nope", []),
        ("?host=one", ["one", "one@file"]),
        ("?host=one&binary=cinder-scheduler", ["one"]),
        ("?bogus=1", ["one", "one@file", "two@file"]),
    ],
)
def test_filters(api: Client, query: str, hosts: list[str]) -> None:
    assert [service["host"] for service in _listed(api, query)] == hosts


def test_disable_and_enable(api: Client) -> None:
    body = {"host": "one@file", "binary": "cinder-volume"}
    answer = api("PUT", "/os-services/disable", body)
    assert (answer.status, answer.json) == (
        200,
        {
            "host": "one@file",
            "service": "",
            "binary": "cinder-volume",
            "status": "disabled",
            "disabled": True,
        },
    )
    assert _listed(api, "?host=one@file")[0]["status"] == "disabled"
    answer = api("PUT", "/os-services/disable-log-reason", {**body, "disabled_reason": "why"})
    assert answer.json["disabled_reason"] == "why"
    assert _listed(api, "?host=one@file")[0]["disabled_reason"] == "why"
    answer = api("PUT", "/os-services/enable", {"host": "one@file", "service": "cinder-volume"})
    assert answer.json == {
        "host": "one@file",
        "service": "cinder-volume",
        "binary": "",
        "status": "enabled",
        "disabled": False,
    }
    (shown,) = _listed(api, "?host=one@file")
    assert (shown["status"], shown["disabled_reason"]) == ("enabled", None)


GOOD = {"host": "one@file", "binary": "cinder-volume"}
MISSING = "Invalid input received: Host field is missing."


@pytest.mark.parametrize(
    ("action", "body", "status", "sentence"),
    [
        (
            "disable",
            {"host": "one@file"},
            400,
            "{'host': 'one@file'} is not valid under any of the given schemas",
        ),
        ("enable", {}, 400, "{} is not valid under any of the given schemas"),
        ("disable", {"binary": "cinder-volume"}, 400, MISSING),
        ("disable", {**GOOD, "host": None}, 400, MISSING),
        (
            "disable",
            {**GOOD, "host": ""},
            400,
            "Invalid input for field/attribute host. Value: . '' should be non-empty",
        ),
        (
            "disable",
            {**GOOD, "host": 5},
            400,
            "Invalid input for field/attribute host. Value: 5. 5 is not of type 'string', 'null'",
        ),
        (
            "disable",
            {**GOOD, "disabled_reason": "x"},
            400,
            "Additional properties are not allowed ('disabled_reason' was unexpected)",
        ),
        (
            "disable-log-reason",
            {**GOOD, "disabled_reason": "   "},
            400,
            "Invalid input for field/attribute disabled_reason. Value:    . "
            "'   ' is not a 'disabled_reason'",
        ),
        (
            "disable-log-reason",
            {**GOOD, "disabled_reason": None},
            400,
            "Invalid input for field/attribute disabled_reason. Value: None. "
            "None is not of type 'string'",
        ),
        (
            "disable",
            {**GOOD, "host": "nope"},
            404,
            "Service cinder-volume could not be found on host nope.",
        ),
        (
            "enable",
            {**GOOD, "binary": "nope"},
            404,
            "Service nope could not be found on host one@file.",
        ),
    ],
)
def test_changes_refused(
    api: Client, action: str, body: dict[str, Any], status: int, sentence: str
) -> None:
    answer = api("PUT", f"/os-services/{action}", body)
    assert (answer.status, answer.sentence) == (status, sentence)


def test_the_order_of_the_checks_is_schema_then_policy(api: Client) -> None:
    assert api("PUT", "/os-services/disable", {}, token=MEMBER).status == 400
    answer = api("PUT", "/os-services/disable", GOOD, token=MEMBER)
    assert (answer.status, answer.sentence) == (
        403,
        "Policy doesn't allow volume_extension:services:update to be performed.",
    )
    assert api("PUT", "/os-services/nope", {}, token=MEMBER).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/os-services",
        "/os-hosts",
        "/os-hosts/one",
        "/scheduler-stats/get_pools",
        "/os-volume-migrations",
    ],
)
def test_what_is_for_administrators(api: Client, path: str) -> None:
    assert api("GET", path, token=MEMBER).status == 403


def test_zones(api: Client) -> None:
    service = services.get(host="two@file", binary=services.VOLUME)
    services.update(service.id, {"disabled": True})
    assert api("GET", "/os-availability-zone", token=MEMBER).json == {
        "availabilityZoneInfo": [
            {"zoneName": "nova", "zoneState": {"available": True}},
            {"zoneName": "west", "zoneState": {"available": False}},
        ]
    }


POOL = {"name": "one@file#file", "capabilities": {"free_capacity_gb": 5.5, "filter_function": None}}


def test_pools(api: Client, peers: Peers) -> None:
    peers.scheduler.answers["get_pools"] = [POOL]
    names = {"pools": [{"name": "one@file#file"}]}
    assert api("GET", "/scheduler-stats/get_pools").json == names
    assert api("GET", "/scheduler-stats/get_pools?detail=false").json == names
    for word in ("true", "True", "1"):
        assert api("GET", f"/scheduler-stats/get_pools?detail={word}").json == {"pools": [POOL]}
    for word in ("maybe", ""):
        answer = api("GET", f"/scheduler-stats/get_pools?detail={word}")
        assert answer.sentence == f"Value '{word}' for 'detail' is not a boolean."


@pytest.mark.parametrize(
    ("query", "version", "filters"),
    [
        ("name=x", "3.27", {}),
        ("name=x", "3.28", {"name": "x"}),
        ("volume_type=__DEFAULT__", "3.34", {}),
        ("volume_type=__DEFAULT__", "3.35", {"volume_type": "__DEFAULT__"}),
        ("bogus=1", "3.27", {}),
        ("bogus=1", "3.30", {"bogus": "1"}),
    ],
)
def test_filters_of_pools(
    api: Client, peers: Peers, query: str, version: str, filters: dict[str, str]
) -> None:
    peers.scheduler.answers["get_pools"] = []
    api("GET", f"/scheduler-stats/get_pools?{query}", version=version)
    assert peers.scheduler.calls[-1][1] == (filters,)


def test_one_name_of_a_protocol(api: Client, peers: Peers) -> None:
    for protocol, shown in ((["iSCSI", "iscsi"], "iSCSI"), ("file", "file"), ([], None)):
        pool = {"name": "p", "capabilities": {"storage_protocol": protocol}}
        peers.scheduler.answers["get_pools"] = [pool]
        (found,) = api("GET", "/scheduler-stats/get_pools?detail=true").json["pools"]
        assert found["capabilities"]["storage_protocol"] == shown


def test_wrong_filters_of_pools(api: Client, peers: Peers) -> None:
    url = "/scheduler-stats/get_pools"
    answer = api("GET", f"{url}?bogus=1", version="3.31")
    assert (answer.status, answer.sentence) == (
        400,
        "Invalid filters bogus are found in query options.",
    )
    answer = api("GET", f"{url}?volume_type=nope")
    assert (answer.status, answer.sentence) == (
        404,
        "Volume type with name nope could not be found.",
    )
    assert peers.scheduler.calls == []


def test_no_scheduler(api: Client, peers: Peers) -> None:
    import oslo_messaging

    peers.scheduler.answers["get_pools"] = oslo_messaging.MessagingTimeout("60 s")
    answer = api("GET", "/scheduler-stats/get_pools")
    assert answer.status == 503
    assert list(answer.json) == ["serviceUnavailable"]
