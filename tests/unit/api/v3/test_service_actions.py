# SPDX-License-Identifier: Apache-2.0
"""What administrators ask of services: freezing, levels of logs, clean-up; and clusters."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from oslo_config import cfg

from cinder_lite.db import services
from cinder_lite.objects import Service
from tests.unit import rows
from tests.unit.api.client import MEMBER, NOBODY, Answer, Client
from tests.unit.api.conftest import Peers

CONF = cfg.CONF
LOGGER = "cinder_lite.a_test.of_levels"


@pytest.fixture(autouse=True)
def registered(api: Client) -> dict[str, Service]:
    """Register a scheduler and two backends, one of which is down."""
    found = {
        "scheduler": rows.service("one", services.SCHEDULER),
        "up": rows.service("one@file"),
        "down": rows.service("two@file"),
    }
    services.age_heartbeat(found["down"].id)
    return found


def _put(api: Client, action: str, body: Any = None, **options: Any) -> Answer:
    return api("PUT", f"/os-services/{action}", body or {}, **options)


# --- freezing --------------------------------------------------------------------------------


def test_freeze_and_thaw(api: Client) -> None:
    done = _put(api, "freeze", {"host": "one@file"})
    assert (done.status, done.raw) == (200, b"")
    frozen = services.get(host="one@file", binary=services.VOLUME)
    assert (frozen.frozen, frozen.disabled, frozen.disabled_reason) == (True, True, "frozen")
    again = _put(api, "freeze", {"host": "one@file"})
    assert again.status == 400
    assert "frozen must be False in one@file" in again.sentence
    assert _put(api, "thaw", {"host": "one@file"}).status == 200
    thawed = services.get(host="one@file", binary=services.VOLUME)
    assert (thawed.frozen, thawed.disabled, thawed.disabled_reason) == (False, False, "")
    assert _put(api, "thaw", {"host": "one@file"}).status == 400


@pytest.mark.parametrize("action", ["failover_host", "failover"])
def test_nothing_fails_over(api: Client, action: str) -> None:
    answer = _put(api, action, {"host": "one@file", "backend_id": "b"})
    assert answer.status == 400
    assert "replication_status must be enabled or failed-over" in answer.sentence


@pytest.mark.parametrize("action", ["freeze", "thaw", "failover_host"])
@pytest.mark.parametrize(
    ("version", "body", "sentence"),
    [
        ("3.25", {}, "Host field is missing."),
        ("3.25", {"cluster": "c"}, "Host field is missing."),
        ("3.26", {}, "One and only one of cluster and host must be set."),
        ("3.26", {"host": "h", "cluster": "c"}, "One and only one of cluster and host must be"),
        ("3.26", {"cluster": "c"}, "Cluster c could not be found"),
        ("3.26", {"host": "nope"}, "could not be found on host nope"),
        ("3.26", {"host": "bad host"}, "does not match"),
    ],
)
def test_whom_it_concerns(
    api: Client, action: str, version: str, body: dict[str, Any], sentence: str
) -> None:
    answer = _put(api, action, body, version=version)
    assert (answer.status, sentence in answer.sentence) == (400, True)


# --- levels of logs --------------------------------------------------------------------------


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """Return a logger of the test's own."""
    found = logging.getLogger(LOGGER)
    found.setLevel(logging.ERROR)
    yield found
    found.setLevel(logging.NOTSET)


@pytest.mark.parametrize("level", ["DEBUG", "info", "Warning", "ERROR"])
def test_set_and_get_levels_of_the_api(api: Client, logger: logging.Logger, level: str) -> None:
    done = _put(api, "set-log", {"binary": "cinder-api", "prefix": LOGGER, "level": level})
    assert (done.status, done.raw) == (202, b"")
    assert done.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert logger.level == getattr(logging, level.upper())


def test_every_service_that_is_up_is_asked(
    api: Client, peers: Peers, logger: logging.Logger
) -> None:
    peers.scheduler.answers["get_log_levels"] = {"s": "INFO"}
    peers.volume.answers["get_log_levels"] = {"v": "DEBUG"}
    body = {"prefix": LOGGER}
    assert _put(api, "get-log", body).json == {
        "log_levels": [
            {"host": CONF.host, "binary": "cinder-api", "levels": {LOGGER: "ERROR"}},
            {"host": "one", "binary": "cinder-scheduler", "levels": {"s": "INFO"}},
            {"host": "one@file", "binary": "cinder-volume", "levels": {"v": "DEBUG"}},
        ]
    }
    assert _put(api, "set-log", {**body, "level": "INFO"}).status == 202
    assert peers.scheduler.calls[-1] == ("set_log_levels", ("one", LOGGER, "INFO"), {})
    assert peers.volume.calls[-1] == ("set_log_levels", ("one@file", LOGGER, "INFO"), {})
    assert logger.level == logging.INFO


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ({"binary": "cinder-volume"}, ["one@file"]),
        ({"binary": "cinder-scheduler"}, ["one"]),
        ({"binary": "cinder-backup"}, []),
        ({"binary": "*", "server": "one@file"}, ["one@file"]),
        ({"server": "one"}, ["one", "one@file"]),
        ({"server": "two@file"}, []),
    ],
)
def test_some_services_are_asked(
    api: Client, peers: Peers, body: dict[str, Any], asked: list[str]
) -> None:
    for peer in (peers.scheduler, peers.volume):
        peer.answers["get_log_levels"] = {}
    found = _put(api, "get-log", body).json["log_levels"]
    assert [one["host"] for one in found] == asked


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("set-log", {"level": "LOUD"}),
        ("set-log", {}),
        ("set-log", {"level": None}),
        ("get-log", {"binary": "nova-api"}),
        ("get-log", {"host": "one"}),
    ],
)
def test_wrong_bodies(api: Client, peers: Peers, action: str, body: dict[str, Any]) -> None:
    assert _put(api, action, body).status == 400
    assert peers.volume.calls == peers.scheduler.calls == []


def test_before_3_32_there_are_no_levels(api: Client) -> None:
    for action in ("get-log", "set-log"):
        assert _put(api, action, version="3.31").status == 404


# --- clean-up --------------------------------------------------------------------------------


def _clean(api: Client, **body: Any) -> Any:
    answer = api("POST", "/workers/cleanup", body)
    assert answer.status == 202
    return {key: [one["host"] for one in answer.json[key]] for key in answer.json}


def test_a_backend_that_is_down_can_not_be_cleaned(api: Client, peers: Peers) -> None:
    answer = api("POST", "/workers/cleanup", {})
    service = services.get(host="two@file", binary=services.VOLUME)
    assert answer.json == {
        "cleaning": [],
        "unavailable": [
            {
                "id": service.id,
                "host": "two@file",
                "binary": "cinder-volume",
                "cluster_name": None,
            }
        ],
    }
    assert peers.volume.calls == []


def test_services_that_are_up_are_told(api: Client, peers: Peers) -> None:
    assert _clean(api, is_up=True) == {"cleaning": ["one", "one@file"], "unavailable": []}
    assert peers.volume.calls == [("do_cleanup", ("one@file",), {})]
    assert peers.scheduler.calls == [("do_cleanup", ("one",), {})]


def test_any_scheduler_cleans_for_one_that_is_down(
    api: Client, peers: Peers, registered: dict[str, Service]
) -> None:
    services.age_heartbeat(registered["scheduler"].id)
    rows.service("three", services.SCHEDULER)
    assert _clean(api, binary="cinder-scheduler")["cleaning"] == ["one"]
    assert peers.scheduler.calls == [("do_cleanup", (None,), {})]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"host": "one@file"}, ["one@file"]),
        ({"host": "one"}, ["one", "one@file"]),
        ({"binary": "cinder-volume"}, ["one@file"]),
        ({"disabled": True}, []),
        ({"disabled": "no"}, ["one", "one@file"]),
        ({"cluster_name": "c"}, []),
        ({"resource_type": "volume"}, ["one", "one@file"]),
    ],
)
def test_whom_a_clean_up_concerns(api: Client, body: dict[str, Any], told: list[str]) -> None:
    assert _clean(api, is_up="true", **body) == {"cleaning": told, "unavailable": []}


def test_one_service_by_its_id(api: Client, registered: dict[str, Service]) -> None:
    assert _clean(api, is_up=True, service_id=registered["up"].id)["cleaning"] == ["one@file"]
    down = str(registered["down"].id)
    assert _clean(api, service_id=down)["unavailable"] == ["two@file"]


@pytest.mark.parametrize("values", [{"status": "deleting"}, {"migration_status": "migrating"}])
def test_the_service_of_one_volume(api: Client, values: dict[str, Any]) -> None:
    volume = rows.volume(**values)
    assert _clean(api, is_up=True, resource_id=volume.id)["cleaning"] == ["one@file"]


@pytest.mark.parametrize(
    "body",
    [
        {"resource_type": "backup"},
        {"resource_id": NOBODY},
        {"resource_id": "x"},
        {"binary": "cinder-backup"},
        {"is_up": "maybe"},
        {"more": 1},
    ],
)
def test_wrong_clean_ups(api: Client, body: dict[str, Any]) -> None:
    assert api("POST", "/workers/cleanup", body).status == 400


def test_a_volume_that_nobody_works_on(api: Client) -> None:
    answer = api("POST", "/workers/cleanup", {"resource_id": rows.volume().id})
    assert (answer.status, "pending cleanup" in answer.sentence) == (400, True)


def test_before_3_24_there_is_no_clean_up(api: Client) -> None:
    assert api("POST", "/workers/cleanup", {}, version="3.23").status == 404


# --- clusters --------------------------------------------------------------------------------


def test_there_are_no_clusters(api: Client) -> None:
    for path in ("/clusters", "/clusters/detail", "/clusters?is_up=true&num_hosts=1"):
        assert api("GET", path).json == {"clusters": []}
    assert api("GET", "/clusters", version="3.6").status == 404
    assert api("GET", "/clusters/c").status == 404
    for action in ("enable", "disable"):
        answer = api("PUT", f"/clusters/{action}", {"name": "c"})
        assert (answer.status, answer.sentence) == (404, "Cluster c could not be found.")
        assert api("PUT", f"/clusters/{action}", {}).status == 400


@pytest.mark.parametrize(
    ("query", "version"),
    [("bogus=1", "3.7"), ("frozen=1", "3.25"), ("is_up=maybe", "3.7"), ("disabled=x", "3.71")],
)
def test_wrong_filters_of_clusters(api: Client, query: str, version: str) -> None:
    assert api("GET", f"/clusters?{query}", version=version).status == 400
    assert api("GET", "/clusters?frozen=1", version="3.26").status == 200


def test_members_may_not(api: Client) -> None:
    for action, body in (
        ("freeze", {"host": "one@file"}),
        ("thaw", {"host": "one@file"}),
        ("failover_host", {"host": "one@file"}),
        ("set-log", {"level": "DEBUG"}),
        ("get-log", {}),
    ):
        assert _put(api, action, body, token=MEMBER).status == 403
    assert api("POST", "/workers/cleanup", {}, token=MEMBER).status == 403
    assert api("GET", "/clusters", token=MEMBER).status == 403
    assert api("GET", "/clusters/c", token=MEMBER).status == 403
