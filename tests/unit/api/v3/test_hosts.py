# SPDX-License-Identifier: Apache-2.0
"""/os-hosts and /capabilities."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from cinder_lite.db import engine, models, services
from tests.unit import rows
from tests.unit.api.client import MEMBER, OTHER_PROJECT, PROJECT, Client
from tests.unit.api.conftest import Peers


@pytest.fixture(autouse=True)
def registered(api: Client) -> None:
    """Register a scheduler and two backends."""
    rows.service("one", services.SCHEDULER)
    rows.service("one@file")
    rows.service("two@file", zone="west")


def _disable(host: str) -> None:
    service = services.get(host=host, binary=services.VOLUME)
    services.update(service.id, {"disabled": True})


def _names(api: Client, query: str = "") -> list[str]:
    return [host["host_name"] for host in api("GET", f"/os-hosts{query}").json["hosts"]]


def test_list(api: Client) -> None:
    (scheduler, *_) = api("GET", "/os-hosts").json["hosts"]
    assert scheduler == {
        "host_name": "one",
        "service": "cinder-scheduler",
        "zone": "nova",
        "service-status": "available",
        "service-state": "enabled",
        "last-update": scheduler["last-update"],
    }
    assert _names(api) == ["one", "one@file", "two@file"]
    assert _names(api, "?zone=west") == ["two@file"]
    assert _names(api, "?service=cinder-volume") == ["one", "one@file", "two@file"]
    _disable("one@file")
    assert _names(api) == ["one", "two@file"]


def _snapshot(volume_id: str, project: str, size: int) -> None:
    row = {
        "id": rows.new_id(),
        "volume_id": volume_id,
        "project_id": project,
        "volume_size": size,
        "deleted": False,
        "use_quota": True,
    }
    with engine.transaction() as connection:
        connection.execute(sa.insert(models.snapshots), row)


@pytest.mark.parametrize("name", ["one@file", "one"])
def test_show(api: Client, name: str) -> None:
    volume = rows.volume(project_id=PROJECT, size=2)
    rows.volume(project_id=OTHER_PROJECT)
    rows.volume(project_id=PROJECT, size=50, host="one@file2#file2")
    _snapshot(volume.id, PROJECT, 2)
    found = [item["resource"] for item in api("GET", f"/os-hosts/{name}").json["host"]]
    assert found[1] == {
        "host": name,
        "project": PROJECT,
        "volume_count": "1",
        "total_volume_gb": "2",
        "snapshot_count": "1",
        "total_snapshot_gb": "2",
    }
    keys = ("project", "volume_count", "total_volume_gb", "snapshot_count", "total_snapshot_gb")
    assert [tuple(one[key] for key in keys) for one in found[::2]] == [
        ("(total)", "2", "3", "1", "2"),
        (OTHER_PROJECT, "1", "1", "0", "0"),
    ]


@pytest.mark.parametrize("name", ["nope", "one@file%23file", "two@file"])
def test_show_what_is_not_there(api: Client, name: str) -> None:
    _disable("two@file")
    answer = api("GET", f"/os-hosts/{name}")
    assert answer.status == 404
    assert answer.sentence.startswith("Service cinder-volume could not be found on host ")


def test_disable_and_enable(api: Client) -> None:
    changed = api("PUT", "/os-hosts/one@file", {"status": "disable"})
    assert (changed.status, changed.json) == (200, {"host": "one@file", "status": "disabled"})
    assert services.get(host="one@file", binary=services.VOLUME).disabled
    gone = api("PUT", "/os-hosts/one@file", {"status": "enable"})
    assert (gone.status, gone.sentence) == (404, "Host one@file could not be found.")
    again = api("PUT", "/os-hosts/two@file", {"Status": " Enable "})
    assert again.json == {"host": "two@file", "status": "enabled"}
    assert api("PUT", "/os-hosts/two@file", {}).json == {}


@pytest.mark.parametrize("body", [{"status": "nope"}, {"bogus": "1"}, {"status": None}, []])
def test_wrong_changes(api: Client, body: Any) -> None:
    assert api("PUT", "/os-hosts/one@file", body).status == 400
    assert not services.get(host="one@file", binary=services.VOLUME).disabled


CAPABILITIES = {
    "vendor_name": "v",
    "volume_backend_name": "file",
    "driver_version": "1.0",
    "storage_protocol": ["file", "other"],
    "properties": {"qos": {"title": "QoS"}},
}


@pytest.mark.parametrize("name", ["one@file", "one"])
def test_capabilities(api: Client, peers: Peers, name: str) -> None:
    peers.volume.answers["get_capabilities"] = CAPABILITIES
    answer = api("GET", f"/capabilities/{name}")
    assert answer.json == {
        "namespace": "OS::Storage::Capabilities::one@file",
        "vendor_name": "v",
        "volume_backend_name": "file",
        "pool_name": None,
        "driver_version": "1.0",
        "storage_protocol": "file",
        "display_name": None,
        "description": None,
        "visibility": None,
        "replication_targets": [],
        "properties": {"qos": {"title": "QoS"}},
    }
    assert peers.volume.calls == [("get_capabilities", ("one@file",), {})]


def test_capabilities_of_nobody(api: Client) -> None:
    for name in ("nope", "one@file%23file"):
        assert api("GET", f"/capabilities/{name}").status == 404


def test_members_may_not(api: Client) -> None:
    for method, path in (
        ("GET", "/os-hosts"),
        ("GET", "/os-hosts/one@file"),
        ("PUT", "/os-hosts/one@file"),
        ("GET", "/capabilities/one@file"),
    ):
        body = {"status": "disable"} if method == "PUT" else None
        assert api(method, path, body, token=MEMBER).status == 403
