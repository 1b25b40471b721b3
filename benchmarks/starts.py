# SPDX-License-Identifier: Apache-2.0
"""How long services take from their start until somebody can use them, beside Cinder's.

``python -m benchmarks.starts [--peer-bin DIRECTORY --peer-config FILE]``. The API is ready when it
answers, the others when they take messages from the queue of their topic. Cinder's services are
started from its programs with its configuration file, one at a time; they must not be running, and
its broker and database must.
"""

from __future__ import annotations

import argparse
import configparser
import contextlib
import os
import signal
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import kombu

from tests.functional.harness.deployment import Deployment
from tests.functional.harness.servers import ServerPool

Ready = Callable[[], bool]
LONGEST = 60.0
PAUSE = 1.0
"""Seconds between the end of a service and its next start: what it has left goes meanwhile."""


def answers(port: int) -> Ready:
    """Return what tells whether an API answers, whatever it says."""

    def ready() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=LONGEST):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    return ready


def listens(url: str, *queues: str) -> Ready:
    """Return what tells whether somebody takes messages from all of some queues.

    :param url: the broker, as in ``transport_url``
    """
    broker = url.replace("rabbit://", "amqp://", 1)

    def ready() -> bool:
        for queue in queues:
            with kombu.Connection(broker) as connection:
                try:
                    found = connection.default_channel.queue_declare(queue, passive=True)
                except connection.channel_errors:
                    return False
            if not found.consumer_count:
                return False
        return True

    return ready


def seconds(start: Callable[[], object], ready: Ready) -> float:
    """Start a service and return how long it takes to be ready.

    :raises SystemExit: it is not after a minute
    """
    begin = time.perf_counter()
    start()
    while not ready():
        if time.perf_counter() - begin > LONGEST:
            raise SystemExit("a service is not ready after a minute")
        time.sleep(0.01)
    return time.perf_counter() - begin


def ours(deployment: Deployment) -> dict[str, float]:
    """Start each of our services anew."""
    url = _read(deployment.config)["DEFAULT"]["transport_url"]
    host, backend = deployment.hosts[0], deployment.backends[0]
    checks = {
        "api": answers(deployment.port),
        "scheduler": listens(url, "cinder-lite-scheduler"),
        f"volume-{host}": listens(url, f"cinder-lite-volume.{host}@{backend}"),
    }
    taken = {}
    for name, ready in checks.items():
        deployment.stop(name)
        time.sleep(PAUSE)
        taken[name.partition("-")[0]] = seconds(lambda name=name: deployment.start(name), ready)  # type: ignore[misc]
    return taken


def peers(programs: Path, config: Path) -> dict[str, float]:
    """Start each of Cinder's services once, and end it."""
    options = _read(config)["DEFAULT"]
    url, host = options["transport_url"], options["host"]
    backends = options["enabled_backends"].split(",")
    checks = {
        "api": answers(int(options["osapi_volume_listen_port"])),
        "scheduler": listens(url, "cinder-scheduler"),
        "volume": listens(url, *(f"cinder-volume.{host}@{name.strip()}" for name in backends)),
    }
    return {name: _peer(programs, config, name, ready) for name, ready in checks.items()}


def _peer(programs: Path, config: Path, name: str, ready: Ready) -> float:
    if ready():
        raise SystemExit(f"cinder-{name} runs already")
    with contextlib.ExitStack() as end:

        def start() -> None:
            child = subprocess.Popen(
                [programs / f"cinder-{name}", "--config-file", config],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            end.callback(time.sleep, PAUSE)
            end.callback(child.wait)
            end.callback(os.killpg, child.pid, signal.SIGTERM)

        return seconds(start, ready)


def _read(config: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read(config)
    return parser


def main() -> None:
    """Measure in turns, and print the medians."""
    parser = argparse.ArgumentParser(prog="benchmarks.starts", description=__doc__)
    parser.add_argument("--peer-bin", type=Path, help="where Cinder's programs are")
    parser.add_argument("--peer-config", type=Path, help="Cinder's configuration file")
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    # An installed package is compiled; a tree that may not be would be at every start.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    mine: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="cinder_lite-starts-") as directory:
        servers = ServerPool(Path(directory) / "servers")
        home = Path(directory) / "deployment"
        home.mkdir()
        deployment = Deployment(home, servers, overrides={"DEFAULT": {"osapi_volume_workers": "2"}})
        try:
            deployment.start_all()
            for _ in range(asked.runs):
                mine.append(ours(deployment))
                if asked.peer_bin:
                    theirs.append(peers(asked.peer_bin, asked.peer_config))
        finally:
            deployment.stop_all()
            servers.stop()
    for name in mine[0]:
        own = statistics.median(one[name] for one in mine)
        line = f"{name:12}{own:8.2f} s"
        if theirs:
            other = statistics.median(one[name] for one in theirs)
            line += f"   peer {other:6.2f} s   {own / other:5.2f} of it"
        print(line)


if __name__ == "__main__":
    main()
