# SPDX-License-Identifier: Apache-2.0
"""The volume API as the tests speak it: plain HTTP, so that no client can hide a fault."""

from __future__ import annotations

import time
from typing import Any

import requests

from tests.functional.harness.process import HarnessError

LATEST = "3.71"
PROJECT = "0123456789abcdef0123456789abcdef"
ANCHOR_PROJECT = "a" * 32
SETTLED = ("success", "error")
WAIT_SECONDS = 60.0


class Api:
    """One endpoint of the Volume API and the ways in which tests wait for it."""

    def __init__(self, root_url: str, project: str = PROJECT) -> None:
        """:param root_url: scheme, address and port, e.g. ``http://127.0.0.1:8776``"""
        self.root_url = root_url
        self.project = project
        self._session = requests.Session()
        self._anchors: dict[str, str] = {}

    @property
    def url(self) -> str:
        """The endpoint with the project in it, as a catalogue would have it."""
        return f"{self.root_url}/v3/{self.project}"

    def token(self, user: str, project: str) -> str:
        """Return a token of a user in a project; noauth takes the two names themselves."""
        return f"{user}:{project}"

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        microversion: str | None = LATEST,
        user: str = "admin",
        project: str | None = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        data: bytes | None = None,
    ) -> requests.Response:
        """Send one request.

        :param path: below the project (``/volumes``), or a whole path (``/v3/…`` and ``/``)
        :param body: sent as JSON
        :param microversion: None sends no version header
        :param data: sent as it is, in place of ``body``
        """
        project = project or self.project
        whole = path == "/" or path.startswith("/v3")
        url = self.root_url + path if whole else f"{self.root_url}/v3/{project}{path}"
        sent = {"X-Auth-Token": token if token is not None else self.token(user, project)}
        if microversion is not None:
            sent["OpenStack-API-Version"] = f"volume {microversion}"
        if data is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        return self._session.request(
            method,
            url,
            json=body if data is None else None,
            data=data,
            headers=sent,
            timeout=30,
            allow_redirects=False,
        )

    def reconnect(self) -> None:
        """Drop the connections that are kept alive."""
        self._session.close()

    def get(self, path: str, **options: Any) -> Any:
        """GET, which must succeed, and return the decoded body."""
        answer = self.request("GET", path, **options)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def action(
        self, volume_id: str, name: str, arguments: object, **options: Any
    ) -> requests.Response:
        """POST an action to a volume."""
        path = f"/volumes/{volume_id}/action"
        return self.request("POST", path, {name: arguments}, **options)

    def show(self, volume_id: str, **options: Any) -> dict[str, Any]:
        """Return a volume, which must be there."""
        volume: dict[str, Any] = self.get(f"/volumes/{volume_id}", **options)["volume"]
        return volume

    def create_volume(self, size: int = 1, *, wait: bool = True, **fields: Any) -> dict[str, Any]:
        """Create a volume.

        :param size: GiB
        :param wait: return only when it is available
        :param fields: further fields of the body, e.g. ``name`` or ``availability_zone``;
            ``host`` chooses the backend
        """
        host = fields.pop("host", None)
        body: dict[str, Any] = {"volume": {"size": size, **fields}}
        if host is not None:
            body["OS-SCH-HNT:scheduler_hints"] = {"same_host": self._anchor(host)}
        answer = self.request("POST", "/volumes", body)
        assert answer.status_code == 202, f"create: {answer.status_code} {answer.text}"
        volume: dict[str, Any] = answer.json()["volume"]
        if not wait:
            return volume
        return self.wait_for_status(volume["id"], "available")

    def _anchor(self, host: str) -> str:
        """Return a volume of another project that is on ``host``, for others to be put beside.

        The scheduler chooses it by what only this backend reports, its place.
        """
        if host not in self._anchors:
            name, _, rest = host.partition("@")
            specs = {"location_info": f"<in> /{name}/{rest.partition('#')[0]}"}
            kind = f"anchor-{host}"
            body = {"volume_type": {"name": kind, "extra_specs": specs}}
            made = self.request("POST", "/types", body, project=ANCHOR_PROJECT)
            assert made.status_code == 200, made.text
            volume = {"volume": {"size": 1, "name": kind, "volume_type": kind}}
            made = self.request("POST", "/volumes", volume, project=ANCHOR_PROJECT)
            assert made.status_code == 202, made.text
            volume_id = made.json()["volume"]["id"]
            placed = self.wait_for_status(volume_id, "available")
            assert placed["os-vol-host-attr:host"] == host
            self._anchors[host] = volume_id
        return self._anchors[host]

    def delete_volume(self, volume_id: str) -> None:
        """Delete a volume and wait until it is gone."""
        answer = self.request("DELETE", f"/volumes/{volume_id}")
        assert answer.status_code == 202, f"delete: {answer.status_code} {answer.text}"
        self.wait_gone(volume_id)

    def wait_gone(self, volume_id: str, timeout: float = WAIT_SECONDS) -> None:
        """Wait until a volume answers 404."""
        deadline = time.monotonic() + timeout
        while (answer := self.request("GET", f"/volumes/{volume_id}")).status_code != 404:
            if time.monotonic() > deadline:
                raise HarnessError(f"volume {volume_id} is still there: {answer.text}")
            time.sleep(0.05)

    def wait_for(
        self, volume_id: str, key: str, *values: object, timeout: float = WAIT_SECONDS
    ) -> dict[str, Any]:
        """Wait until a field of a volume has one of the values.

        :param timeout: seconds
        :raises HarnessError: it did not get there; carries the volume
        """
        deadline = time.monotonic() + timeout
        while (volume := self.show(volume_id))[key] not in values:
            if volume["status"] == "error" and "error" not in values:
                raise HarnessError(f"volume {volume_id} is in error: {volume}")
            if time.monotonic() > deadline:
                raise HarnessError(f"{key} never became {values}: {volume}")
            time.sleep(0.05)
        return volume

    def wait_for_status(
        self, volume_id: str, status: str, timeout: float = WAIT_SECONDS
    ) -> dict[str, Any]:
        """Wait until a volume's status is the given one."""
        return self.wait_for(volume_id, "status", status, timeout=timeout)

    def migrate(
        self,
        volume_id: str,
        host: str,
        *,
        force_host_copy: bool = False,
        lock_volume: bool = False,
        **options: Any,
    ) -> requests.Response:
        """Ask for a move."""
        arguments = {
            "host": host,
            "force_host_copy": force_host_copy,
            "lock_volume": lock_volume,
        }
        return self.action(volume_id, "os-migrate_volume", arguments, **options)

    def wait_for_migration(self, volume_id: str, timeout: float = WAIT_SECONDS) -> dict[str, Any]:
        """Wait until a move has ended, well or not, and return the volume."""
        return self.wait_for(volume_id, "migration_status", *SETTLED, timeout=timeout)

    def migrate_and_wait(self, volume_id: str, host: str, **options: Any) -> dict[str, Any]:
        """Move a volume, which must succeed, and return it."""
        answer = self.migrate(volume_id, host, **options)
        assert answer.status_code == 202, f"migrate: {answer.status_code} {answer.text}"
        volume = self.wait_for_migration(volume_id)
        assert volume["migration_status"] == "success", self.records(volume_id)
        assert volume["os-vol-host-attr:host"] == host
        return volume

    def records(self, volume_id: str) -> list[dict[str, Any]]:
        """Return the migration records of a volume, the newest first."""
        listed: list[dict[str, Any]] = self.get(f"/os-volume-migrations?volume_id={volume_id}")[
            "volume_migrations"
        ]
        return listed

    def wait_for_record(
        self, volume_id: str, key: str, *values: object, timeout: float = WAIT_SECONDS
    ) -> dict[str, Any]:
        """Wait until a field of a volume's newest record has one of the values."""
        deadline = time.monotonic() + timeout
        while not (listed := self.records(volume_id)) or listed[0][key] not in values:
            if time.monotonic() > deadline:
                raise HarnessError(f"{key} of the record never became {values}: {listed}")
            time.sleep(0.02)
        return listed[0]

    def services(self) -> list[dict[str, Any]]:
        """Return the services with their states."""
        listed: list[dict[str, Any]] = self.get("/os-services")["services"]
        return listed
