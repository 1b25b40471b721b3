# SPDX-License-Identifier: Apache-2.0
"""A service under measurement, reached over one keep-alive connection per thread."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import socket
import threading
import time
import urllib.parse
from collections.abc import Sequence
from typing import Any

MICROVERSION = "volume 3.70"


class Failed(Exception):
    """A request was refused, or something did not come to pass in time."""


class Gone(Failed):
    """There is no such thing, or no more."""


@dataclasses.dataclass
class Target:
    """A Volume API v3 service on this machine.

    :param url: root URL, e.g. ``http://127.0.0.1:8776``
    :param project: project id in the URL
    :param hosts: two backends between which volumes are moved, ``host@backend#pool``
    :param pids: process trees whose memory counts
    """

    name: str
    url: str
    project: str
    token: str
    hosts: Sequence[str]
    pids: Sequence[int]

    def __post_init__(self) -> None:
        parts = urllib.parse.urlsplit(self.url)
        if parts.hostname not in ("127.0.0.1", "localhost", "::1") or parts.port is None:
            raise Failed(f"{self.url} is not on this machine: only loopback addresses are loaded.")
        self._address = (parts.hostname, parts.port)
        self._local = threading.local()

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every request."""
        return {
            "X-Auth-Token": self.token,
            "Accept": "application/json",
            "Content-Type": "application/json",
            "OpenStack-API-Version": MICROVERSION,
        }

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(*self._address, timeout=60)
            connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._local.connection = connection
        return connection

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request under ``/v3/{project}`` and return the decoded answer.

        :raises Failed: the answer is an error
        """
        connection = self._connection()
        data = None if body is None else json.dumps(body)
        try:
            connection.request(method, f"/v3/{self.project}{path}", data, self.headers)
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            self._local.connection = None
            raise
        if response.status >= 400:
            kind = Gone if response.status == 404 else Failed
            raise kind(f"{self.name}: {method} {path}: {response.status} {text[:300]!r}")
        return json.loads(text) if text[:1] in (b"{", b"[") else None

    def create(self) -> str:
        """Ask for a volume of 1 GiB and return its id."""
        answer = self.request("POST", "/volumes", {"volume": {"size": 1, "name": "benchmark"}})
        return str(answer["volume"]["id"])

    def volume(self, volume_id: str) -> dict[str, Any]:
        """Return a volume."""
        found: dict[str, Any] = self.request("GET", f"/volumes/{volume_id}")["volume"]
        return found

    def wait(self, volume_id: str, field: str, value: str, poll: float = 0.005) -> dict[str, Any]:
        """Wait until a field of a volume has a value.

        :param poll: seconds between two looks
        :raises Failed: it is in error, or two minutes have passed
        """
        end = time.monotonic() + 120
        while time.monotonic() < end:
            volume = self.volume(volume_id)
            if volume.get(field) == value:
                return volume
            if volume.get(field) == "error":
                raise Failed(f"{self.name}: {field} of {volume_id} is error")
            time.sleep(poll)
        raise Failed(f"{self.name}: {field} of {volume_id} is not {value} after two minutes")

    def delete_all(self) -> None:
        """Delete the project's volumes and wait until they are gone."""
        end = time.monotonic() + 300
        asked: set[str] = set()
        while volumes := self.request("GET", "/volumes?limit=1000")["volumes"]:
            for volume in volumes:
                if volume["id"] not in asked:
                    # The old data of a move is listed until it is removed.
                    with contextlib.suppress(Gone):
                        self.request("DELETE", f"/volumes/{volume['id']}")
                    asked.add(volume["id"])
            if time.monotonic() > end:
                raise Failed(f"{self.name}: {len(volumes)} volumes can not be deleted")
            time.sleep(0.1)
