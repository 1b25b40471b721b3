# SPDX-License-Identifier: Apache-2.0
"""Groups of volumes, their copies and their snapshots, from request to files."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.functional.harness.deployment import Deployment
from tests.functional.harness.process import wait_until

SECONDS = 30


@pytest.fixture
def types(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Return the ids of a group type and of a volume type."""
    tag = secrets.token_hex(4)
    made = deployment.request("POST", "/group_types", {"group_type": {"name": f"flock-{tag}"}})
    assert made.status_code == 202, made.text
    group_type = made.json()["group_type"]["id"]
    kind = deployment.request("POST", "/types", {"volume_type": {"name": f"silver-{tag}"}})
    volume_type = kind.json()["volume_type"]["id"]
    yield group_type, volume_type
    assert deployment.request("DELETE", f"/group_types/{group_type}").status_code == 202
    assert deployment.request("DELETE", f"/types/{volume_type}").status_code == 202


def _wait(deployment: Deployment, path: str, key: str, status: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def there() -> bool:
        found.update(deployment.get(f"{path}?list_volume=true")[key])
        return bool(found["status"] in (status, "error"))

    wait_until(there, SECONDS, f"{path} to be {status}")
    assert found["status"] == status, found
    return found


def _gone(deployment: Deployment, path: str) -> None:
    wait_until(
        lambda: deployment.request("GET", path).status_code == 404, SECONDS, f"{path} to be gone"
    )


@pytest.fixture
def group(deployment: Deployment, types: tuple[str, str]) -> Iterator[str]:
    """Return a group with two volumes; it goes with them at the end."""
    group_type, volume_type = types
    body = {"group": {"name": "herd", "group_type": group_type, "volume_types": [volume_type]}}
    made = deployment.request("POST", "/groups", body)
    assert made.status_code == 202, made.text
    group_id = made.json()["group"]["id"]
    _wait(deployment, f"/groups/{group_id}", "group", "available")
    for _ in range(2):
        deployment.create_volume(volume_type=volume_type, group_id=group_id)
    yield group_id
    _delete(deployment, group_id)


def _delete(deployment: Deployment, group_id: str) -> None:
    volumes = deployment.get(f"/groups/{group_id}?list_volume=true")["group"]["volumes"]
    files = [deployment.volume_file(deployment.show(volume_id)) for volume_id in volumes]
    action = {"delete": {"delete-volumes": True}}
    answer = deployment.request("POST", f"/groups/{group_id}/action", action)
    assert answer.status_code == 202, answer.text
    _gone(deployment, f"/groups/{group_id}")
    for volume_id in volumes:
        deployment.wait_gone(volume_id)
    assert not [file for file in files if file.exists()]


def test_the_volumes_of_a_group_are_on_its_backend(deployment: Deployment, group: str) -> None:
    volumes = deployment.get(f"/groups/{group}?list_volume=true")["group"]["volumes"]
    hosts = {deployment.show(volume_id)["os-vol-host-attr:host"] for volume_id in volumes}
    assert len(volumes) == 2
    assert len({host.partition("#")[0] for host in hosts}) == 1


def test_a_volume_leaves_and_joins(deployment: Deployment, group: str) -> None:
    first, _ = deployment.get(f"/groups/{group}?list_volume=true")["group"]["volumes"]
    for change, expected in (("remove_volumes", None), ("add_volumes", group)):
        answer = deployment.request("PUT", f"/groups/{group}", {"group": {change: first}})
        assert answer.status_code == 202, answer.text
        assert deployment.show(first)["group_id"] == expected
    refused = deployment.request("DELETE", f"/volumes/{first}")
    assert refused.status_code == 400
    assert group in refused.text


def test_a_group_snapshot(deployment: Deployment, group: str) -> None:
    body = {"group_snapshot": {"group_id": group, "name": "now"}}
    made = deployment.request("POST", "/group_snapshots", body)
    assert made.status_code == 202, made.text
    path = f"/group_snapshots/{made.json()['group_snapshot']['id']}"
    _wait(deployment, path, "group_snapshot", "available")
    refused = deployment.request(
        "POST", f"/groups/{group}/action", {"delete": {"delete-volumes": True}}
    )
    assert refused.status_code == 400
    assert deployment.request("DELETE", path).status_code == 202
    _gone(deployment, path)


def test_a_service_that_dies_finishes_a_deletion_when_it_starts_again(
    deployment: Deployment, types: tuple[str, str]
) -> None:
    if "standalone" in deployment.service_names:
        pytest.skip("one process is all of the services")
    group_type, volume_type = types
    body = {"group": {"group_type": group_type, "volume_types": [volume_type]}}
    group_id = deployment.request("POST", "/groups", body).json()["group"]["id"]
    placed = _wait(deployment, f"/groups/{group_id}", "group", "available")
    assert placed["volumes"] == []
    volume = deployment.create_volume(volume_type=volume_type, group_id=group_id)
    file = deployment.volume_file(volume)
    host = str(volume["os-vol-host-attr:host"]).partition("@")[0]
    deployment.kill(f"volume-{host}")
    action = {"delete": {"delete-volumes": True}}
    answer = deployment.request("POST", f"/groups/{group_id}/action", action)
    assert answer.status_code == 202, answer.text
    deployment.start(f"volume-{host}")
    deployment.wait_ready()
    _gone(deployment, f"/groups/{group_id}")
    assert not file.exists()
