# SPDX-License-Identifier: Apache-2.0
"""Volumes change hands between two projects, with the stock shell too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.harness.clients import Clients
from tests.functional.harness.deployment import Deployment

OTHER = "bbbbccccddddeeeeffff000011112222"


@pytest.fixture(params=["/os-volume-transfer", "/volume-transfers"])
def path(request: pytest.FixtureRequest) -> str:
    """Return the resource: both do the same."""
    return str(request.param)


def _offer(deployment: Deployment, path: str, volume_id: str) -> dict[str, Any]:
    answer = deployment.request("POST", path, {"transfer": {"volume_id": volume_id}})
    assert answer.status_code == 202, answer.text
    offer: dict[str, Any] = answer.json()["transfer"]
    return offer


def _accept(deployment: Deployment, path: str, offer: dict[str, Any], key: str) -> Any:
    body = {"accept": {"auth_key": key}}
    return deployment.request("POST", f"{path}/{offer['id']}/accept", body, project=OTHER)


def test_a_volume_goes_to_another_project(deployment: Deployment, path: str) -> None:
    volume = deployment.create_volume(name="gift")
    file = deployment.volume_file(volume)
    offer = _offer(deployment, path, volume["id"])
    assert deployment.show(volume["id"])["status"] == "awaiting-transfer"
    assert deployment.request("DELETE", f"/volumes/{volume['id']}").status_code == 400
    assert _accept(deployment, path, offer, "wrong").status_code == 400
    assert _accept(deployment, path, offer, offer["auth_key"]).status_code == 202
    owned = deployment.show(volume["id"], project=OTHER)
    assert (owned["status"], owned["os-vol-tenant-attr:tenant_id"]) == ("available", OTHER)
    assert _accept(deployment, path, offer, offer["auth_key"]).status_code == 404
    assert file.exists(), "its data has not moved"
    gone = deployment.request("DELETE", f"/volumes/{volume['id']}", project=OTHER)
    assert gone.status_code == 202
    deployment.wait_gone(volume["id"])


def test_an_offer_is_taken_back(deployment: Deployment, path: str) -> None:
    volume_id = deployment.create_volume()["id"]
    offer = _offer(deployment, path, volume_id)
    listed = deployment.get(f"{path}/detail")["transfers"]
    assert [each["volume_id"] for each in listed if each["id"] == offer["id"]] == [volume_id]
    assert deployment.request("DELETE", f"{path}/{offer['id']}").status_code == 202
    assert deployment.show(volume_id)["status"] == "available"
    assert _accept(deployment, path, offer, offer["auth_key"]).status_code == 404
    deployment.delete_volume(volume_id)


def test_the_stock_shell(deployment: Deployment, clients: Clients) -> None:
    volume_id = deployment.create_volume()["id"]
    made = clients.cinder("transfer-create", "--name", "gift", volume_id)
    assert "auth_key" in made
    assert volume_id in clients.cinder("transfer-list")
    (offer,) = (
        each
        for each in deployment.get("/volume-transfers/detail")["transfers"]
        if each["volume_id"] == volume_id
    )
    clients.cinder("transfer-delete", offer["id"])
    deployment.delete_volume(volume_id)
