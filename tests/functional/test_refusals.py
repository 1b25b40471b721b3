# SPDX-License-Identifier: Apache-2.0
"""Bad requests: the right status, one sentence that a person understands, never a traceback."""

from __future__ import annotations

import json
import uuid
from typing import Any, NamedTuple

import pytest
import requests

from tests.functional.harness.deployment import Deployment


class Case(NamedTuple):
    """One bad action on a volume: its name, what is sent, and the status of the answer."""

    name: str
    body: object
    status: int


GOOD_HOST = "beta@file#file"
MIGRATE_CASES = (
    Case("missing host", {"force_host_copy": True}, 400),
    Case("host is null", {"host": None}, 400),
    Case("host is a number", {"host": 5}, 400),
    Case("host too long", {"host": "h" * 256}, 400),
    Case("empty host", {"host": ""}, 400),
    Case("unknown host", {"host": "nobody@file#file"}, 400),
    Case("bad force_host_copy", {"host": GOOD_HOST, "force_host_copy": "perhaps"}, 400),
    Case("bad lock_volume", {"host": GOOD_HOST, "lock_volume": 17}, 400),
    Case("unknown key", {"host": GOOD_HOST, "when": "now"}, 400),
    Case("a cluster", {"cluster": "c1"}, 400),
    Case("host and cluster", {"host": GOOD_HOST, "cluster": "c1"}, 400),
    Case("not an object", "beta@file#file", 400),
)


def sentence(answer: requests.Response, status: int) -> str:
    """Check the form of a refusal and return its sentence."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
    body: dict[str, Any] = answer.json()
    fault = next(iter(body.values()))
    assert fault["code"] == status
    message: str = fault["message"]
    assert len(message) > 10, body
    for word in ("Traceback", 'File "', "<class", "object at 0x"):
        assert word not in message, message
    assert answer.headers["x-openstack-request-id"].startswith("req-")
    return message


@pytest.fixture(scope="module")
def volume_id(deployment: Deployment) -> str:
    """A volume that stays where it is."""
    return str(deployment.create_volume(host=deployment.remote_pair[0])["id"])


@pytest.mark.parametrize("case", MIGRATE_CASES, ids=lambda case: case.name)
def test_a_bad_migrate_is_refused(deployment: Deployment, volume_id: str, case: Case) -> None:
    sentence(deployment.action(volume_id, "os-migrate_volume", case.body), case.status)
    assert deployment.show(volume_id)["migration_status"] is None


def test_the_host_it_is_on(deployment: Deployment, volume_id: str) -> None:
    host = deployment.show(volume_id)["os-vol-host-attr:host"]
    assert host in sentence(deployment.migrate(volume_id, host), 400)


def test_an_unknown_host_is_named(deployment: Deployment, volume_id: str) -> None:
    message = sentence(deployment.migrate(volume_id, "nobody@file"), 400)
    assert "nobody@file" in message


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_volume(deployment: Deployment, method: str) -> None:
    unknown = str(uuid.uuid4())
    assert unknown in sentence(deployment.request(method, f"/volumes/{unknown}"), 404)


def test_an_action_on_an_unknown_volume(deployment: Deployment) -> None:
    unknown = str(uuid.uuid4())
    assert unknown in sentence(deployment.migrate(unknown, GOOD_HOST), 404)


@pytest.mark.parametrize(
    "data", [b"{", b"", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000]
)
def test_bodies_that_are_not_what_they_should_be(
    deployment: Deployment, volume_id: str, data: bytes
) -> None:
    sentence(deployment.request("POST", f"/volumes/{volume_id}/action", data=data), 400)
    sentence(deployment.request("POST", "/volumes", data=data), 400)


@pytest.mark.parametrize("action", ["os-fly", "", "os-migrate_volume ", "__init__"])
def test_unknown_actions(deployment: Deployment, volume_id: str, action: str) -> None:
    sentence(deployment.action(volume_id, action, {}), 400)


def test_two_actions_at_once(deployment: Deployment, volume_id: str) -> None:
    body = {"os-migrate_volume": {"host": GOOD_HOST}, "os-force_delete": {}}
    sentence(deployment.request("POST", f"/volumes/{volume_id}/action", body), 400)


def test_a_content_type_that_is_not_json(deployment: Deployment, volume_id: str) -> None:
    answer = deployment.request(
        "POST",
        f"/volumes/{volume_id}/action",
        data=b"<host/>",
        headers={"Content-Type": "application/xml"},
    )
    sentence(answer, 415)


def test_two_megabytes_of_body(deployment: Deployment) -> None:
    data = json.dumps({"volume": {"size": 1, "name": "n" * 2_000_000}}).encode()
    answer = deployment.request("POST", "/volumes", data=data)
    assert answer.status_code == 413
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("microversion", "status"), [("3.999", 406), ("2.0", 406), ("three", 400), ("3.-1", 400)]
)
def test_microversions(deployment: Deployment, microversion: str, status: int) -> None:
    sentence(deployment.request("GET", "/volumes", microversion=microversion), status)


@pytest.mark.parametrize(
    "volume",
    [
        {},
        {"size": 0},
        {"size": -1},
        {"size": "big"},
        {"size": 1.5},
        {"size": 1, "name": "n" * 256},
        {"size": 1, "volume_type": "no-such-type"},
        {"size": 1, "availability_zone": "atlantis"},
        {"size": 1, "metadata": {"k": 1}},
        {"size": 1, "metadata": {"k" * 256: "v"}},
        {"size": 1, "colour": "red"},
        {"size": 2**70},
    ],
    ids=lambda volume: json.dumps(volume)[:40],
)
def test_bad_volumes(deployment: Deployment, volume: dict[str, Any]) -> None:
    answer = deployment.request("POST", "/volumes", {"volume": volume})
    status = 404 if volume.get("volume_type") else 400
    sentence(answer, status)


@pytest.mark.parametrize(
    "query",
    ["limit=-1", "limit=x", "sort=colour:asc", "sort=name:up", "offset=-1"],
)
def test_bad_queries(deployment: Deployment, query: str) -> None:
    sentence(deployment.request("GET", f"/volumes/detail?{query}"), 400)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing-here", 404),
        ("POST", "/volumes/detail", 405),
        ("PATCH", "/volumes", 405),
        ("GET", "/volumes/../../etc/passwd", 404),
        ("GET", "/types/no-such-type", 404),
        ("GET", "/os-volume-migrations/no-such-record", 404),
        ("PUT", "/os-services/fly", 404),
    ],
)
def test_paths_and_methods(deployment: Deployment, method: str, path: str, status: int) -> None:
    answer = deployment.request(method, path, {} if method != "GET" else None)
    assert answer.status_code in (status, 404), answer.text
    assert "Traceback" not in answer.text


def test_a_marker_that_is_not_there(deployment: Deployment) -> None:
    assert "nobody" in sentence(deployment.request("GET", "/volumes?marker=nobody"), 404)


def test_another_projects_volume_is_not_there(deployment: Deployment, volume_id: str) -> None:
    project = uuid.uuid4().hex
    answer = deployment.request("GET", f"/volumes/{volume_id}", user="eve", project=project)
    sentence(answer, 404)


def test_no_service_logged_a_traceback(deployment: Deployment) -> None:
    """Last of this module: none of the requests above may have upset a service."""
    for name in deployment.service_names:
        assert "Traceback (most recent call last)" not in deployment.log(name), name
