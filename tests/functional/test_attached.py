# SPDX-License-Identifier: Apache-2.0
"""Volumes in use move through a Nova that answers what the real one was recorded to answer."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
    nova.uses.clear()
    nova.refuses.clear()
    nova.locked, nova.locked_reason = False, None


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
    volume_id, attachment_id = attached(cloud, nova)
    nova.use(SERVER, volume_id, attachment_id)
    refused = cloud.action(volume_id, "os-migrate_volume", {"host": cloud.host("alpha", "second")})
    assert refused.status_code == 400
    assert "is STOPPED" in refused.text
    assert "ask for the move with offline_servers" in refused.text
    assert cloud.show(volume_id)["migration_status"] is None
    nova.uses.clear()
    end(cloud, nova, volume_id)


@pytest.mark.parametrize("force_host_copy", [False, True])
def test_a_server_that_is_shut_off_lets_go(
    cloud: Deployment, nova: Nova, force_host_copy: bool
) -> None:
    nova.vm_state = "stopped"
    volume_id, old = attached(cloud, nova)
    nova.use(SERVER, volume_id, old, device="/dev/sdc", tag="logs", delete_on_termination=True)
    there = cloud.host("alpha", "second")
    options = {"host": there, "offline_servers": True, "force_host_copy": force_host_copy}
    assert cloud.action(volume_id, "os-migrate_volume", options).status_code == 202
    record = cloud.wait_for_record(volume_id, "status", "success", "error")
    assert (record["status"], record["error"], nova.errors) == ("success", None, [])
    assert (record["server_id"], record["offline_servers"]) == (SERVER, True)
    after = cloud.show(volume_id)
    assert (after["status"], after["os-vol-host-attr:host"]) == ("in-use", there)
    [attachment] = after["attachments"]
    assert (attachment["server_id"], attachment["device"]) == (SERVER, "/dev/sdc")
    use = nova.uses[volume_id]
    assert use["attachment_id"] == attachment["attachment_id"] != old
    assert (use["tag"], use["delete_on_termination"], nova.locked) == ("logs", True, False)
    asked = [(method, next(iter(body or {}), None)) for method, _, _, body in nova.calls]
    steps = [one for one in asked if one[0] != "GET"]
    assert steps == [
        ("POST", "lock"),
        ("DELETE", None),
        ("POST", "volumeAttachment"),
        ("POST", "unlock"),
    ]
    nova.uses.clear()
    end(cloud, nova, volume_id)


def test_its_server_can_not_be_locked(cloud: Deployment, nova: Nova) -> None:
    nova.vm_state, nova.refuses = "stopped", {"lock": 403}
    volume_id, old = attached(cloud, nova)
    nova.use(SERVER, volume_id, old)
    options = {"host": cloud.host("alpha", "second"), "offline_servers": True}
    assert cloud.action(volume_id, "os-migrate_volume", options).status_code == 202
    record = cloud.wait_for_record(volume_id, "status", "error")
    assert "answered 403" in record["error"]
    [attachment] = cloud.show(volume_id)["attachments"]
    assert attachment["attachment_id"] == old
    nova.uses.clear()
    end(cloud, nova, volume_id)


def test_the_service_dies_while_a_server_has_let_go(cloud: Deployment, nova: Nova) -> None:
    nova.vm_state, nova.refuses = "stopped", {"attach": 503}
    volume_id, old = attached(cloud, nova)
    nova.use(SERVER, volume_id, old)
    there = cloud.host("alpha", "second")
    options = {"host": there, "offline_servers": True}
    assert cloud.action(volume_id, "os-migrate_volume", options).status_code == 202
    record = cloud.wait_for_record(volume_id, "phase", "attaching")
    wait_until(lambda: cloud.records(volume_id)[0]["error"], 30, "the first try to fail")
    assert SERVER in cloud.records(volume_id)[0]["error"]
    assert nova.locked_reason == (
        f"Volume {volume_id} is being moved (migration {record['id']}); wait for its end."
    )
    other = {"volume_uuid": volume_id, "instance_uuid": SERVER.replace("1", "2")}
    headers = {**NEW, "X-Auth-Token": nova.token}
    refused = requests.post(
        nova.volume_url + "/attachments", json={"attachment": other}, headers=headers, timeout=30
    )
    assert refused.status_code == 400
    assert "it is moving to another backend" in refused.text
    volume_service = "volume-alpha" if "volume-alpha" in cloud.service_names else "standalone"
    cloud.kill(volume_service)
    nova.refuses.clear()
    cloud.start(volume_service)
    cloud.wait_ready()
    record = cloud.wait_for_record(volume_id, "status", "success", "error")
    assert (record["status"], record["error"]) == ("success", None)
    [attachment] = cloud.show(volume_id)["attachments"]
    assert attachment["server_id"] == SERVER
    assert not nova.locked
    nova.uses.clear()
    end(cloud, nova, volume_id)


def test_a_server_that_is_shelved_and_offloaded(cloud: Deployment, nova: Nova) -> None:
    volume_id, old = attached(cloud, nova)
    asked = {"volume_uuid": volume_id, "instance_uuid": SERVER}
    made = call(nova, "POST", "/attachments", {"attachment": asked})["attachment"]
    call(nova, "DELETE", f"/attachments/{old}")
    nova.vm_state = "shelved_offloaded"
    assert cloud.show(volume_id)["status"] == "reserved"
    there = cloud.host("alpha", "second")
    cloud.migrate_and_wait(volume_id, there)
    after = cloud.show(volume_id)
    assert (after["status"], after["os-vol-host-attr:host"]) == ("reserved", there)
    host = {"host": socket.gethostname(), "initiator": "fake", "mountpoint": "/dev/sdb"}
    path = f"/attachments/{made['id']}"
    info = call(nova, "PUT", path, {"attachment": {"connector": host}})["attachment"]
    assert str(cloud.data_dir(there)) in str(info["connection_info"])
    call(nova, "POST", f"{path}/action", {"os-complete": None})
    assert cloud.show(volume_id)["status"] == "in-use"
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


class Sequence:
    """Random requests about one volume, some of them at the same time; all follow from a seed."""

    def __init__(self, cloud: Deployment, nova: Nova, seed: int) -> None:
        self.cloud, self.nova, self.random = cloud, nova, random.Random(seed)
        self.volume_id, _ = attached(cloud, nova)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request that may be refused, but not fail; returns the body of a good answer."""
        headers = {"X-Auth-Token": self.nova.token, "OpenStack-API-Version": "volume 3.44"}
        url = self.nova.volume_url + path
        answer = requests.request(method, url, json=body, headers=headers, timeout=60)
        assert answer.status_code < 500, answer.text  # noqa: PLR2004
        return answer.json() if answer.ok and answer.content else None

    def act(self, name: str, content: Any) -> Any:
        """Send an action on the volume."""
        return self.ask("POST", f"/volumes/{self.volume_id}/action", {name: content})

    def attachments(self) -> list[dict[str, Any]]:
        """Return the volume's attachments."""
        found: list[dict[str, Any]] = call(
            self.nova, "GET", f"/attachments?volume_id={self.volume_id}"
        )["attachments"]
        return found

    def draw(self) -> Callable[[], None]:
        """Return the next request, or the next few that belong together."""
        number, force = self.random.randrange(4), self.random.random() < 0.5  # noqa: PLR2004
        host = {"host": socket.gethostname(), "initiator": f"iqn.test:{number % 2}"}
        new = {"volume_uuid": self.volume_id, "instance_uuid": SERVER, "connector": host}
        there = self.cloud.host("alpha", self.random.choice(self.cloud.backends))

        def attach() -> None:
            made = self.ask("POST", "/attachments", {"attachment": new})
            if made is not None:
                path = f"/attachments/{made['attachment']['id']}"
                self.ask("POST", f"{path}/action", {"os-complete": None})

        def end_one() -> None:
            found = self.attachments()
            if found:
                self.ask("DELETE", f"/attachments/{found[number % len(found)]['id']}")

        def migrate() -> None:
            self.act("os-migrate_volume", {"host": there, "force_host_copy": force})

        def extend() -> None:
            self.act("os-extend", {"new_size": self.cloud.show(self.volume_id)["size"] + 1})

        steps = [attach, attach, attach, end_one, end_one, migrate, migrate, migrate, extend]
        return self.random.choice(steps)

    def look(self) -> None:
        """Wait until nothing runs, and assert what must hold then."""
        wait_until(
            lambda: all(one["status"] != "running" for one in self.cloud.records(self.volume_id)),
            60,
            "the moves to end",
        )
        self.nova.join()
        wait_until(lambda: self.volume()["status"] != "extending", 30, "the volume to be extended")
        volume, found = self.volume(), {one["status"] for one in self.attachments()}
        assert volume["migration_status"] in (None, "success", "error")
        furthest = next((s for s in ("attached", "attaching", "reserved") if s in found), None)
        expected = {"attached": "in-use", None: "available"}.get(furthest, furthest)
        assert volume["status"] == expected, (volume, found)
        wait_until(self.only_live_data, 10, "the data of moved volumes to go")

    def volume(self) -> dict[str, Any]:
        """Return the volume."""
        return self.cloud.show(self.volume_id)

    def only_live_data(self) -> bool:
        """Tell whether the backends hold the volumes that the database names, and no others."""
        listed = self.cloud.get("/volumes/detail?all_tenants=1")["volumes"]
        named = {self.cloud.volume_file(one) for one in listed}
        hosts = [self.cloud.host("alpha", backend) for backend in self.cloud.backends]
        kept = {self.cloud.data_dir(h) / name for h in hosts for name in self.cloud.files(h)}
        return named == kept


@pytest.mark.parametrize("seed", range(4))
def test_whatever_comes_at_the_same_time(cloud: Deployment, nova: Nova, seed: int) -> None:
    sequence = Sequence(cloud, nova, seed)
    for _ in range(6):
        steps = [sequence.draw() for _ in range(sequence.random.choice((1, 2, 3)))]
        with ThreadPoolExecutor() as threads:
            for done in [threads.submit(step) for step in steps]:
                done.result(120)
        sequence.look()
    nova.errors.clear()
    for one in sequence.attachments():
        call(nova, "DELETE", f"/attachments/{one['id']}")
    cloud.delete_volume(sequence.volume_id)
    wait_until(sequence.only_live_data, 10, "the data to go")
