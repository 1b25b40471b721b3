# SPDX-License-Identifier: Apache-2.0
"""A cinder_lite under test: its configuration, its processes and its data."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from tests.functional.harness import process, settings
from tests.functional.harness.api import Api
from tests.functional.harness.data import FileData
from tests.functional.harness.servers import ServerPool

if TYPE_CHECKING:
    from tests.functional.harness.keystone import Keystone

READY_SECONDS = 60.0
STOP_SECONDS = 30.0


def _runs(pid: int) -> bool:
    """Tell whether a process has not ended; one that only waits to be noticed has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def program(name: str) -> Path:
    """Return an executable of the virtual environment that runs the tests."""
    return Path(sys.executable).parent / name


class Deployment(Api, FileData):
    """Services of cinder_lite with a fresh database and a fresh virtual host.

    With ``messaging='in-process'`` it is one cinder-lite-standalone (service name ``standalone``);
    otherwise ``api``, ``scheduler`` and one ``volume-<host>`` for each host.
    """

    def __init__(
        self,
        directory: Path,
        servers: ServerPool,
        *,
        database: str = "mariadb",
        messaging: str = "rabbit",
        service_backend: str = "eventlet",
        keystone: Keystone | None = None,
        hosts: Sequence[str] = ("alpha", "beta"),
        backends: Sequence[str] = ("file",),
        overrides: settings.Settings | None = None,
        host_overrides: Mapping[str, settings.Settings] | None = None,
    ) -> None:
        """Describe the deployment; :meth:`start_all` brings it up.

        :param directory: an empty directory for everything it writes
        :param database: ``sqlite``, ``mariadb`` or ``postgresql``
        :param messaging: ``rabbit`` or ``in-process``
        :param service_backend: ``eventlet`` or ``threading``
        :param keystone: authenticate by this Keystone; None is noauth
        :param hosts: values of ``host``, one volume service each
        :param backends: file backends of every host
        :param overrides: settings laid over those of all services
        :param host_overrides: settings laid over those of single hosts
        """
        super().__init__(f"http://127.0.0.1:{process.free_port()}")
        self.directory = directory
        self.hosts = tuple(hosts)
        self.backends = tuple(backends)
        self.keystone = keystone
        self.database = database
        self.messaging = messaging
        self.service_backend = service_backend
        self.run_id = secrets.token_hex(8)
        self.database_url = ""
        """Of the deployment's own database, once it is configured."""
        self._servers = servers
        self._overrides = overrides or {}
        self._host_overrides = host_overrides or {}
        self._processes: dict[str, process.Process] = {}
        if keystone is not None:
            self.project = keystone.project_id("demo")

    # --- configuration -----------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The port of the API."""
        return int(self.root_url.rpartition(":")[2])

    @property
    def config(self) -> Path:
        """The configuration file that all services share."""
        return self.directory / "cinder_lite.conf"

    def host(self, name: str, backend: str | None = None) -> str:
        """Return the full host string of a backend, e.g. ``alpha@file#file``."""
        backend = backend or self.backends[0]
        return f"{name}@{backend}#{backend}"

    def _fresh_urls(self) -> tuple[str, str | None]:
        def connection() -> str:
            if self.database == "sqlite":
                return f"sqlite:///{self.directory}/cinder_lite.sqlite"
            return self._servers.get(self.database).fresh()

        with ThreadPoolExecutor() as pool:
            url = pool.submit(connection)
            transport = (
                pool.submit(self._servers.get("rabbitmq").fresh)
                if self.messaging == "rabbit"
                else None
            )
            return url.result(), transport.result() if transport else None

    def configure(self) -> None:
        """Write the configuration files, with a fresh database and virtual host."""
        connection, transport = self._fresh_urls()
        self.database_url = connection
        shared = settings.merged(
            settings.common(self.directory, self.port, connection, transport),
            {"DEFAULT": {"service_backend": self.service_backend}},
            self.keystone.service_settings() if self.keystone else {},
            self._overrides,
        )
        if self.messaging == "in-process":
            shared = settings.merged(
                shared, settings.volume_host(self.directory, self.hosts[0], self.backends)
            )
            shared = settings.merged(shared, self._overrides)
        self.config.write_text(settings.render(shared))
        for host in self.hosts:
            self._write_host(host)

    def _write_host(self, host: str) -> None:
        own = settings.merged(
            settings.volume_host(self.directory, host, self.backends),
            {k: v for k, v in self._overrides.items() if k in self.backends},
            self._host_overrides.get(host, {}),
        )
        (self.directory / f"{host}.conf").write_text(settings.render(own))

    # --- processes ---------------------------------------------------------------------------

    @property
    def service_names(self) -> tuple[str, ...]:
        """The names by which :meth:`start`, :meth:`stop` and :meth:`kill` know the services."""
        if self.messaging == "in-process":
            return ("standalone",)
        return ("api", "scheduler", *(f"volume-{host}" for host in self.hosts))

    def _command(self, name: str) -> list[str | Path]:
        kind, _, host = name.partition("-")
        command: list[str | Path] = [
            *(program(f"cinder-lite-{kind}"), "--config-file", self.config)
        ]
        if kind == "volume":
            command += ["--config-file", self.directory / f"{host}.conf"]
        return command

    @property
    def environment(self) -> dict[str, str]:
        """Marks every process of this deployment, their children included."""
        variables = {process.MARKER: self.run_id, "PYTHONUNBUFFERED": "1"}
        if "key_manager" in self._overrides:  # it may be one of the tests' own
            variables["PYTHONPATH"] = str(Path(__file__).parents[3])
        return variables

    def run(self, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one of our programs with the deployment's configuration, to its end."""
        return subprocess.run(
            [str(program(name)), "--config-file", str(self.config), *words],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def manage(self, *words: str) -> str:
        """Run cinder-lite-manage, which must succeed, and return its standard output."""
        result = self.run("cinder-lite-manage", *words)
        if result.returncode != 0:
            raise process.HarnessError(f"cinder-lite-manage {words}: {result.stderr}")
        return result.stdout

    def reconfigure(self, host: str, overrides: settings.Settings) -> None:
        """Change the settings of one host; its service reads them when it starts again."""
        self._host_overrides = {**self._host_overrides, host: overrides}
        self._write_host(host)

    def start(self, name: str) -> process.Process:
        """Start one service without waiting for it."""
        return self.start_also(name, name)

    def start_also(self, name: str, label: str) -> process.Process:
        """Start a service that may run already, once more, without waiting for it.

        :param label: names the new process and its log
        """
        child = process.Process(
            label,
            self._command(name),
            self.directory / f"{label}.log",
            environment=self.environment,
        )
        self._processes[label] = child
        return child.start()

    def stop_also(self, label: str) -> int:
        """End what :meth:`start_also` started (SIGTERM), forget it, return its exit status."""
        status = self.stop(label)
        del self._processes[label]
        return status

    def start_all(self) -> Deployment:
        """Configure, make the tables, start every service and wait until all serve."""
        self.configure()
        self.manage("db", "sync")
        for name in self.service_names:
            self.start(name)
        self.wait_ready()
        return self

    def process(self, name: str) -> process.Process:
        """Return the running (or ended) process of a service."""
        return self._processes[name]

    def kill(self, name: str) -> None:
        """End a service as a crash would: SIGKILL, without a word to anybody.

        The services of several backends are its children: they end by themselves, which is waited
        for, because the last that they do is to say in the database that they are down.
        """
        children = self.children_of(self._processes[name].pid)
        self._processes[name].kill()
        process.wait_until(
            lambda: not any(_runs(child) for child in children),
            STOP_SECONDS,
            f"the children of {name} to end",
        )

    def stop(self, name: str, timeout: float = STOP_SECONDS) -> int:
        """Ask a service to end (SIGTERM) and return its exit status.

        :param timeout: seconds
        :raises HarnessError: it did not end in time
        """
        self._processes[name].send(signal.SIGTERM)
        return self._processes[name].wait(timeout)

    def wait_ready(self, timeout: float = READY_SECONDS) -> None:
        """Wait until the API answers and every expected service reports that it is up."""
        expected = len(self._volume_services()) + 1
        watched = self._processes["standalone" if self.messaging == "in-process" else "api"]

        def ready() -> bool:
            for child in self._processes.values():
                if not child.alive:
                    raise process.HarnessError(
                        f"{child.name} ended with status {child.returncode}:\n"
                        f"{process.tail(child.log)}"
                    )
            try:
                up = [entry for entry in self.services() if entry["state"] == "up"]
                return len(up) >= expected and len(self._pools()) >= expected - 1
            except requests.ConnectionError:
                return False

        watched.wait_ready(ready, timeout)

    def _volume_services(self) -> list[str]:
        hosts = self.hosts[:1] if self.messaging == "in-process" else self.hosts
        return [f"{host}@{backend}" for host in hosts for backend in self.backends]

    @property
    def local_pair(self) -> tuple[str, str]:
        """Full host strings of two backends of one host: the driver can move between them."""
        first, second = self.backends[:2]
        return self.host(self.hosts[0], first), self.host(self.hosts[0], second)

    @property
    def remote_pair(self) -> tuple[str, str]:
        """Full host strings of backends of two hosts; of one host where there is only one."""
        if self.messaging == "in-process":
            return self.local_pair
        return self.host(self.hosts[0]), self.host(self.hosts[1])

    def _pools(self) -> list[dict[str, Any]]:
        """The pools the scheduler knows of: a service that is up may not have reported yet."""
        pools: list[dict[str, Any]] = self.get("/scheduler-stats/get_pools")["pools"]
        return pools

    def stop_all(self) -> None:
        """End every service and check that nothing was left running.

        :raises HarnessError: a process of this deployment outlived its services
        """
        for child in self._processes.values():
            child.send(signal.SIGTERM)
        stubborn: list[str] = []
        for child in self._processes.values():
            try:
                child.wait(STOP_SECONDS)
            except process.HarnessError as error:
                stubborn.append(str(error))
                child.kill()
        left = process.end_marked(self.run_id)
        self._session.close()
        if stubborn or left:
            raise process.HarnessError(
                "left running after SIGTERM: " + "; ".join([*stubborn, *left])
            )

    def discard(self) -> None:
        """Remove everything the deployment wrote."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def copiers(self) -> list[str]:
        """Return the command lines of the copying processes that run: dd's and our own."""
        words = ("count_bytes", "volume/copy/child")
        lines = [line for _, line in process.marked(self.run_id)]
        return [line for line in lines if any(word in line for word in words)]

    @staticmethod
    def children_of(pid: int) -> list[int]:
        """Return the process ids of a process's children."""
        path = Path(f"/proc/{pid}/task/{pid}/children")
        return [int(word) for word in path.read_text().split()]

    def log(self, name: str) -> str:
        """Return everything a service has logged."""
        path = self.directory / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def logs(self, lines: int = 60) -> str:
        """Return the ends of all logs, for the report of a failed test."""
        parts = [
            f"--- {path.name}\n{process.tail(path, lines)}"
            for path in sorted(self.directory.glob("*.log"))
        ]
        return "\n".join(parts)

    # --- identity ----------------------------------------------------------------------------

    def token(self, user: str, project: str) -> str:
        """Return a token: Keystone's, or what noauth believes."""
        if self.keystone is not None:
            return self.keystone.token(user)
        return super().token(user, project)
