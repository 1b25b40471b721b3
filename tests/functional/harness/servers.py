# SPDX-License-Identifier: Apache-2.0
"""The servers of a test run, started by hand on free loopback ports out of a scratch directory.

The packages' own services are neither used nor touched. Data safety is switched off where that
saves time: nothing here outlives the tests.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from tests.functional.harness import process
from tests.functional.harness.databases import MariaDB, PostgreSQL
from tests.functional.harness.rabbitmq import RabbitMQ
from tests.functional.harness.server import Server

KINDS: dict[str, type[Server]] = {kind.name: kind for kind in (RabbitMQ, MariaDB, PostgreSQL)}


class Managed(Protocol):
    """What the pool looks after."""

    def start(self) -> None:
        """Start, and return when it serves."""

    def stop(self) -> None:
        """End it."""


class _Keeper(threading.Thread):
    """Starts a server, keeps it, stops it: all in one thread, whose end would end the server."""

    def __init__(self, name: str, server: Managed) -> None:
        super().__init__(name=name, daemon=True)
        self.server = server
        self.error: Exception | None = None
        self.ready = threading.Event()
        self.release = threading.Event()

    def run(self) -> None:
        try:
            self.server.start()
        except Exception as error:  # told to whoever asks for the server
            self.error = error
        self.ready.set()
        self.release.wait()
        self.server.stop()


def _open_the_way(directory: Path) -> None:
    """Let every user reach a temporary directory: root's PostgreSQL runs as somebody else."""
    if os.getuid() != 0:
        return
    top = Path(tempfile.gettempdir()).resolve()
    for step in (directory.resolve(), *directory.resolve().parents):
        if step == top or top not in step.parents:
            return
        step.chmod(step.stat().st_mode | 0o011)


class ServerPool:
    """The servers of one test run: each started at most once, several at the same time."""

    def __init__(self, directory: Path) -> None:
        """:param directory: scratch directory; made where it is not there"""
        directory.mkdir(parents=True, exist_ok=True)
        _open_the_way(directory)
        self._directory = directory
        self._keepers: dict[str, _Keeper] = {}

    def begin(self, name: str, make: Callable[[Path], Managed]) -> None:
        """Begin to start something without waiting for it; nothing happens the second time.

        :param make: is given an empty directory for it
        """
        if name not in self._keepers:
            home = self._directory / name
            home.mkdir()
            self._keepers[name] = _Keeper(name, make(home))
            self._keepers[name].start()

    def prepare(self, names: Iterable[str]) -> None:
        """Begin to start servers without waiting for them; those not installed are left out."""
        for name in names:
            if KINDS[name].installed():
                self.begin(name, KINDS[name])

    def wait(self, name: str) -> Managed:
        """Return what :meth:`begin` has begun to start, once it serves.

        :raises HarnessError: it did not start
        """
        keeper = self._keepers[name]
        keeper.ready.wait()
        if keeper.error is not None:
            raise process.HarnessError(f"{name} did not start: {keeper.error}")
        return keeper.server

    def get(self, name: str) -> Server:
        """Return a server that serves.

        :raises LookupError: it is not installed on this machine
        :raises HarnessError: it did not start
        """
        self.prepare([name])
        if name not in self._keepers:
            raise LookupError(f"{name} is not installed")
        server = self.wait(name)
        assert isinstance(server, Server)
        return server

    def stop(self) -> None:
        """Stop all of them, at the same time."""
        for keeper in self._keepers.values():
            keeper.release.set()
        for keeper in self._keepers.values():
            keeper.join(60)
        self._keepers.clear()
