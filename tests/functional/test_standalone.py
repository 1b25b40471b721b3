# SPDX-License-Identifier: Apache-2.0
"""The embedded default, and the demonstration that the README begins with."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.functional.harness import process, settings
from tests.functional.harness.deployment import Deployment, program

QUICKSTART = settings.TREE / "tools/quickstart"
QUICKSTART_SECONDS = 120


def _quickstart(scratch: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the demonstration in the tests' own virtual environment."""
    return subprocess.run(
        [str(program("python")), "-m", "tools.quickstart", "--scratch", str(scratch), *words],
        env={**os.environ, "PYTHONPATH": str(settings.TREE)},
        cwd=scratch,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=QUICKSTART_SECONDS,
        check=False,
    )


def test_quickstart_moves_a_file_system_there_and_back(tmp_path: Path) -> None:
    result = _quickstart(tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    digests = re.findall(r"sha256 ([0-9a-f]{64})", result.stdout)
    assert len(digests) == 3
    assert len(set(digests)) == 1
    for word in ("ext4", "the driver's own means", "by copying through the host", "openstack"):
        assert word in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_quickstart_takes_an_image(tmp_path: Path) -> None:
    image = tmp_path / "disk.raw"
    image.write_bytes(os.urandom(3 * 1024 * 1024))
    result = _quickstart(tmp_path, "disk.raw")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "disk.raw" in result.stdout


def test_quickstart_says_when_the_image_is_missing(tmp_path: Path) -> None:
    result = _quickstart(tmp_path, "nowhere.img")
    assert result.returncode == 1
    assert "nowhere.img" in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_quickstart_keeps_its_services_when_asked_to(tmp_path: Path) -> None:
    result = _quickstart(tmp_path, "--keep")
    assert result.returncode == 0, result.stdout + result.stderr
    found = re.search(r"kill (\d+); rm -rf (\S+)", result.stdout)
    endpoint = re.search(r"CINDER_LITE_ENDPOINT=(\S+)", result.stdout)
    assert found is not None and endpoint is not None
    pid = int(found[1])
    try:
        answer = requests.get(f"{endpoint[1]}/v3/admin/volumes", timeout=10)
        assert [volume["name"] for volume in answer.json()["volumes"]] == ["quickstart"]
    finally:
        os.kill(pid, signal.SIGTERM)
    port = int(endpoint[1].rpartition(":")[2])
    process.wait_until(lambda: not process.port_open(port), 20, "the services' end")
    assert Path(found[2]).parent == tmp_path


def test_standalone_needs_no_configuration(tmp_path: Path) -> None:
    """Only the port and the directory are given; all else is the embedded default."""
    port = process.free_port()
    config = tmp_path / "only.conf"
    config.write_text(
        f"[DEFAULT]\nstate_path = {tmp_path}/state\nosapi_volume_listen_port = {port}\n"
    )
    child = process.Process(
        "standalone",
        [program("cinder-lite-standalone"), "--config-file", config],
        tmp_path / "log",
    ).start()
    url = f"http://127.0.0.1:{port}/v3/admin"

    def pools() -> int:
        try:
            answer = requests.get(f"{url}/scheduler-stats/get_pools", timeout=5)
        except requests.ConnectionError:
            return 0
        return len(answer.json()["pools"]) if answer.ok else 0

    try:
        child.wait_ready(lambda: pools() == 2, 60)
        body = {"volume": {"size": 1, "name": "first"}}
        assert requests.post(f"{url}/volumes", json=body, timeout=10).status_code == 202
    finally:
        child.stop()
    assert child.returncode == 0, process.tail(child.log)


@pytest.mark.parametrize("service_backend", ["eventlet", "threading"])
def test_standalone_goes_on_with_its_volumes_after_a_restart(
    deploy: Callable[..., Deployment], service_backend: str
) -> None:
    services = deploy(
        database="sqlite",
        messaging="in-process",
        backends=("file", "second"),
        service_backend=service_backend,
    )
    source, target = services.local_pair
    volume = services.create_volume(host=source)
    before = services.fill(volume)
    assert services.stop("standalone") == 0
    services.start("standalone")
    services.wait_ready()
    moved = services.migrate_and_wait(volume["id"], target, force_host_copy=True)
    assert services.digest(moved) == before


def test_standalone_killed_in_mid_copy(deploy: Callable[..., Deployment]) -> None:
    limit = {"file": {"volume_copy_bps_limit": 8 * 1024**2}}
    services = deploy(
        database="sqlite", messaging="in-process", backends=("file", "second"), settings=limit
    )
    source, target = services.local_pair
    volume = services.create_volume(host=source)
    before = services.fill(volume, 24)
    assert services.migrate(volume["id"], target, force_host_copy=True).status_code == 202
    services.wait_for_record(volume["id"], "phase", "copying")
    services.kill("standalone")
    services.start("standalone")
    services.wait_ready()
    settled = services.wait_for_migration(volume["id"], timeout=120)
    assert settled["status"] == "available"
    assert services.digest(settled) == before


def test_idle_connections_keep_nobody_waiting(deploy: Callable[..., Deployment]) -> None:
    """The limit is for requests, not for the connections that clients keep open."""
    options = {"DEFAULT": {"wsgi_default_pool_size": 2}}
    services = deploy(database="sqlite", messaging="in-process", settings=options)
    idle = [http.client.HTTPConnection("127.0.0.1", services.port, timeout=10) for _ in range(8)]
    try:
        for connection in idle:
            connection.request("GET", "/")
            answer = connection.getresponse()
            assert (answer.status, answer.will_close) == (300, False)
            answer.read()
    finally:
        for connection in idle:
            connection.close()


def test_slow_bodies_keep_nobody_waiting(deploy: Callable[..., Deployment]) -> None:
    """A request that is still coming takes no other's place."""
    options = {"DEFAULT": {"wsgi_default_pool_size": 2}}
    services = deploy(database="sqlite", messaging="in-process", settings=options)
    head = (
        "POST /v3/volumes HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    )
    slow = [socket.create_connection(("127.0.0.1", services.port), 10) for _ in range(8)]
    try:
        for connection in slow:
            connection.sendall(head.encode() + b'{"volume":')
        time.sleep(1)
        quick = http.client.HTTPConnection("127.0.0.1", services.port, timeout=10)
        quick.request("GET", "/")
        assert quick.getresponse().status == 300
        quick.close()
        slow[0].sendall(b' {"size": 1}}'.ljust(990))
        assert b" 202 " in slow[0].recv(100)
    finally:
        for connection in slow:
            connection.close()
