# SPDX-License-Identifier: Apache-2.0
"""The services that the demonstration starts, and the few API calls that it makes."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

TREE = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
PROJECT = "admin"
USUAL_PORT = 8776
BACKENDS = ("first", "second")
START_SECONDS = 60.0


class Failure(Exception):
    """Something went wrong; the sentence says what."""


def choose_port() -> int:
    """Return the volume service's usual port of 127.0.0.1, or any other where that is taken."""
    for port in (USUAL_PORT, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise Failure("No port of 127.0.0.1 is free.")


class Standalone:
    """One cinder-lite-standalone with two file backends, everything it writes in one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.config = directory / "cinder_lite.conf"
        self.log = directory / "cinder-lite-standalone.log"
        self.port = choose_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def data_dir(self, backend: str) -> Path:
        """Return the directory of a backend's volumes."""
        return self.directory / backend

    def _configure(self) -> None:
        sections = [
            "[DEFAULT]",
            "host = quickstart",
            "auth_strategy = noauth",
            "osapi_volume_listen = 127.0.0.1",
            f"osapi_volume_listen_port = {self.port}",
            f"api_paste_config = {TREE}/etc/cinder_lite/api-paste.ini",
            f"state_path = {self.directory}/state",
            f"enabled_backends = {','.join(BACKENDS)}",
            "[database]",
            f"connection = sqlite:///{self.directory}/cinder_lite.sqlite",
            "[oslo_concurrency]",
            f"lock_path = {self.directory}/lock",
        ]
        for backend in BACKENDS:
            sections += [
                f"[{backend}]",
                "volume_driver = cinder_lite.volume.drivers.file.FileDriver",
                f"volume_backend_name = {backend}",
                f"file_data_dir = {self.data_dir(backend)}",
            ]
        self.config.write_text("\n".join(sections) + "\n")

    def start(self, api: Api) -> None:
        """Start it and return when both backends can take volumes."""
        self._configure()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(BIN / "cinder-lite-standalone"), "--config-file", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # ^C is ours to handle, and --keep outlives this program
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._ready(api):
            if self._process.poll() is not None or time.monotonic() > deadline:
                end = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
                raise Failure(f"cinder-lite-standalone did not start:\n{end}")
            time.sleep(0.05)

    def _ready(self, api: Api) -> bool:
        try:
            pools = api.get("/scheduler-stats/get_pools")["pools"]
        except (OSError, Failure):
            return False
        return len(pools) == len(BACKENDS)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid if self._process else 0

    def stop(self) -> None:
        """End it, politely at first."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Api:
    """The few calls of the volume API that are needed here."""

    def __init__(self, endpoint: str) -> None:
        self._base = f"{endpoint}/v3/{PROJECT}"

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Send a request and return the decoded answer.

        :raises Failure: the service refused; the sentence is the service's own
        :raises OSError: nobody answers
        """
        request = urllib.request.Request(
            self._base + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Content-Type": "application/json",
                "X-Auth-Token": f"admin:{PROJECT}",
                "OpenStack-API-Version": "volume 3.71",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            with contextlib.suppress(ValueError, AttributeError, StopIteration):
                fault = next(iter(json.load(error).values()))
                raise Failure(f"{method} {path}: {fault['message']}") from None
            raise Failure(f"{method} {path}: {error}") from None
        return json.loads(text) if text else None

    def get(self, path: str) -> Any:
        """GET and return the decoded answer."""
        return self.call("GET", path)

    def volume(self, volume_id: str) -> dict[str, Any]:
        """Return a volume as an administrator sees it."""
        found: dict[str, Any] = self.get(f"/volumes/{volume_id}")["volume"]
        return found

    def create(self, size: int, name: str) -> dict[str, Any]:
        """Create a volume of ``size`` GiB and return it when it is available."""
        body = {"volume": {"size": size, "name": name}}
        volume_id = self.call("POST", "/volumes", body)["volume"]["id"]
        deadline = time.monotonic() + START_SECONDS
        while (volume := self.volume(volume_id))["status"] != "available":
            if volume["status"] == "error" or time.monotonic() > deadline:
                raise Failure(f"The volume became {volume['status']} instead of available.")
            time.sleep(0.05)
        return volume
