# SPDX-License-Identifier: Apache-2.0
"""Services that die in the middle of a move: settled when they start again, by nobody's help."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.functional.harness.checks import nothing_left
from tests.functional.harness.data import MIB
from tests.functional.harness.deployment import Deployment
from tests.functional.harness.process import wait_until

SLOW: dict[str, dict[str, object]] = {"file": {"volume_copy_bps_limit": 8 * MIB}}
FILLED_MIB = 32
DRAIN_SECONDS = 15.0


@pytest.fixture(scope="module", params=["eventlet", "threading"])
def pair(request: pytest.FixtureRequest, start_deployment: Callable[..., Deployment]) -> Deployment:
    """Two hosts over RabbitMQ and MariaDB."""
    return start_deployment(
        service_backend=request.param,
        settings={"DEFAULT": {"migration_settle_interval": 2, "backend_stats_polling_interval": 3}},
    )


@pytest.fixture
def slow(pair: Deployment) -> Iterator[Deployment]:
    """The same, with alpha's copies so slow that one can be caught in the middle."""
    _restart(pair, SLOW)
    yield pair
    _restart(pair, {})


def _restart(deployment: Deployment, overrides: dict[str, dict[str, object]]) -> None:
    deployment.stop("volume-alpha")
    deployment.reconfigure("alpha", overrides)
    deployment.start("volume-alpha")
    deployment.wait_ready()


def _in_mid_copy(deployment: Deployment) -> tuple[dict[str, Any], str]:
    """Return a volume whose bytes are being copied from alpha to beta, and its digest."""
    volume = deployment.create_volume(host=deployment.host("alpha"))
    before = deployment.fill(volume, FILLED_MIB)
    answer = deployment.migrate(volume["id"], deployment.host("beta"), force_host_copy=True)
    assert answer.status_code == 202
    record = deployment.wait_for_record(volume["id"], "phase", "copying")
    wait_until(
        lambda: deployment.records(volume["id"])[0]["bytes_copied"] > 0, 20, "the first bytes"
    )
    assert record["status"] == "running"
    return volume, before


def _settled(deployment: Deployment, volume_id: str, digest: str) -> dict[str, Any]:
    volume = deployment.wait_for_migration(volume_id, timeout=120)
    assert volume["status"] == "available"
    deployment.wait_for_record(volume_id, "status", "success", "error")
    assert deployment.digest(volume) == digest
    nothing_left(deployment, volume)
    return volume


def test_source_killed_in_mid_copy(slow: Deployment) -> None:
    volume, before = _in_mid_copy(slow)
    slow.kill("volume-alpha")
    wait_until(lambda: not slow.copiers(), 10, "the copy to die with its service")
    slow.reconfigure("alpha", {})
    slow.start("volume-alpha")
    settled = _settled(slow, volume["id"], before)
    assert settled["migration_status"] == "success"
    slow.delete_volume(volume["id"])


def test_source_told_to_end_in_mid_copy(slow: Deployment) -> None:
    volume, before = _in_mid_copy(slow)
    began = time.monotonic()
    assert slow.stop("volume-alpha") == 0
    assert time.monotonic() - began < DRAIN_SECONDS
    assert slow.copiers() == []
    slow.reconfigure("alpha", {})
    slow.start("volume-alpha")
    settled = _settled(slow, volume["id"], before)
    assert settled["migration_status"] == "success"
    slow.delete_volume(volume["id"])


def test_aborted_in_mid_copy(slow: Deployment) -> None:
    volume, before = _in_mid_copy(slow)
    began = time.monotonic()
    path = f"/os-volume-migrations/{slow.records(volume['id'])[0]['id']}"
    assert slow.request("DELETE", path, user="demo").status_code == 403
    assert slow.request("DELETE", path).status_code == 202
    settled = _settled(slow, volume["id"], before)
    assert settled["migration_status"] == "error"
    assert settled["os-vol-host-attr:host"] == slow.host("alpha")
    assert "it was aborted by request" in slow.records(volume["id"])[0]["error"]
    assert time.monotonic() - began < DRAIN_SECONDS
    assert slow.copiers() == []
    assert slow.request("DELETE", path).status_code == 400
    slow.delete_volume(volume["id"])


def test_target_killed_in_mid_copy(slow: Deployment) -> None:
    volume, before = _in_mid_copy(slow)
    slow.kill("volume-beta")
    slow.start("volume-beta")
    _restart(slow, {})
    _settled(slow, volume["id"], before)
    slow.delete_volume(volume["id"])


def test_scheduler_away_when_the_move_is_asked_for(pair: Deployment) -> None:
    volume = pair.create_volume(host=pair.host("alpha"))
    before = pair.fill(volume)
    pair.stop("scheduler")
    assert pair.migrate(volume["id"], pair.host("beta")).status_code == 202
    pair.start("scheduler")
    settled = _settled(pair, volume["id"], before)
    assert settled["migration_status"] == "success"
    pair.delete_volume(volume["id"])


def test_killed_at_any_moment(pair: Deployment) -> None:
    """Whatever the moment: the volume stays whole, the move ends, nothing is left."""
    seed = random.randrange(2**32)
    print(f"random seed {seed}")
    moment = random.Random(seed)
    volume = pair.create_volume(host=pair.host("alpha"))
    for _ in range(6):
        before = pair.fill(volume)
        here = volume["os-vol-host-attr:host"]
        source, target = ("alpha", "beta") if here.startswith("alpha") else ("beta", "alpha")
        answer = pair.migrate(volume["id"], pair.host(target), force_host_copy=True)
        assert answer.status_code == 202, answer.text
        time.sleep(moment.random() * 1.2)
        victim = f"volume-{moment.choice([source, source, target])}"
        pair.kill(victim)
        pair.start(victim)
        volume = _settled(pair, volume["id"], before)
        pair.wait_ready()
    pair.delete_volume(volume["id"])


def test_killed_while_it_creates(pair: Deployment) -> None:
    volumes = [pair.create_volume(wait=False) for _ in range(4)]
    pair.kill("volume-alpha")
    pair.start("volume-alpha")
    for volume in volumes:
        settled = pair.wait_for(volume["id"], "status", "available", "error")
        assert settled["status"] in ("available", "error")
        pair.delete_volume(volume["id"])
    pair.wait_ready()
