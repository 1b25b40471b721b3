# SPDX-License-Identifier: Apache-2.0
"""/manageable_volumes and /manageable_snapshots."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite import states
from cinder_lite.context import RequestContext
from cinder_lite.db import quotas, services, snapshots, volumes
from tests.unit import rows
from tests.unit.api.client import MEMBER, NOBODY, PROJECT, Client
from tests.unit.api.conftest import Peers

HOST = "one@file#file"
ENTRY = {
    "reference": {"source-name": "old"},
    "size": 2,
    "safe_to_manage": True,
    "reason_not_safe": None,
    "cinder_id": None,
    "extra_info": None,
}


@pytest.fixture(autouse=True)
def service(api: Client) -> None:
    rows.service("one@file", zone="east")


def manage(api: Client, version: str = "3.71", **asked: Any) -> Any:
    volume = {"host": HOST, "ref": {"source-name": "old"}, **asked}
    return api("POST", "/os-volume-manage", {"volume": volume}, version=version)


# --- volumes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/os-volume-manage", "/manageable_volumes"])
def test_manage_a_volume(api: Client, peers: Peers, admin: RequestContext, path: str) -> None:
    body = {
        "volume": {
            "host": HOST,
            "ref": {"source-name": "old"},
            "name": " mine ",
            "description": "d",
            "bootable": "true",
            "metadata": {"k": "v"},
            "volume_type": "__DEFAULT__",
        }
    }
    answer = api("POST", path, body)
    assert answer.status == 202
    made = answer.json["volume"]
    assert (made["name"], made["status"], made["size"]) == ("mine", "creating", 0)
    assert (made["bootable"], made["metadata"]) == ("true", {"k": "v"})
    assert (made["volume_type"], made["availability_zone"]) == ("__DEFAULT__", "east")
    assert "group_id" not in made, "the answer is that of 3.0"
    row = volumes.get(admin, made["id"])
    assert row.host == HOST
    ((name, (volume, ref), _),) = peers.volume.calls
    assert (name, volume.id, ref) == ("manage_existing", row.id, {"source-name": "old"})
    assert quotas.usages(PROJECT)["volumes"][1] == 1


@pytest.mark.parametrize(
    ("asked", "version", "why"),
    [
        ({"host": None}, "3.15", "Host field is missing"),
        ({"host": None}, "3.16", "One and only one of cluster and host"),
        ({"cluster": "c"}, "3.16", "One and only one of cluster and host"),
        ({"host": None, "cluster": "c"}, "3.16", "Cluster 'c' not found"),
        ({"cluster": "c"}, "3.15", "Additional properties"),
        ({"host": "two@file"}, "3.71", "Host 'two@file' not found"),
        ({"volume_type": "none"}, "3.71", "Cannot find requested 'none' volume type"),
        ({"ref": 1}, "3.71", "ref"),
        ({"host": "a b"}, "3.71", "host"),
    ],
)
def test_requests_that_are_wrong(
    api: Client, peers: Peers, asked: dict[str, Any], version: str, why: str
) -> None:
    answer = manage(api, version, **asked)
    assert answer.status == 400
    assert why in answer.sentence
    assert peers.volume.calls == []
    assert quotas.usages(PROJECT)["volumes"][1] == 0


def test_a_volume_of_ours_is_not_managed_again(api: Client) -> None:
    answer = manage(api, ref={"source-name": rows.volume().name})
    assert answer.status == 400
    assert "already managed" in answer.sentence


def test_a_service_that_is_disabled_takes_nothing(api: Client) -> None:
    service = services.get(host="one@file", binary=services.VOLUME)
    services.update(service.id, {"disabled": True})
    assert "is disabled" in manage(api).sentence


def test_without_a_broker_nothing_is_left(api: Client, peers: Peers) -> None:
    peers.volume.answers["manage_existing"] = OSError("no broker")
    assert manage(api).status == 503
    assert quotas.usages(PROJECT)["volumes"][1] == 0


@pytest.mark.parametrize("path", ["/os-volume-manage", "/manageable_volumes"])
def test_list_volumes(api: Client, peers: Peers, path: str) -> None:
    peers.volume.answers["get_manageable_volumes"] = [ENTRY]
    query = f"host={HOST.replace('#', '%23')}&limit=5&offset=1&sort=size:asc,reference"
    brief = api("GET", f"{path}?{query}").json["manageable-volumes"]
    assert brief == [{key: ENTRY[key] for key in ("reference", "size", "safe_to_manage")}]
    assert api("GET", f"{path}/detail?{query}").json["manageable-volumes"] == [ENTRY]
    _, (host,), window = peers.volume.calls[0]
    assert host == "one@file"
    assert window == {
        "marker": None,
        "limit": 5,
        "offset": 1,
        "sort_keys": ["size", "reference"],
        "sort_dirs": ["asc", "desc"],
    }


def test_the_list_is_sorted_by_reference(api: Client, peers: Peers) -> None:
    peers.volume.answers["get_manageable_volumes"] = []
    api("GET", "/manageable_volumes?host=one@file")
    window = peers.volume.calls[0][2]
    assert (window["sort_keys"], window["sort_dirs"]) == (["reference"], ["desc"])


@pytest.mark.parametrize(
    ("query", "version", "status"),
    [
        ("", "3.71", 400),
        ("host=one@file&cluster=c", "3.17", 400),
        ("cluster=c", "3.17", 404),
        ("host=two@file", "3.71", 404),
        ("host=one@file&sort=name", "3.71", 400),
        ("host=one@file", "3.7", 404),
    ],
)
def test_lists_that_are_wrong(api: Client, query: str, version: str, status: int) -> None:
    assert api("GET", f"/manageable_volumes?{query}", version=version).status == status


# --- snapshots ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/os-snapshot-manage", "/manageable_snapshots"])
def test_manage_a_snapshot(api: Client, peers: Peers, admin: RequestContext, path: str) -> None:
    volume = rows.volume(project_id=PROJECT, status=states.IN_USE)
    asked = {
        "volume_id": volume.id,
        "ref": {"source-name": "old"},
        "name": "n",
        "description": "d",
        "metadata": {"k": "v"},
    }
    answer = api("POST", path, {"snapshot": asked})
    assert answer.status == 202
    made = answer.json["snapshot"]
    assert (made["name"], made["description"], made["metadata"]) == ("n", "d", {"k": "v"})
    assert (made["status"], made["volume_id"]) == ("creating", volume.id)
    assert snapshots.get(admin, made["id"]).scheduled_at is None
    ((name, arguments, _),) = peers.volume.calls
    assert name == "manage_existing_snapshot"
    assert arguments == (HOST, made["id"], {"source-name": "old"})


def test_of_a_volume_that_moves_none_is_managed(api: Client) -> None:
    volume = rows.volume(project_id=PROJECT, migration_status=states.MIGRATION_STARTING)
    body = {"snapshot": {"volume_id": volume.id, "ref": {"source-name": "old"}}}
    assert "moving to another backend" in api("POST", "/os-snapshot-manage", body).sentence
    body["snapshot"]["volume_id"] = NOBODY
    assert api("POST", "/os-snapshot-manage", body).status == 404


def test_list_snapshots(api: Client, peers: Peers) -> None:
    entry = {**ENTRY, "source_reference": {"source-name": "v"}}
    peers.volume.answers["get_manageable_snapshots"] = [entry]
    brief = api("GET", "/manageable_snapshots?host=one@file").json["manageable-snapshots"]
    assert set(brief[0]) == {"reference", "size", "safe_to_manage", "source_reference"}
    full = api("GET", "/os-snapshot-manage/detail?host=one@file").json["manageable-snapshots"]
    assert full == [entry]


# --- who ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/os-volume-manage?host=one@file"),
        ("GET", "/manageable_volumes/detail?host=one@file"),
        ("POST", "/manageable_volumes"),
        ("GET", "/os-snapshot-manage?host=one@file"),
        ("GET", "/manageable_snapshots/detail?host=one@file"),
        ("POST", "/manageable_snapshots"),
    ],
)
def test_all_of_it_is_for_administrators(api: Client, method: str, path: str) -> None:
    volume = rows.volume(project_id=PROJECT)
    bodies = {
        "/manageable_volumes": {"volume": {"host": HOST, "ref": {"source-name": "old"}}},
        "/manageable_snapshots": {"snapshot": {"volume_id": volume.id, "ref": {}}},
    }
    body = bodies[path] if method == "POST" else None
    assert api(method, path, body, token=MEMBER).status == 403
