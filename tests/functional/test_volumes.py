# SPDX-License-Identifier: Apache-2.0
"""The life of a volume that does not move, on every database and both concurrency backends."""

from __future__ import annotations

import secrets

import pytest

from tests.functional.harness.deployment import Deployment
from tests.functional.harness.process import wait_until

GIB = 1024**3


def test_create_makes_a_file_of_the_right_size(deployment: Deployment) -> None:
    volume = deployment.create_volume(2, name="two", metadata={"purpose": "test"})
    assert volume["size"] == 2
    assert volume["metadata"] == {"purpose": "test"}
    path = deployment.volume_file(volume)
    assert path.stat().st_size == 2 * GIB
    assert path.stat().st_blocks * 512 < GIB, "the file is not sparse"
    deployment.delete_volume(volume["id"])


def test_delete_removes_the_file(deployment: Deployment) -> None:
    volume = deployment.create_volume()
    path = deployment.volume_file(volume)
    deployment.delete_volume(volume["id"])
    wait_until(lambda: not path.exists(), 10, "the file's removal")


def test_update_changes_name_description_and_metadata(deployment: Deployment) -> None:
    volume_id = deployment.create_volume(name="before")["id"]
    change = {"name": "after", "description": "words", "metadata": {"k": "v"}}
    answer = deployment.request("PUT", f"/volumes/{volume_id}", {"volume": change})
    assert answer.status_code == 200
    volume = deployment.show(volume_id)
    assert (volume["name"], volume["description"], volume["metadata"]) == (
        "after",
        "words",
        {"k": "v"},
    )
    deployment.delete_volume(volume_id)


def test_list_pages_by_marker_and_limit(deployment: Deployment) -> None:
    tag = secrets.token_hex(4)
    ids = [deployment.create_volume(name=f"{tag}-{n}", wait=False)["id"] for n in range(3)]
    for volume_id in ids:
        deployment.wait_for_status(volume_id, "available")
    seen: list[str] = []
    path = f"/volumes/detail?name~={tag}&limit=2&sort=name:asc"
    while path:
        page = deployment.get(path)
        seen += [volume["id"] for volume in page["volumes"] if volume["id"] in ids]
        following = [link["href"] for link in page.get("volumes_links", [])]
        path = following[0].removeprefix(deployment.root_url) if following else ""
    assert seen == ids
    for volume_id in ids:
        deployment.delete_volume(volume_id)


def test_list_filters_by_status_and_name(deployment: Deployment) -> None:
    name = secrets.token_hex(4)
    volume_id = deployment.create_volume(name=name)["id"]
    found = deployment.get(f"/volumes?name={name}&status=available")["volumes"]
    assert [volume["id"] for volume in found] == [volume_id]
    assert deployment.get(f"/volumes?name={name}&status=error")["volumes"] == []
    deployment.delete_volume(volume_id)


def test_a_type_sends_the_volume_to_its_backend(deployment: Deployment) -> None:
    specs = {"volume_backend_name": "second"}
    name = secrets.token_hex(4)
    body = {"volume_type": {"name": name, "extra_specs": specs}}
    type_id = deployment.request("POST", "/types", body).json()["volume_type"]["id"]
    volume = deployment.create_volume(volume_type=name)
    assert volume["os-vol-host-attr:host"].endswith("@second#second")
    assert volume["volume_type"] == name
    deployment.delete_volume(volume["id"])
    assert deployment.request("DELETE", f"/types/{type_id}").status_code == 202


def test_a_type_that_no_backend_satisfies_ends_in_error(deployment: Deployment) -> None:
    name = secrets.token_hex(4)
    body = {"volume_type": {"name": name, "extra_specs": {"volume_backend_name": "nowhere"}}}
    type_id = deployment.request("POST", "/types", body).json()["volume_type"]["id"]
    volume = deployment.create_volume(volume_type=name, wait=False)
    deployment.wait_for_status(volume["id"], "error")
    deployment.delete_volume(volume["id"])
    assert deployment.request("DELETE", f"/types/{type_id}").status_code == 202


def test_reset_status_and_force_delete(deployment: Deployment) -> None:
    volume_id = deployment.create_volume()["id"]
    answer = deployment.action(volume_id, "os-reset_status", {"status": "attaching"})
    assert answer.status_code == 202
    refused = deployment.request("DELETE", f"/volumes/{volume_id}")
    assert refused.status_code == 400
    assert "attaching" in refused.json()["badRequest"]["message"]
    assert deployment.action(volume_id, "os-force_delete", {}).status_code == 202
    deployment.wait_gone(volume_id)


def test_pools_tell_their_capacity(deployment: Deployment) -> None:
    pools = deployment.get("/scheduler-stats/get_pools?detail=true")["pools"]
    names = [pool["name"] for pool in pools]
    assert set(deployment.local_pair) <= set(names)
    for pool in pools:
        capabilities = pool["capabilities"]
        assert 0 < capabilities["free_capacity_gb"] <= capabilities["total_capacity_gb"]


def test_every_service_is_up(deployment: Deployment) -> None:
    services = {entry["host"]: entry for entry in deployment.services()}
    for full in {*deployment.local_pair, *deployment.remote_pair}:
        service = services[full.partition("#")[0]]
        assert (service["binary"], service["state"]) == ("cinder-volume", "up")
    binaries = {entry["binary"] for entry in services.values()}
    assert "cinder-scheduler" in binaries


@pytest.mark.parametrize("path", ["/limits", "/extensions", "/os-services", "/types"])
def test_what_clients_ask_for_first(deployment: Deployment, path: str) -> None:
    assert deployment.request("GET", path).status_code == 200


def test_version_documents_name_the_newest_microversion(deployment: Deployment) -> None:
    versions = deployment.request("GET", "/", token="").json()["versions"]
    assert [entry["version"] for entry in versions if entry["id"] == "v3.0"] == ["3.71"]


def test_the_project_may_be_left_out_of_the_url(deployment: Deployment) -> None:
    volume_id = deployment.create_volume()["id"]
    answer = deployment.request("GET", f"/v3/volumes/{volume_id}")
    assert answer.json()["volume"]["id"] == volume_id
    deployment.delete_volume(volume_id)
