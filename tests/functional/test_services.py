# SPDX-License-Identifier: Apache-2.0
"""Services that are switched off, down, many, or told to end."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.functional.harness.deployment import Deployment
from tests.functional.harness.process import wait_until

BETA = "beta@file"


@pytest.fixture(scope="module")
def services(start_deployment: Callable[..., Deployment]) -> Deployment:
    """Two hosts; a silent service counts as down after three seconds."""
    return start_deployment(
        settings={"DEFAULT": {"service_down_time": 3, "osapi_volume_workers": 2}}
    )


def _entry(services: Deployment, host: str) -> dict[str, Any]:
    return next(entry for entry in services.services() if entry["host"] == host)


def _is_up(services: Deployment, host: str) -> bool:
    return bool(_entry(services, host)["state"] == "up")


def test_a_disabled_service_takes_no_volumes(services: Deployment) -> None:
    body = {"host": BETA, "binary": "cinder-volume", "disabled_reason": "maintenance of the rack"}
    answer = services.request("PUT", "/os-services/disable-log-reason", body)
    assert answer.status_code == 200
    entry = _entry(services, BETA)
    assert (entry["status"], entry["disabled_reason"]) == ("disabled", "maintenance of the rack")
    volumes = [services.create_volume() for _ in range(3)]
    assert {v["os-vol-host-attr:host"] for v in volumes} == {services.host("alpha")}
    refused = services.migrate(volumes[0]["id"], services.host("beta"))
    assert refused.status_code == 400
    assert "disabled" in refused.json()["badRequest"]["message"]
    del body["disabled_reason"]
    answer = services.request("PUT", "/os-services/enable", body)
    assert answer.status_code == 200
    assert _entry(services, BETA)["status"] == "enabled"
    assert services.migrate(volumes[0]["id"], services.host("beta")).status_code == 202
    services.wait_for_migration(volumes[0]["id"])
    for volume in volumes:
        services.delete_volume(volume["id"])


def test_a_service_that_died_is_refused(services: Deployment) -> None:
    volume_id = services.create_volume(host=services.host("alpha"))["id"]
    services.kill("volume-beta")
    wait_until(lambda: _entry(services, BETA)["state"] == "down", 20, "beta to count as down")
    refused = services.migrate(volume_id, services.host("beta"))
    assert refused.status_code == 400
    assert "down" in refused.json()["badRequest"]["message"]
    services.start("volume-beta")
    services.wait_ready()
    assert services.migrate(volume_id, services.host("beta")).status_code == 202
    assert services.wait_for_migration(volume_id)["migration_status"] == "success"
    services.delete_volume(volume_id)


def test_a_service_that_ends_says_so(services: Deployment) -> None:
    """SIGTERM: the status is 0, and nobody has to wait for service_down_time."""
    assert services.stop("volume-beta") == 0
    assert _entry(services, BETA)["state"] == "down"
    services.start("volume-beta")
    services.wait_ready()


def test_no_message_is_lost_while_a_service_restarts(services: Deployment) -> None:
    restarted = threading.Event()

    def ask() -> list[float]:
        took = []
        while not restarted.is_set():
            begin = time.monotonic()
            answer = services.request("GET", "/capabilities/alpha@file")
            assert answer.status_code == 200, answer.text
            took.append(time.monotonic() - begin)
        return took

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        for _ in range(4):
            time.sleep(0.5)
            services.stop("volume-alpha")
            services.start("volume-alpha")
            wait_until(lambda: _is_up(services, "alpha@file"), 20, "alpha to be back")
            time.sleep(1)
        restarted.set()
        took = [one for each in asking for one in each.result()]
    # A message that is lost is waited for until rpc_response_timeout, a minute.
    assert len(took) > 20
    assert max(took) < 20


def test_a_new_scheduler_is_ready_at_once(services: Deployment) -> None:
    services.stop("scheduler")
    services.start("scheduler")
    volume_id = services.create_volume(wait=False)["id"]
    began = time.monotonic()
    services.wait_for_status(volume_id, "available")
    assert time.monotonic() - began < 30
    services.delete_volume(volume_id)


def test_several_of_each_service(services: Deployment) -> None:
    services.start_also("scheduler", "scheduler-2")
    volumes = [services.create_volume(host=services.host("alpha")) for _ in range(4)]
    for volume in volumes:
        answer = services.migrate(volume["id"], services.host("beta"), force_host_copy=True)
        assert answer.status_code == 202
    for volume in volumes:
        assert services.wait_for_migration(volume["id"])["migration_status"] == "success"
        services.delete_volume(volume["id"])
    assert services.stop_also("scheduler-2") == 0


def test_a_dead_api_worker_is_replaced(services: Deployment) -> None:
    api = services.process("api").pid
    workers = services.children_of(api)
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    wait_until(lambda: len(services.children_of(api)) == 2, 20, "the worker's successor")
    services.reconnect()  # the connection may have been the dead worker's
    for _ in range(10):
        assert services.request("GET", "/volumes").status_code == 200


def test_hangup_keeps_a_service_running(services: Deployment) -> None:
    for name in services.service_names:
        services.process(name).send(signal.SIGHUP)
    volume_id = services.create_volume()["id"]
    services.delete_volume(volume_id)
    for name in services.service_names:
        assert services.process(name).alive, name


def test_manage_lists_and_removes_services(services: Deployment) -> None:
    listed = services.manage("service", "list")
    assert BETA in listed
    assert BETA in services.manage("host", "list")
    refused = services.run("cinder-lite-manage", "service", "remove", "cinder-volume", BETA)
    assert refused.returncode == 1
    assert "is up" in refused.stderr
    services.stop("volume-beta")
    services.manage("service", "remove", "cinder-volume", BETA)
    assert BETA not in services.manage("service", "list")
    services.start("volume-beta")
    services.wait_ready()


def test_manage_knows_the_schema(services: Deployment) -> None:
    version = services.manage("db", "version").strip()
    assert version
    services.manage("db", "sync")
    assert services.manage("db", "version").strip() == version
    services.manage("db", "purge", "0")
    assert services.run("cinder-lite-manage", "db", "purge", "-1").returncode != 0


def test_status_says_that_all_is_well(services: Deployment) -> None:
    result = services.run("cinder-lite-status", "upgrade", "check")
    assert result.returncode == 0, result.stdout + result.stderr
