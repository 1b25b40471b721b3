# SPDX-License-Identifier: Apache-2.0
"""Snapshots, copies, sizes and storage that is taken over: from the request to the bytes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.functional.harness.deployment import Deployment
from tests.functional.harness.process import wait_until

GIB = 1024**3
SECONDS = 30


@pytest.fixture
def volume(deployment: Deployment) -> Iterator[dict[str, Any]]:
    """A volume with data; it goes with its snapshots."""
    made = deployment.create_volume()
    deployment.fill(made)
    yield made
    answer = deployment.request("DELETE", f"/volumes/{made['id']}?cascade=true")
    if answer.status_code != 404:
        assert answer.status_code == 202, answer.text
        deployment.wait_gone(made["id"])


def show(deployment: Deployment, snapshot_id: str) -> dict[str, Any]:
    found: dict[str, Any] = deployment.get(f"/snapshots/{snapshot_id}")["snapshot"]
    return found


def snapshot_of(deployment: Deployment, volume: dict[str, Any], **fields: Any) -> dict[str, Any]:
    body = {"snapshot": {"volume_id": volume["id"], **fields}}
    answer = deployment.request("POST", "/snapshots", body)
    assert answer.status_code == 202, answer.text
    snapshot_id = answer.json()["snapshot"]["id"]
    wait_until(
        lambda: show(deployment, snapshot_id)["status"] != "creating", SECONDS, "the snapshot"
    )
    made = show(deployment, snapshot_id)
    assert made["status"] == "available"
    return made


def gone(deployment: Deployment, snapshot_id: str) -> bool:
    return bool(deployment.request("GET", f"/snapshots/{snapshot_id}").status_code == 404)


def file_of(deployment: Deployment, volume: dict[str, Any], name: str) -> Path:
    return deployment.volume_file(volume).parent / name


def test_a_snapshot_keeps_the_data_that_a_new_volume_gets(
    deployment: Deployment, volume: dict[str, Any]
) -> None:
    before = deployment.digest(volume)
    snapshot = snapshot_of(deployment, volume, name="kept", metadata={"why": "test"})
    assert (snapshot["size"], snapshot["metadata"]) == (1, {"why": "test"})
    assert snapshot["os-extended-snapshot-attributes:progress"] == "100%"
    deployment.fill(volume, 4)
    assert deployment.digest(volume) != before
    copy = deployment.create_volume(snapshot_id=snapshot["id"])
    assert copy["os-vol-host-attr:host"] == volume["os-vol-host-attr:host"]
    assert deployment.digest(copy) == before
    deployment.delete_volume(copy["id"])
    assert deployment.request("DELETE", f"/snapshots/{snapshot['id']}").status_code == 202
    wait_until(lambda: gone(deployment, snapshot["id"]), SECONDS, "the snapshot's end")
    assert not file_of(deployment, volume, f"snapshot-{snapshot['id']}").exists()


def test_a_clone_may_be_larger(deployment: Deployment, volume: dict[str, Any]) -> None:
    clone = deployment.create_volume(2, source_volid=volume["id"])
    assert (clone["size"], clone["source_volid"]) == (2, volume["id"])
    path = deployment.volume_file(clone)
    assert path.stat().st_size == 2 * GIB
    with path.open("rb") as copied, deployment.volume_file(volume).open("rb") as original:
        assert copied.read(16 * 1024**2) == original.read(16 * 1024**2)
    deployment.delete_volume(clone["id"])


def test_a_clone_of_another_type_is_copied_to_its_backend(
    deployment: Deployment, volume: dict[str, Any]
) -> None:
    here = volume["os-vol-host-attr:host"].partition("@")[2].partition("#")[0]
    specs = {"volume_backend_name": "second" if here == "file" else "file"}
    name = secrets.token_hex(4)
    body = {"volume_type": {"name": name, "extra_specs": specs}}
    type_id = deployment.request("POST", "/types", body).json()["volume_type"]["id"]
    # Files are reached on their own node only.
    node = volume["os-vol-host-attr:host"].partition("@")[0]
    clone = deployment.create_volume(source_volid=volume["id"], volume_type=name, wait=False)
    wait_until(
        lambda: deployment.show(clone["id"])["status"] in ("available", "error"), 60, "the clone"
    )
    clone = deployment.show(clone["id"])
    if clone["os-vol-host-attr:host"].partition("@")[0] == node:
        assert clone["status"] == "available"
        assert deployment.digest(clone) == deployment.digest(volume)
    left = deployment.get(f"/snapshots?volume_id={volume['id']}")["snapshots"]
    assert [one["status"] for one in left if one["status"] != "deleting"] == []
    deployment.delete_volume(clone["id"])
    deployment.request("DELETE", f"/types/{type_id}")


def test_a_volume_grows(deployment: Deployment, volume: dict[str, Any]) -> None:
    before = deployment.volume_file(volume).read_bytes()[: 16 * 1024**2]
    answer = deployment.action(volume["id"], "os-extend", {"new_size": 2})
    assert answer.status_code == 202, answer.text
    wait_until(
        lambda: deployment.show(volume["id"])["status"] == "available", SECONDS, "the extension"
    )
    assert deployment.show(volume["id"])["size"] == 2
    path = deployment.volume_file(volume)
    assert path.stat().st_size == 2 * GIB
    with path.open("rb") as file:
        assert file.read(16 * 1024**2) == before
    assert deployment.action(volume["id"], "os-extend", {"new_size": 2}).status_code == 400


def test_a_volume_goes_back_to_its_snapshot(deployment: Deployment, volume: dict[str, Any]) -> None:
    before = deployment.digest(volume)
    snapshot = snapshot_of(deployment, volume)
    deployment.fill(volume, 4)
    answer = deployment.action(volume["id"], "revert", {"snapshot_id": snapshot["id"]})
    assert answer.status_code == 202, answer.text
    wait_until(
        lambda: deployment.show(volume["id"])["status"] == "available", SECONDS, "the reverting"
    )
    assert deployment.digest(volume) == before
    assert show(deployment, snapshot["id"])["status"] == "available"


def test_a_volume_with_snapshots_neither_moves_nor_goes_alone(
    deployment: Deployment, volume: dict[str, Any]
) -> None:
    snapshot = snapshot_of(deployment, volume)
    refused = deployment.request("DELETE", f"/volumes/{volume['id']}")
    assert refused.status_code == 400
    assert "has snapshots" in refused.text
    other = next(
        pool["name"]
        for pool in deployment.get("/scheduler-stats/get_pools")["pools"]
        if pool["name"] != volume["os-vol-host-attr:host"]
    )
    assert "it has snapshots" in deployment.migrate(volume["id"], other).text
    path = deployment.volume_file(volume)
    answer = deployment.request("DELETE", f"/volumes/{volume['id']}?cascade=true")
    assert answer.status_code == 202, answer.text
    deployment.wait_gone(volume["id"])
    assert gone(deployment, snapshot["id"])
    assert not path.exists()
    assert not (path.parent / f"snapshot-{snapshot['id']}").exists()


def test_what_is_forgotten_can_be_taken_over(
    deployment: Deployment, volume: dict[str, Any]
) -> None:
    host = volume["os-vol-host-attr:host"]
    digest = deployment.digest(volume)
    snapshot = snapshot_of(deployment, volume)
    answer = deployment.request("POST", f"/snapshots/{snapshot['id']}/action", {"os-unmanage": {}})
    assert answer.status_code == 202, answer.text
    wait_until(lambda: gone(deployment, snapshot["id"]), SECONDS, "the snapshot's end")
    reference = {"source-name": f"snapshot-{snapshot['id']}"}
    body: dict[str, Any] = {"snapshot": {"volume_id": volume["id"], "ref": reference, "name": "n"}}
    made = deployment.request("POST", "/manageable_snapshots", body).json()["snapshot"]
    wait_until(
        lambda: show(deployment, made["id"])["status"] == "available", SECONDS, "the taking over"
    )
    deployment.request("DELETE", f"/snapshots/{made['id']}")
    wait_until(lambda: gone(deployment, made["id"]), SECONDS, "the snapshot's end")
    assert deployment.action(volume["id"], "os-unmanage", {}).status_code == 202
    deployment.wait_gone(volume["id"])
    quoted = host.replace("#", "%23")
    listed = deployment.get(f"/manageable_volumes/detail?host={quoted}")["manageable-volumes"]
    (entry,) = [
        one for one in listed if one["reference"]["source-name"] == f"volume-{volume['id']}"
    ]
    assert (entry["size"], entry["safe_to_manage"]) == (1, True)
    body = {"volume": {"host": host, "ref": entry["reference"], "name": "again"}}
    answer = deployment.request("POST", "/manageable_volumes", body)
    assert answer.status_code == 202, answer.text
    again = answer.json()["volume"]["id"]
    deployment.wait_for_status(again, "available")
    taken = deployment.show(again)
    assert (taken["size"], taken["os-vol-host-attr:host"]) == (1, host)
    assert deployment.digest(taken) == digest
    deployment.delete_volume(again)
