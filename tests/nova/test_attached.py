# SPDX-License-Identifier: Apache-2.0
"""Volumes in use by servers of a real Nova: attached, moved, live-migrated, and let go."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.functional.harness import process
from tests.functional.harness.compute import HOSTS, Compute
from tests.functional.harness.deployment import Deployment


def settled(volumes: Deployment, nova: Compute, server: str, volume: str) -> str:
    """Assert that a server uses a volume once and that both sides say so; return the attachment.

    What the other side notes after its last call is waited for.
    """
    after = volumes.wait_for_status(volume, "in-use")
    [attachment] = after["attachments"]
    assert attachment["server_id"] == server
    expected = [(volume, attachment["attachment_id"])]
    process.wait_until(
        lambda: nova.attachments(server) == expected, 30, "Nova to note the attachment"
    )
    return str(attachment["attachment_id"])


def only_one_is_left(volumes: Deployment, volume: str) -> None:
    """Assert that of all volumes of the project only one is left: no target, no old data."""
    process.wait_until(
        lambda: [one["id"] for one in volumes.get("/volumes")["volumes"]] == [volume],
        30,
        "the temporary volume to go",
    )


def elsewhere(volumes: Deployment, volume: str) -> str:
    """Return the backend that a volume is not on."""
    here = volumes.show(volume)["os-vol-host-attr:host"]
    there: str = next(
        host
        for host in (volumes.host("alpha", backend) for backend in volumes.backends)
        if host != here
    )
    return there


def other(host: str) -> str:
    """Return the other compute host."""
    return HOSTS[1] if host == HOSTS[0] else HOSTS[0]


def test_it_is_attached(volumes: Deployment, nova: Compute, server: str, volume: str) -> None:
    attachment = settled(volumes, nova, server, volume)
    found = volumes.get(f"/attachments/{attachment}")["attachment"]
    assert (found["status"], found["instance"]) == ("attached", server)
    assert found["connection_info"]["driver_volume_type"] == "local"
    assert volumes.show(volume)["attachments"][0]["host_name"] == nova.host_of(server)


def test_it_moves_there_and_back(
    volumes: Deployment, nova: Compute, server: str, volume: str
) -> None:
    for _ in range(2):
        old = settled(volumes, nova, server, volume)
        volumes.migrate_and_wait(volume, elsewhere(volumes, volume))
        record = volumes.wait_for_record(volume, "status", "success", "error")
        assert (record["mode"], record["status"], record["error"]) == ("nova", "success", None)
        assert settled(volumes, nova, server, volume) != old
        only_one_is_left(volumes, volume)


def test_a_swap_that_fails(volumes: Deployment, nova: Compute, server: str, volume: str) -> None:
    old, here = settled(volumes, nova, server, volume), volumes.show(volume)
    nova.fail("swap_volume")
    try:
        answer = volumes.migrate(volume, elsewhere(volumes, volume))
        assert answer.status_code == 202, answer.text
        record = volumes.wait_for_record(volume, "status", "success", "error")
    finally:
        nova.fail("swap_volume", fails=False)
    assert record["status"] == "error"
    assert "Nova reports that it could not copy" in record["error"]
    host = "os-vol-host-attr:host"
    assert volumes.show(volume)[host] == here[host]
    assert settled(volumes, nova, server, volume) == old
    only_one_is_left(volumes, volume)


def test_another_type(volumes: Deployment, nova: Compute, server: str, volume: str) -> None:
    there = elsewhere(volumes, volume)
    specs = {"volume_backend_name": there.rpartition("#")[2]}
    body = {"volume_type": {"name": "elsewhere", "extra_specs": specs}}
    made = volumes.request("POST", "/types", body)
    assert made.status_code == 200, made.text
    content = {"new_type": "elsewhere", "migration_policy": "on-demand"}
    assert volumes.action(volume, "os-retype", content).status_code == 202
    after = volumes.wait_for_migration(volume)
    assert (after["migration_status"], after["volume_type"]) == ("success", "elsewhere")
    assert after["os-vol-host-attr:host"] == there
    settled(volumes, nova, server, volume)


def test_it_grows(volumes: Deployment, nova: Compute, server: str, volume: str) -> None:
    assert volumes.action(volume, "os-extend", {"new_size": 2}).status_code == 202
    volumes.wait_for(volume, "size", 2)
    settled(volumes, nova, server, volume)

    def told() -> bool:
        actions = nova.get(f"/servers/{server}/os-instance-actions")["instanceActions"]
        return any(one["action"] == "extend_volume" for one in actions)

    process.wait_until(told, 30, "Nova to be told that the volume has grown")


def test_its_server_is_shut_off(
    volumes: Deployment, nova: Compute, server: str, volume: str
) -> None:
    nova.act(server, "os-stop")
    nova.wait(server, "SHUTOFF")
    try:
        refused = volumes.migrate(volume, elsewhere(volumes, volume))
        assert refused.status_code == 400
        assert f"its server {server} is SHUTOFF" in refused.text
        assert "offline_servers" in refused.text
        assert volumes.show(volume)["migration_status"] is None
    finally:
        nova.act(server, "os-start")
        nova.wait(server, "ACTIVE")
    settled(volumes, nova, server, volume)


def place_of(volumes: Deployment, attachment: str) -> str:
    """Return where the server of an attachment finds the data."""
    found = volumes.get(f"/attachments/{attachment}")["attachment"]["connection_info"]
    return str(found["device_path"])


def ask_to_let_go(volumes: Deployment, volume: str, there: str) -> None:
    """Ask for a move for which a server that is shut off lets go of the volume."""
    options = {"host": there, "offline_servers": True}
    answer = volumes.action(volume, "os-migrate_volume", options)
    assert answer.status_code == 202, answer.text


def test_a_server_that_is_shut_off_lets_go(
    volumes: Deployment, nova: Compute, server: str, volume: str
) -> None:
    old, there = settled(volumes, nova, server, volume), elsewhere(volumes, volume)
    device = volumes.show(volume)["attachments"][0]["device"]
    nova.act(server, "os-stop")
    nova.wait(server, "SHUTOFF")
    ask_to_let_go(volumes, volume, there)
    record = volumes.wait_for_record(volume, "status", "success", "error")
    assert (record["status"], record["error"]) == ("success", None)
    assert record["server_id"] == server
    after = volumes.show(volume)
    assert (after["os-vol-host-attr:host"], after["status"]) == (there, "in-use")
    assert after["attachments"][0]["device"] == device
    new = settled(volumes, nova, server, volume)
    assert new != old
    assert place_of(volumes, new) == str(volumes.volume_file(after))
    assert nova.show(server)["locked"] is False
    nova.act(server, "os-start")
    nova.wait(server, "ACTIVE")
    assert settled(volumes, nova, server, volume) == new
    only_one_is_left(volumes, volume)


def test_it_is_locked_until_it_has_its_volume_back(
    volumes: Deployment, nova: Compute, server: str, volume: str
) -> None:
    settled(volumes, nova, server, volume)
    nova.act(server, "os-stop")
    nova.wait(server, "SHUTOFF")
    nova.fail("attach_volume")
    try:
        ask_to_let_go(volumes, volume, elsewhere(volumes, volume))

        def tried() -> bool:
            record = volumes.records(volume)[0]
            return record["phase"] == "attaching" and bool(record["error"])

        process.wait_until(tried, 60, "the volume not to be given back")
        assert volume in nova.show(server)["locked_reason"]
        start = {"os-start": None}
        refused = nova.request("POST", f"/servers/{server}/action", start, user="demo")
        assert refused.status_code == 409, refused.text
    finally:
        nova.fail("attach_volume", fails=False)
    record = volumes.wait_for_record(volume, "status", "success", "error")
    assert (record["status"], record["error"]) == ("success", None)
    nova.act(server, "os-start")
    nova.wait(server, "ACTIVE")
    settled(volumes, nova, server, volume)
    assert nova.show(server)["locked"] is False


def test_a_server_that_is_shelved_and_offloaded(
    volumes: Deployment, nova: Compute, server: str, volume: str
) -> None:
    settled(volumes, nova, server, volume)
    nova.act(server, "shelve")
    nova.wait(server, "SHELVED_OFFLOADED")
    volumes.wait_for_status(volume, "reserved")
    there = elsewhere(volumes, volume)
    volumes.migrate_and_wait(volume, there)
    record = volumes.wait_for_record(volume, "status", "success", "error")
    assert (record["status"], record["mode"] != "nova") == ("success", True)
    # Unshelved while it moves, the server is refused the connection, and stays as it is.
    moving = {"migration_status": "migrating"}
    assert volumes.action(volume, "os-reset_status", moving).status_code == 202
    nova.act(server, "unshelve")
    nova.wait(server, "SHELVED_OFFLOADED")
    assert volumes.show(volume)["status"] == "reserved"
    assert (
        volumes.action(volume, "os-reset_status", {"migration_status": "none"}).status_code == 202
    )
    nova.act(server, "unshelve")
    nova.wait(server, "ACTIVE")
    attachment = settled(volumes, nova, server, volume)
    assert place_of(volumes, attachment) == str(volumes.volume_file(volumes.show(volume)))
    assert volumes.show(volume)["os-vol-host-attr:host"] == there


@pytest.mark.parametrize(("user", "status"), [("demo", 403), ("admin", 409)])
def test_only_the_volume_service_may_have_it_swapped(
    volumes: Deployment, nova: Compute, server: str, volume: str, user: str, status: int
) -> None:
    body = {"volumeAttachment": {"volumeId": str(uuid.uuid4())}}
    path = f"/servers/{server}/os-volume_attachments/{volume}"
    assert nova.request("PUT", path, body, user=user).status_code == status
    settled(volumes, nova, server, volume)


def test_its_server_goes_to_another_host(
    volumes: Deployment, nova: Compute, server: str, volume: str
) -> None:
    here, old = nova.host_of(server), settled(volumes, nova, server, volume)
    migration = nova.live_migrate(server, other(here))
    nova.wait_for_migration(server, migration, "completed")
    nova.wait(server, "ACTIVE")
    assert nova.host_of(server) == other(here)
    assert settled(volumes, nova, server, volume) != old
    assert volumes.show(volume)["attachments"][0]["host_name"] == other(here)


def test_a_live_migration_that_is_aborted(
    volumes: Deployment, nova: Compute, server: str, volume: str
) -> None:
    here, old = nova.host_of(server), settled(volumes, nova, server, volume)
    migration = nova.live_migrate(server, other(here))
    nova.wait_for_migration(server, migration, "running")
    nova.done("DELETE", f"/servers/{server}/migrations/{migration}", user="admin")
    nova.wait_for_migration(server, migration, "cancelled")
    nova.wait(server, "ACTIVE")
    assert nova.host_of(server) == here
    assert settled(volumes, nova, server, volume) == old


@pytest.mark.parametrize("method", ["pre_live_migration", "live_migration"])
def test_a_live_migration_that_fails(
    volumes: Deployment, nova: Compute, server: str, volume: str, method: str
) -> None:
    here, old = nova.host_of(server), settled(volumes, nova, server, volume)
    nova.fail(method)
    try:
        migration = nova.live_migrate(server, other(here))
        nova.wait_for_migration(server, migration, "error", "failed")
    finally:
        nova.fail(method, fails=False)
    nova.wait(server, "ACTIVE")
    assert nova.host_of(server) == here
    assert settled(volumes, nova, server, volume) == old


def test_a_hard_reboot(volumes: Deployment, nova: Compute, server: str, volume: str) -> None:
    old = settled(volumes, nova, server, volume)
    nova.act(server, "reboot", {"type": "HARD"})
    nova.wait(server, "ACTIVE")
    assert settled(volumes, nova, server, volume) == old


def test_a_server_that_boots_from_a_volume(volumes: Deployment, nova: Compute, flavor: str) -> None:
    root = str(volumes.create_volume()["id"])
    assert volumes.action(root, "os-set_bootable", {"bootable": True}).status_code == 200
    disk: dict[str, Any] = {
        "uuid": root,
        "source_type": "volume",
        "destination_type": "volume",
        "boot_index": 0,
    }
    server = nova.boot(imageRef="", flavorRef=flavor, block_device_mapping_v2=[disk])
    settled(volumes, nova, server, root)
    volumes.migrate_and_wait(root, elsewhere(volumes, root))
    settled(volumes, nova, server, root)
    nova.delete(server)
    volumes.wait_for_status(root, "available")
    volumes.delete_volume(root)


def test_a_server_that_is_deleted_lets_its_volume_go(
    volumes: Deployment, nova: Compute, flavor: str
) -> None:
    root, more = (str(volumes.create_volume()["id"]) for _ in range(2))
    assert volumes.action(root, "os-set_bootable", {"bootable": True}).status_code == 200
    disk = {
        "uuid": root,
        "source_type": "volume",
        "destination_type": "volume",
        "boot_index": 0,
        "delete_on_termination": True,
    }
    server = nova.boot(imageRef="", flavorRef=flavor, block_device_mapping_v2=[disk])
    nova.attach(server, more)
    volumes.wait_for_status(more, "in-use")
    nova.delete(server)
    volumes.wait_for_status(more, "available")
    volumes.wait_gone(root)
    volumes.delete_volume(more)
