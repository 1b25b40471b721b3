# SPDX-License-Identifier: Apache-2.0
"""Volumes move, and their bytes with them, on every database and both concurrency backends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.functional.harness.checks import nothing_left
from tests.functional.harness.deployment import Deployment

MOVES_AT_ONCE = 10


def _moved(
    deployment: Deployment, source: str, target: str, **options: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Move a new, filled volume from source to target; return the volume and its record."""
    volume = deployment.create_volume(host=source, metadata={"kept": "yes"})
    before = deployment.fill(volume)
    moved = deployment.migrate_and_wait(volume["id"], target, **options)
    assert deployment.digest(moved) == before
    for key in ("id", "size", "metadata", "created_at", "user_id", "bootable", "volume_type"):
        assert moved[key] == volume[key], key
    assert moved["status"] == "available"
    assert moved["os-vol-mig-status-attr:migstat"] == "success"
    # The volume is whole before its old data is gone, and the record ends after that.
    record = deployment.wait_for_record(volume["id"], "status", "success", "error")
    assert (record["status"], record["phase"], record["error"]) == ("success", "done", None)
    assert (record["source_host"], record["dest_host"]) == (source, target)
    assert record["percent"] == 100
    assert record["finished_at"] is not None
    nothing_left(deployment, moved)
    return moved, record


def test_the_driver_moves_within_its_host(deployment: Deployment) -> None:
    volume, record = _moved(deployment, *deployment.local_pair)
    assert record["mode"] == "driver"
    assert volume["os-vol-mig-status-attr:name_id"] is None
    deployment.delete_volume(volume["id"])


def test_forced_host_copy(deployment: Deployment) -> None:
    volume, record = _moved(deployment, *deployment.remote_pair, force_host_copy=True)
    assert record["mode"] == "host_copy"
    assert record["bytes_total"] == 1024**3
    assert record["bytes_copied"] + record["bytes_skipped"] == record["bytes_total"]
    deployment.delete_volume(volume["id"])


def test_there_and_back_again(deployment: Deployment) -> None:
    source, target = deployment.remote_pair
    volume, _ = _moved(deployment, source, target, force_host_copy=True)
    before = deployment.fill(volume)
    back = deployment.migrate_and_wait(volume["id"], source, force_host_copy=True)
    assert deployment.digest(back) == before
    nothing_left(deployment, back)
    assert len(deployment.records(volume["id"])) >= 2
    deployment.delete_volume(volume["id"])


def test_a_locked_volume_is_in_maintenance_until_it_has_moved(deployment: Deployment) -> None:
    volume, record = _moved(deployment, *deployment.remote_pair, lock_volume=True)
    assert record["lock_volume"] is True
    deployment.delete_volume(volume["id"])


def test_the_host_may_be_named_without_its_pool(deployment: Deployment) -> None:
    source, target = deployment.remote_pair
    volume = deployment.create_volume(host=source)
    answer = deployment.migrate(volume["id"], target.partition("#")[0])
    assert answer.status_code == 202
    moved = deployment.wait_for_migration(volume["id"])
    assert moved["migration_status"] == "success"
    assert moved["os-vol-host-attr:host"] == target
    deployment.delete_volume(volume["id"])


def test_ten_moves_at_once_all_succeed(deployment: Deployment) -> None:
    source, target = deployment.remote_pair
    volumes = [deployment.create_volume(host=source) for _ in range(MOVES_AT_ONCE)]
    before = {volume["id"]: deployment.fill(volume, 3) for volume in volumes}
    for volume in volumes:
        assert deployment.migrate(volume["id"], target, force_host_copy=True).status_code == 202
    for volume_id, digest in before.items():
        moved = deployment.wait_for_migration(volume_id, timeout=180)
        assert moved["migration_status"] == "success", deployment.records(volume_id)
        assert deployment.digest(moved) == digest
        nothing_left(deployment, moved)
    for volume_id in before:
        deployment.delete_volume(volume_id)


def test_of_two_requests_at_once_one_is_admitted(deployment: Deployment) -> None:
    source, target = deployment.remote_pair
    volume_id = deployment.create_volume(host=source)["id"]
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(
                lambda _: deployment.migrate(volume_id, target, force_host_copy=True), range(4)
            )
        )
    assert sorted(answer.status_code for answer in answers) == [202, 400, 400, 400]
    refusal = next(answer for answer in answers if answer.status_code == 400)
    assert volume_id in refusal.json()["badRequest"]["message"]
    deployment.wait_for_migration(volume_id)
    assert len(deployment.records(volume_id)) == 1
    deployment.delete_volume(volume_id)


def test_a_moving_volume_refuses_deletion(deployment: Deployment) -> None:
    source, target = deployment.remote_pair
    volume_id = deployment.create_volume(host=source)["id"]
    assert deployment.migrate(volume_id, target, force_host_copy=True).status_code == 202
    answer = deployment.request("DELETE", f"/volumes/{volume_id}")
    settled = deployment.wait_for_migration(volume_id)
    if answer.status_code == 202:  # the move was faster than the request
        deployment.wait_gone(volume_id)
        return
    assert "moving" in answer.json()["badRequest"]["message"]
    assert settled["migration_status"] == "success"
    deployment.delete_volume(volume_id)


def test_a_backend_without_room_is_refused_with_the_reason(deployment: Deployment) -> None:
    source, target = deployment.remote_pair
    volume = deployment.create_volume(host=source)
    answer = deployment.migrate(volume["id"], f"{target.partition('#')[0]}#no-such-pool")
    assert answer.status_code == 202
    settled = deployment.wait_for_migration(volume["id"])
    assert settled["migration_status"] == "error"
    assert settled["status"] == "available"
    assert settled["os-vol-host-attr:host"] == source
    record = deployment.records(volume["id"])[0]
    assert record["status"] == "error"
    assert record["error"]
    deployment.delete_volume(volume["id"])
