# SPDX-License-Identifier: Apache-2.0
"""Volumes attached through the API, as Nova does it, and used by real initiators.

The initiators are two interfaces of the machine's open-iscsi with names of their own. os-brick
tells sessions apart by target and portal only: where it connects, each has a portal of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.functional.harness.process import HarnessError
from tests.storage.brick import Brick
from tests.storage.deployment import ALPHA_THICK, ALPHA_THIN, Backend, StorageDeployment
from tests.storage.initiators import READ, WRITE, Initiator


class Servers:
    """Two servers on two hosts that attach volumes of one backend."""

    def __init__(self, storage: StorageDeployment) -> None:
        self._storage = storage
        self.one, self.two = (Initiator(storage.machine, number) for number in (4, 5))
        self._made: list[tuple[str, Initiator, dict[str, Any]]] = []

    def attach(
        self, volume_id: str, initiator: Initiator, mode: str = "rw", *, multipath: bool = False
    ) -> str:
        """Make an attachment; returns its id."""
        body: dict[str, Any] = {
            "volume_uuid": volume_id,
            "instance_uuid": str(uuid.uuid4()),
            "mode": mode,
            "connector": {
                "initiator": initiator.name,
                "host": f"host-of-{initiator.name.rpartition(':')[2]}",
                "ip": "10.0.2.15",
                "platform": "x86_64",
                "os_type": "linux",
                "multipath": multipath,
                "mode": mode,
            },
        }
        answer = self._storage.request("POST", "/attachments", {"attachment": body})
        assert answer.status_code == 200, answer.text
        made = answer.json()["attachment"]
        self._made.append((made["id"], initiator, made["connection_info"]))
        answer = self._storage.request("POST", f"/attachments/{made['id']}/action", COMPLETE)
        assert answer.status_code == 204, answer.text
        return str(made["id"])

    def info(self, attachment_id: str) -> dict[str, Any]:
        """Return what the server was told of how to connect."""
        return next(info for made, _, info in self._made if made == attachment_id)

    def detach(self, attachment_id: str) -> None:
        """Delete an attachment; its server's kernel is not asked."""
        answer = self._storage.request("DELETE", f"/attachments/{attachment_id}")
        assert answer.status_code == 200, answer.text

    def leave(self) -> None:
        """End all sessions and attachments that are still there."""
        for made, initiator, info in self._made:
            initiator.forget(info)
            self._storage.request("DELETE", f"/attachments/{made}")


COMPLETE: dict[str, Any] = {"os-complete": {}}


@pytest.fixture
def servers(storage: StorageDeployment) -> Iterator[Servers]:
    """Two servers; when they have left, nothing but the volumes may be there."""
    made = Servers(storage)
    yield made
    made.leave()
    storage.only(*storage.get("/volumes/detail?all_tenants=1")["volumes"])


@pytest.fixture
def shared(storage: StorageDeployment) -> Iterator[str]:
    """A volume type whose volumes may be attached more than once."""
    body = {"name": "shared", "extra_specs": {"multiattach": "<is> True"}}
    answer = storage.request("POST", "/types", {"volume_type": body})
    assert answer.status_code == 200, answer.text
    made = answer.json()["volume_type"]["id"]
    yield made
    for volume in storage.get("/volumes/detail?all_tenants=1")["volumes"]:
        storage.delete_volume(volume["id"])
    assert storage.request("DELETE", f"/types/{made}").status_code == 202


@pytest.mark.slow
@pytest.mark.parametrize("backend", [ALPHA_THICK, ALPHA_THIN], ids=lambda backend: backend.name)
def test_one_of_two_servers_ends(
    storage: StorageDeployment, shared: str, servers: Servers, backend: Backend
) -> None:
    """The other one still reads and writes; the one that has ended gets in no more."""
    volume = storage.create_volume(host=backend.host, volume_type=shared)
    first = servers.attach(volume["id"], servers.one)
    second = servers.attach(volume["id"], servers.two)
    servers.one.login(servers.info(first))
    going_on = servers.two.login(servers.info(second))
    storage.machine.shell(WRITE.format(going_on))
    before = storage.machine.shell(f"dd if={going_on} bs=4096 count=1 iflag=direct | sha256sum")
    servers.detach(first)
    path = storage.logical_volume(storage.show(volume["id"])).path
    assert storage.machine.shell(f"dd if={path} bs=4096 count=1 | sha256sum") == before
    storage.machine.shell(WRITE.format(going_on))
    storage.machine.shell(READ.format(going_on))
    servers.one.forget(servers.info(first))
    with pytest.raises(HarnessError, match=r"authorization failure|login failure"):
        servers.one.login(servers.info(first))
    storage.machine.shell(READ.format(going_on))


@pytest.mark.slow
def test_one_of_two_servers_of_os_brick_ends(
    storage: StorageDeployment, shared: str, servers: Servers
) -> None:
    """os-brick connects both and disconnects one; the other still reads and writes."""
    volume = storage.create_volume(host=ALPHA_THIN.host, volume_type=shared)
    users = []
    for portal, initiator in enumerate((servers.one, servers.two)):
        attached = servers.attach(volume["id"], initiator, multipath=True)
        info = dict(servers.info(attached))
        for name in ("target_portal", "target_iqn", "target_lun"):
            info[name] = info.pop(f"{name}s")[portal]
        brick = Brick(storage.machine, initiator.make_interface())
        users.append((attached, brick, info, brick.connect(info)))
    first, second = users
    assert first[3]["path"] != second[3]["path"]
    storage.machine.shell(WRITE.format(first[3]["path"]))
    digests = [_first_block(storage, device["path"]) for *_, device in users]
    assert digests[0] == digests[1]
    first[1].disconnect(first[2], first[3])
    servers.detach(first[0])
    storage.machine.shell(WRITE.format(second[3]["path"]))
    written = _first_block(storage, second[3]["path"])
    assert written != digests[0]
    path = storage.logical_volume(storage.show(volume["id"])).path
    assert _first_block(storage, path) == written
    second[1].disconnect(second[2], second[3])
    servers.detach(second[0])


def _first_block(storage: StorageDeployment, path: str) -> str:
    """Return the digest of a device's first block, past the cache."""
    return storage.machine.shell(f"dd if={path} bs=4096 count=1 iflag=direct | sha256sum")


def test_a_read_only_attachment_can_not_write(storage: StorageDeployment, servers: Servers) -> None:
    """Its target refuses; with the secret of the volume that is no different."""
    volume = storage.create_volume(host=ALPHA_THICK.host)
    attached = servers.attach(volume["id"], servers.one, mode="ro")
    info = servers.info(attached)
    assert info["access_mode"] == "ro"
    device = servers.one.login(info)
    storage.machine.shell(READ.format(device))
    with pytest.raises(HarnessError, match="Read-only"):
        storage.machine.shell(WRITE.format(device))
    servers.detach(attached)


# A refused login is not for the plain test command: now and then it ends Debian 12's initiator,
# whose kernel (6.1) releases such a connection twice; iscsid then waits for ever.
@pytest.mark.slow
def test_a_wrong_secret_is_refused(storage: StorageDeployment, servers: Servers) -> None:
    """Neither another secret nor another initiator gets in; the right ones do."""
    volume = storage.create_volume(host=ALPHA_THICK.host)
    info = servers.info(servers.attach(volume["id"], servers.one))
    with pytest.raises(HarnessError, match="authorization failure"):
        servers.one.login(info, password="a-wrong-secret-1")
    servers.one.forget(info)
    with pytest.raises(HarnessError, match=r"authorization failure|login failure"):
        servers.two.login(info)
    servers.two.forget(info)
    storage.machine.shell(READ.format(servers.one.login(info)))
