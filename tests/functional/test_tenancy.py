# SPDX-License-Identifier: Apache-2.0
"""What somebody who is not an administrator sees and may do, with noauth and with Keystone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.functional.harness.data import MIB
from tests.functional.harness.deployment import Deployment

ADMIN_ONLY = (
    "os-vol-host-attr:host",
    "os-vol-mig-status-attr:migstat",
    "os-vol-mig-status-attr:name_id",
    "migration_status",
)
SOME_ID = "11111111-2222-4333-8444-555555555555"
ADMIN_PATHS = ("/os-services", "/scheduler-stats/get_pools", "/os-volume-migrations")


@pytest.fixture(scope="module")
def slow(start_deployment: Callable[..., Deployment]) -> Deployment:
    """Services whose copies take a while, so that a temporary volume can be looked for."""
    return start_deployment(host_overrides={"alpha": {"file": {"volume_copy_bps_limit": 8 * MIB}}})


def test_admin_attributes_are_hidden(deployment: Deployment) -> None:
    volume_id = deployment.create_volume()["id"]
    shown = deployment.show(volume_id, user="demo")
    assert not set(ADMIN_ONLY) & set(shown)
    listed = deployment.get("/volumes/detail", user="demo")["volumes"]
    mine = next(volume for volume in listed if volume["id"] == volume_id)
    assert not set(ADMIN_ONLY) & set(mine)
    deployment.delete_volume(volume_id)


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("os-migrate_volume", {"host": "beta@file#file"}),
        ("os-migrate_volume_completion", {"new_volume": SOME_ID, "error": False}),
        ("os-reset_status", {"status": "error"}),
        ("os-force_delete", {}),
    ],
)
def test_admin_actions_are_forbidden(
    deployment: Deployment, action: str, arguments: dict[str, object]
) -> None:
    volume_id = deployment.create_volume()["id"]
    answer = deployment.action(volume_id, action, arguments, user="demo")
    assert answer.status_code == 403, answer.text
    assert answer.json()["forbidden"]["message"]
    assert deployment.show(volume_id)["status"] == "available"
    deployment.delete_volume(volume_id)


@pytest.mark.parametrize("path", ADMIN_PATHS)
def test_admin_paths_are_forbidden(deployment: Deployment, path: str) -> None:
    assert deployment.request("GET", path, user="demo").status_code == 403


def test_all_tenants_is_not_for_everybody(deployment: Deployment) -> None:
    volume_id = deployment.create_volume()["id"]
    listed = deployment.get("/volumes?all_tenants=1", user="eve", project="f" * 32)["volumes"]
    assert listed == []
    deployment.delete_volume(volume_id)


def test_a_move_shows_no_temporary_volume(slow: Deployment) -> None:
    volume = slow.create_volume(host=slow.host("alpha"))
    before = slow.fill(volume, 12)
    assert slow.migrate(volume["id"], slow.host("beta"), force_host_copy=True).status_code == 202
    slow.wait_for_record(volume["id"], "phase", "copying")
    mine = {entry["id"] for entry in slow.get("/volumes", user="demo")["volumes"]}
    everything = {entry["id"] for entry in slow.get("/volumes")["volumes"]}
    target = slow.records(volume["id"])[0]["new_volume_id"]
    assert target not in mine
    assert volume["id"] in mine
    assert target in everything
    usage = slow.get("/limits", user="demo")["limits"]["absolute"]
    assert usage["totalVolumesUsed"] == len(mine)
    moved = slow.wait_for_migration(volume["id"])
    assert moved["migration_status"] == "success"
    assert slow.digest(moved) == before
    # The old data's row is being removed: it must not turn up either.
    mine = {entry["id"] for entry in slow.get("/volumes", user="demo")["volumes"]}
    assert mine == {volume["id"]}
    slow.delete_volume(volume["id"])


@pytest.mark.keystone
def test_keystone_roles_decide(keystone_deployment: Deployment) -> None:
    services = keystone_deployment
    volume_id = services.create_volume()["id"]
    assert not set(ADMIN_ONLY) & set(services.show(volume_id, user="demo"))
    target = services.host("beta")
    assert services.migrate(volume_id, target, user="demo").status_code == 403
    elsewhere = services.keystone.project_id("other") if services.keystone else ""
    answer = services.request("GET", f"/volumes/{volume_id}", user="other", project=elsewhere)
    assert answer.status_code == 404
    services.delete_volume(volume_id)


@pytest.mark.keystone
@pytest.mark.parametrize("token", ["", "gibberish", "admin:admin"])
def test_keystone_refuses_bad_tokens(keystone_deployment: Deployment, token: str) -> None:
    answer = keystone_deployment.request("GET", "/volumes", token=token)
    assert answer.status_code == 401
    assert "Traceback" not in answer.text


@pytest.mark.keystone
def test_a_token_does_not_open_another_project(keystone_deployment: Deployment) -> None:
    answer = keystone_deployment.request("GET", "/volumes", user="demo", project="f" * 32)
    assert answer.status_code in (400, 403, 404)


@pytest.mark.keystone
def test_a_token_of_no_project_opens_nothing(keystone_deployment: Deployment) -> None:
    """Nor do the lists that no policy guards, with what the volumes' connections need."""
    services = keystone_deployment
    assert services.keystone is not None
    volume_id = services.create_volume()["id"]
    promised = {"attachment": {"volume_uuid": volume_id, "instance_uuid": SOME_ID}}
    made = services.request("POST", "/attachments", promised).json()["attachment"]["id"]
    token = services.keystone.unscoped_token("other")
    for path in ("/v3/attachments", "/v3/attachments/detail", f"/v3/attachments/{made}"):
        for more in ("", "?all_tenants=1"):
            answer = services.request("GET", path + more, token=token)
            assert answer.status_code in (401, 403), answer.text
            assert volume_id not in answer.text
    services.request("DELETE", f"/attachments/{made}")
    services.delete_volume(volume_id)
