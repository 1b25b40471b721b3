# SPDX-License-Identifier: Apache-2.0
"""Volumes in use move through a Nova that answers what the real one was recorded to answer."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.functional.harness.deployment import Deployment
from tests.functional.harness.nova import Nova
from tests.functional.harness.process import wait_until

SERVER = "5e4e0000-0000-0000-0000-000000000001"
NEW = {"OpenStack-API-Version": "volume 3.44"}


@pytest.fixture(scope="module")
def nova() -> Iterator[Nova]:
    """The stand-in for Nova."""
    made = Nova()
    yield made
    made.stop()


@pytest.fixture(scope="module", params=["rabbit", "in-process"])
def cloud(
    request: pytest.FixtureRequest, start_deployment: Callable[..., Deployment], nova: Nova
) -> Deployment:
    """Services that know the stand-in, and that it knows."""
    made = start_deployment(
        messaging=request.param,
        database="mariadb" if request.param == "rabbit" else "sqlite",
        hosts=("alpha",),
        backends=("file", "second"),
        settings={
            "DEFAULT": {"migration_nova_poll_interval": 0.5},
            "nova": {"auth_type": "none", "endpoint": nova.url},
        },
    )
    nova.volume_url = f"{made.root_url}/v3/{made.project}"
    nova.token = f"admin:{made.project}"
    return made


@pytest.fixture(autouse=True)
def well(nova: Nova) -> None:
    """Let Nova be well again."""
    nova.outcome, nova.answer, nova.vm_state = "swaps", (202, None), "active"
    nova.errors.clear()
    nova.calls.clear()


def call(nova: Nova, method: str, path: str, body: Any = None) -> Any:
    """Call the volume API as Nova."""
    headers = {**NEW, "X-Auth-Token": nova.token}
    url = nova.volume_url + path
    answer = requests.request(method, url, json=body, headers=headers, timeout=30)
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


def attached(cloud: Deployment, nova: Nova) -> tuple[str, str]:
    """Create a volume that a server uses; returns its id and its attachment's."""
    volume_id = str(cloud.create_volume(host=cloud.host("alpha"))["id"])
    asked = {"volume_uuid": volume_id, "instance_uuid": SERVER}
    made = call(nova, "POST", "/attachments", {"attachment": asked})["attachment"]
    host = {"host": socket.gethostname(), "initiator": "fake", "mountpoint": "/dev/sdb"}
    path = f"/attachments/{made['id']}"
    info = call(nova, "PUT", path, {"attachment": {"connector": host}})["attachment"]
    assert info["connection_info"]["driver_volume_type"] == "local"
    call(nova, "POST", f"{path}/action", {"os-complete": None})
    assert cloud.show(volume_id)["status"] == "in-use"
    return volume_id, str(made["id"])


def end(cloud: Deployment, nova: Nova, volume_id: str) -> None:
    """Detach a volume and delete it."""
    for one in cloud.show(volume_id)["attachments"]:
        call(nova, "DELETE", f"/attachments/{one['attachment_id']}")
    assert cloud.show(volume_id)["status"] == "available"
    cloud.delete_volume(volume_id)
    cloud.wait_gone(volume_id)


@pytest.mark.parametrize("outcome", ["swaps", "is silent"])
def test_it_moves(cloud: Deployment, nova: Nova, outcome: str) -> None:
    nova.outcome = outcome
    volume_id, old = attached(cloud, nova)
    there = cloud.host("alpha", "second")
    cloud.migrate_and_wait(volume_id, there)
    after = cloud.show(volume_id)
    assert (after["status"], after["os-vol-host-attr:host"]) == ("in-use", there)
    [attachment] = after["attachments"]
    assert attachment["attachment_id"] != old
    assert (attachment["server_id"], attachment["device"]) == (SERVER, "/dev/sdb")
    record = cloud.wait_for_record(volume_id, "status", "success", "error")
    assert (record["mode"], record["status"], record["error"]) == ("nova", "success", None)
    assert nova.errors == []
    if outcome == "swaps":
        wait_until(lambda: nova.saved[-1:] == [volume_id], 10, "Nova to note the volume's new id")
    else:
        assert nova.saved[-1:] != [volume_id]
    end(cloud, nova, volume_id)


@pytest.mark.parametrize(
    ("outcome", "answer", "said"),
    [
        ("fails", (202, None), "Nova reports that it could not copy"),
        ("swaps", (409, {"conflictingRequest": {"message": "Busy."}}), "answered 409: "),
        ("swaps", (500, {"computeFault": {"message": "Broken."}}), "answered 500: "),
    ],
)
def test_it_stays(
    cloud: Deployment, nova: Nova, outcome: str, answer: tuple[int, Any], said: str
) -> None:
    nova.outcome, nova.answer = outcome, answer
    volume_id, old = attached(cloud, nova)
    cloud.migrate(volume_id, cloud.host("alpha", "second"))
    record = cloud.wait_for_record(volume_id, "status", "error")
    assert said in record["error"]
    after = cloud.show(volume_id)
    assert (after["status"], after["migration_status"]) == ("in-use", "error")
    assert after["os-vol-host-attr:host"] == cloud.host("alpha")
    assert [one["attachment_id"] for one in after["attachments"]] == [old]
    cloud.wait_gone(record["new_volume_id"])
    assert nova.errors == []
    end(cloud, nova, volume_id)


def test_a_server_that_is_shut_off(cloud: Deployment, nova: Nova) -> None:
    nova.vm_state = "stopped"
    volume_id, _ = attached(cloud, nova)
    refused = cloud.action(volume_id, "os-migrate_volume", {"host": cloud.host("alpha", "second")})
    assert refused.status_code == 400
    assert "is STOPPED" in refused.text
    assert cloud.show(volume_id)["migration_status"] is None
    end(cloud, nova, volume_id)


def test_another_type_of_a_volume_in_use(cloud: Deployment, nova: Nova) -> None:
    volume_id, _ = attached(cloud, nova)
    specs = {"volume_backend_name": "second"}
    body = {"volume_type": {"name": "second", "extra_specs": specs}}
    assert cloud.request("POST", "/types", body).status_code == 200
    content = {"new_type": "second", "migration_policy": "on-demand"}
    assert cloud.action(volume_id, "os-retype", content).status_code == 202
    cloud.wait_for_migration(volume_id)
    after = cloud.show(volume_id)
    assert (after["volume_type"], after["status"]) == ("second", "in-use")
    assert after["os-vol-host-attr:host"] == cloud.host("alpha", "second")
    end(cloud, nova, volume_id)
