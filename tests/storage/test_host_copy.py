# SPDX-License-Identifier: Apache-2.0
"""Moves between two nodes: created there, attached here over iSCSI, copied, swapped, cleaned up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.functional.harness.process import wait_until
from tests.storage import leftovers
from tests.storage.deployment import (
    ALPHA_THICK,
    ALPHA_THIN,
    BETA_THICK,
    BETA_THIN,
    SLOW_SECONDS,
    Backend,
    StorageDeployment,
)
from tests.storage.test_local_moves import DIRT, FILLED_MIB, POINTS, check_place, furnish

MIB = 1024**2
SLOW = {ALPHA_THICK.name: {"volume_copy_bps_limit": 12 * MIB}}
"""So slow that a copy of 1 GiB can be met in the middle."""
MOVES = [
    (ALPHA_THICK, BETA_THICK),
    (ALPHA_THIN, BETA_THIN),
    (ALPHA_THIN, BETA_THICK),
    (ALPHA_THICK, BETA_THIN),
]


def only_volume(storage: StorageDeployment, volume: dict[str, Any]) -> None:
    """Check that a volume's data is all there is of volumes and of their use."""
    found = storage.logical_volume(volume)
    leftovers.nothing_left(storage.machine, [f"{found.group}/{found.name}"], SLOW_SECONDS)


@pytest.mark.parametrize(
    ("source", "target"), MOVES, ids=[f"{one.name}-to-{other.name}" for one, other in MOVES]
)
def test_a_volume_moves_to_another_node(
    storage: StorageDeployment, source: Backend, target: Backend
) -> None:
    """Every byte arrives under the volume's own name; thin stays thin; nothing is left."""
    volume = storage.create_volume(host=source.host)
    before = furnish(storage, volume)
    allocated = storage.logical_volume(volume).data_percent
    if target.lvm_type != "thin":
        soiled = storage.groups.soil(target.group, DIRT)
    moved = storage.migrate_and_wait(volume["id"], target.host)
    (record,) = storage.records(volume["id"])
    assert (record["mode"], record["status"]) == ("host_copy", "success")
    found = storage.logical_volume(moved)
    assert (found.group, found.name) == (target.group, f"volume-{volume['id']}")
    assert storage.digest(moved) == before
    if target.lvm_type == "thin":
        # Pieces of a thick volume overlap, and take whole chunks of a thin one.
        expected = allocated or FILLED_MIB / 1024 * 100
        assert abs(found.data_percent - expected) <= (POINTS if allocated else 2 * POINTS)
    else:
        check_place(storage, found, soiled)
    only_volume(storage, moved)


@pytest.fixture
def slow(storage: StorageDeployment) -> Iterator[StorageDeployment]:
    """The services, with alpha's copies so slow that one can be caught in the middle."""
    storage.reconfigure("alpha", SLOW)
    storage.reload("alpha")
    yield storage
    storage.machine.shell("iptables -F")
    storage.reconfigure("alpha", {})
    storage.reload("alpha")


def in_mid_copy(storage: StorageDeployment) -> tuple[dict[str, Any], str]:
    """Return a volume whose bytes are on their way from alpha to beta, and its digest."""
    volume = storage.create_volume(host=ALPHA_THICK.host)
    before = storage.fill(volume, 32)
    assert storage.migrate(volume["id"], BETA_THICK.host).status_code == 202
    wait_until(
        lambda: (found := storage.records(volume["id"])) and found[0]["bytes_copied"] > 0,
        SLOW_SECONDS,
        "the first bytes",
    )
    return volume, before


def settled(storage: StorageDeployment, volume_id: str, digest: str, outcome: str) -> None:
    """Check that a move has ended as it should, with the volume whole and nothing left."""
    volume = storage.wait_for_migration(volume_id, timeout=2 * SLOW_SECONDS)
    record = storage.wait_for_record(volume_id, "status", "success", "error")
    assert (volume["migration_status"], volume["status"]) == (outcome, "available"), record
    backend = BETA_THICK if outcome == "success" else ALPHA_THICK
    assert volume["os-vol-host-attr:host"] == backend.host
    assert storage.digest(volume) == digest
    only_volume(storage, volume)


def test_the_copying_process_is_killed(slow: StorageDeployment) -> None:
    """The move fails with a reason, the source is as before, and the target is gone."""
    volume, before = in_mid_copy(slow)
    slow.machine.run("pkill", "-KILL", "-f", "cinder_lite/volume/copy/child")
    settled(slow, volume["id"], before, "error")
    assert "SIGKILL" in slow.records(volume["id"])[0]["error"]


def test_the_session_is_cut(slow: StorageDeployment) -> None:
    """When the target can not be reached any more, the move fails and this node lets go of it."""
    volume, before = in_mid_copy(slow)
    slow.machine.shell("iptables -A INPUT -p tcp --dport 3260 -j REJECT --reject-with tcp-reset")
    slow.wait_for_migration(volume["id"], timeout=2 * SLOW_SECONDS)
    settled(slow, volume["id"], before, "error")


def test_the_source_service_is_killed(slow: StorageDeployment) -> None:
    """Its next start finds what is connected, lets go of it, and moves the volume anew."""
    volume, before = in_mid_copy(slow)
    slow.kill("volume-alpha")
    wait_until(lambda: not slow.copiers(), SLOW_SECONDS, "the copy to die with its service")
    slow.reconfigure("alpha", {})
    slow.start("volume-alpha")
    settled(slow, volume["id"], before, "success")
    slow.wait_ready()


def test_the_target_service_is_killed(slow: StorageDeployment) -> None:
    """The kernel goes on serving the target; the move is completed when the service is back."""
    volume, before = in_mid_copy(slow)
    slow.kill("volume-beta")
    slow.start("volume-beta")
    settled(slow, volume["id"], before, "success")
    slow.wait_ready()


def test_the_target_service_is_away_at_the_end(slow: StorageDeployment) -> None:
    """What is copied is kept: the move waits for the target's service, and then completes."""
    volume, before = in_mid_copy(slow)
    slow.kill("volume-beta")
    slow.wait_for_record(volume["id"], "phase", "completing", timeout=2 * SLOW_SECONDS)
    wait_until(lambda: not slow.copiers(), SLOW_SECONDS, "the copy to end")
    slow.start("volume-beta")
    settled(slow, volume["id"], before, "success")
    slow.wait_ready()


def test_the_source_service_is_stopped(slow: StorageDeployment) -> None:
    """A service that ends in order lets go of the target first, and goes on at its next start."""
    volume, before = in_mid_copy(slow)
    assert slow.stop("volume-alpha") == 0
    found = slow.logical_volume(slow.show(volume["id"]))
    left = leftovers.look(slow.machine, [f"{found.group}/{found.name}"])
    assert not [line for line in left if line.startswith(("iSCSI", "SCSI", "process"))], left
    slow.reconfigure("alpha", {})
    slow.start("volume-alpha")
    settled(slow, volume["id"], before, "success")
    slow.wait_ready()
