# SPDX-License-Identifier: Apache-2.0
"""What happens to a copy between two nodes when something breaks in the middle of it.

Whatever it is: the source stays usable, status and reason are right, and nothing is left as soon as
both nodes are there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.functional.harness.process import wait_until
from tests.storage import leftovers
from tests.storage.deployment import (
    ALPHA_THICK,
    BETA_THICK,
    BETA_THIN,
    SLOW_SECONDS,
    Backend,
    StorageDeployment,
)
from tests.storage.groups import MIB

SLOW = {ALPHA_THICK.name: {"volume_copy_bps_limit": 8 * MIB}}
"""So slow that a copy of 1 GiB can be met in the middle."""
FORGET_TARGETS = "import rtslib_fb; rtslib_fb.RTSRoot().clear_existing(confirm=True)"


@pytest.fixture
def slow(storage: StorageDeployment) -> Iterator[StorageDeployment]:
    """The services, with alpha's copies so slow that one can be caught in the middle."""
    storage.reconfigure("alpha", SLOW)
    storage.reload("alpha")
    yield storage
    storage.machine.shell("iptables -F")
    hurry(storage)


def hurry(storage: StorageDeployment) -> None:
    """Let alpha's copies, those that run as well, be as fast as they can."""
    storage.reconfigure("alpha", {})
    storage.reload("alpha")


def in_mid_copy(
    storage: StorageDeployment, target: Backend = BETA_THICK, filled: int = 32
) -> tuple[dict[str, Any], str]:
    """Return a volume whose bytes are on their way from alpha to beta, and its digest.

    :param filled: MiB of data in it
    """
    volume = storage.create_volume(host=ALPHA_THICK.host)
    before = storage.fill(volume, filled)
    assert storage.migrate(volume["id"], target.host).status_code == 202
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
    assert (outcome == "success") != bool(record["error"]), record
    assert storage.digest(volume) == digest
    storage.only(volume)


def test_the_copying_process_is_killed(slow: StorageDeployment) -> None:
    """The move fails with a reason, the source is as before, and the target is gone."""
    volume, before = in_mid_copy(slow)
    slow.machine.run("pkill", "-KILL", "-f", "cinder_lite/volume/copy/child")
    settled(slow, volume["id"], before, "error")
    assert "SIGKILL" in slow.records(volume["id"])[0]["error"]


@pytest.mark.slow
def test_the_session_is_cut(slow: StorageDeployment) -> None:
    """When the target can not be reached any more, the move fails and this node lets go of it."""
    volume, before = in_mid_copy(slow)
    slow.machine.shell("iptables -A INPUT -p tcp --dport 3260 -j REJECT --reject-with tcp-reset")
    settled(slow, volume["id"], before, "error")


@pytest.mark.slow
def test_the_target_node_is_powered_off(slow: StorageDeployment) -> None:
    """The move fails while the node is away, and what it has goes when the node is back.

    Of the machine's nodes, beta goes off: its service, its kernel's targets and its address.
    """
    volume, before = in_mid_copy(slow)
    slow.machine.shell("iptables -A INPUT -p tcp --dport 3260 -j DROP")
    slow.kill("volume-beta")
    slow.machine.run("/opt/venv/bin/python", "-c", FORGET_TARGETS)
    ended = slow.wait_for_migration(volume["id"], timeout=2 * SLOW_SECONDS)
    assert (ended["migration_status"], ended["status"]) == ("error", "available")
    assert slow.digest(ended) == before
    slow.machine.shell("iptables -F")
    slow.start("volume-beta")
    settled(slow, volume["id"], before, "error")
    slow.wait_ready()


@pytest.mark.slow
def test_both_nodes_lose_their_power(slow: StorageDeployment) -> None:
    """When they are back, the move is done anew."""
    volume, before = in_mid_copy(slow)
    slow.machine.reset()
    slow.reconfigure("alpha", {})
    for node in slow.hosts:
        slow.start(f"volume-{node}")
    settled(slow, volume["id"], before, "success")
    slow.wait_ready()


@contextlib.contextmanager
def hog(storage: StorageDeployment, backend: Backend, spare: int) -> Iterator[None]:
    """Use up a thin pool but for ``spare`` bytes for the time of a ``with`` block."""
    pool = storage.groups.find(f"{backend.group}-pool")
    size = int(pool.size * (100 - pool.data_percent) / 100 - spare) // MIB
    name = f"{backend.group}/hog"
    storage.machine.shell(
        f"lvcreate -qq -y -V {size}M --thin-pool {pool.name} -n hog {backend.group}\n"
        f"dd if=/dev/zero of=/dev/{name} bs=1M count={size} oflag=direct status=none || true"
    )
    try:
        yield
    finally:
        storage.machine.run("lvremove", "-qq", "-f", name)


@pytest.mark.slow
def test_the_targets_thin_pool_is_full(slow: StorageDeployment) -> None:
    """The kernel gives up after a minute; the move fails, and the pool has its room again."""
    volume, before = in_mid_copy(slow, BETA_THIN, filled=256)
    with hog(slow, BETA_THIN, spare=16 * MIB):
        hurry(slow)
        ended = slow.wait_for_migration(volume["id"], timeout=2 * SLOW_SECONDS)
        assert ended["migration_status"] == "error"
    settled(slow, volume["id"], before, "error")
    assert slow.groups.find(f"{BETA_THIN.group}-pool").data_percent < 1


@pytest.mark.slow
def test_the_source_service_is_killed(slow: StorageDeployment) -> None:
    """Its next start finds what is connected, lets go of it, and moves the volume anew."""
    volume, before = in_mid_copy(slow)
    slow.kill("volume-alpha")
    wait_until(lambda: not slow.copiers(), SLOW_SECONDS, "the copy to die with its service")
    slow.reconfigure("alpha", {})
    slow.start("volume-alpha")
    settled(slow, volume["id"], before, "success")
    slow.wait_ready()


@pytest.mark.slow
def test_the_target_service_is_killed(slow: StorageDeployment) -> None:
    """The kernel goes on serving the target; the move is completed when the service is back."""
    volume, before = in_mid_copy(slow)
    slow.kill("volume-beta")
    slow.start("volume-beta")
    hurry(slow)
    settled(slow, volume["id"], before, "success")
    slow.wait_ready()


@pytest.mark.slow
def test_the_target_service_is_away_at_the_end(slow: StorageDeployment) -> None:
    """What is copied is kept: the move waits for the target's service, and then completes."""
    volume, before = in_mid_copy(slow)
    slow.kill("volume-beta")
    hurry(slow)
    slow.wait_for_record(volume["id"], "phase", "completing", timeout=2 * SLOW_SECONDS)
    wait_until(lambda: not slow.copiers(), SLOW_SECONDS, "the copy to end")
    slow.start("volume-beta")
    settled(slow, volume["id"], before, "success")
    slow.wait_ready()


@pytest.mark.slow
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
