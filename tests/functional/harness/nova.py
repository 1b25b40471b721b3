# SPDX-License-Identifier: Apache-2.0
"""A stand-in for Nova: answers what Nova 34 was recorded to answer, and calls back as it did.

Its compute host copies nothing. It attaches the target, lets go of the volume and calls
os-migrate_volume_completion, or fails as a test wants it to. Stopped, it is a Nova that is down.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import wsgiref.simple_server
from collections.abc import Callable, Iterable
from typing import Any

import requests

SWAP = re.compile(r"/v2\.1/servers/([^/]+)/os-volume_attachments/([^/]+)")
SERVER = re.compile(r"/v2\.1/servers/([^/]+)")
USES = re.compile(r"/v2\.1/servers/([^/]+)/os-volume_attachments")
ACTION = re.compile(r"/v2\.1/servers/([^/]+)/action")
_VERSIONS = {
    "version": {
        "id": "v2.1",
        "status": "CURRENT",
        "version": "2.100",
        "min_version": "2.1",
        "links": [],
    }
}


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Be quiet."""


class Nova:
    """The stand-in.

    :param volume_url: the volume API with the service's project, as Nova has it
    :param token: with which Nova calls
    """

    def __init__(self, volume_url: str = "", token: str = "") -> None:
        self.volume_url, self.token = volume_url, token
        self.calls: list[tuple[str, str, str | None, Any]] = []
        self.outcome = "swaps"
        self.answer: tuple[int, Any] = (202, None)
        self.vm_state = "active"
        self.locked = False
        self.locked_reason: str | None = None
        self.uses: dict[str, dict[str, Any]] = {}
        """What Nova has noted of the volumes that servers use, by volume."""
        self.refuses: dict[str, int] = {}
        """Statuses with which it refuses: ``attach``, ``detach``, ``lock`` or ``unlock``."""
        self.errors: list[str] = []
        self.saved: list[str] = []
        self._server = wsgiref.simple_server.make_server(
            "127.0.0.1", 0, self._application, handler_class=Quiet
        )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self._work: list[threading.Thread] = []

    @property
    def url(self) -> str:
        """The endpoint."""
        return f"http://127.0.0.1:{self._server.server_port}/v2.1"

    def stop(self) -> None:
        """End it; its port refuses from then on."""
        self._server.shutdown()
        self._server.server_close()
        for thread in self._work:
            thread.join(30)

    # --- what it is asked ------------------------------------------------------------------

    def _application(self, environ: Any, start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = json.loads(environ["wsgi.input"].read(length)) if length else None
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        version = environ.get("HTTP_OPENSTACK_API_VERSION")
        self.calls.append((method, path, version, body))
        status, answer = self._answer(method, path, body)
        raw = b"" if answer is None else json.dumps(answer).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(raw)))]
        start_response(f"{status} Whatever", headers)
        return [raw]

    def _answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if path in ("/v2.1", "/v2.1/"):
            return 200, _VERSIONS
        swap = SWAP.fullmatch(path)
        if swap and method == "PUT":
            return self._swap(swap[1], swap[2], body["volumeAttachment"]["volumeId"])
        if swap and swap[2] in self.uses:
            if method == "GET":
                return 200, {"volumeAttachment": self.uses[swap[2]]}
            return self._refused("detach") or self._detach(swap[2])
        server = SERVER.fullmatch(path)
        if server and method == "GET":
            return 200, {"server": self._server_shown(server[1])}
        uses = USES.fullmatch(path)
        if uses and method == "POST":
            return self._refused("attach") or self._attach(uses[1], body["volumeAttachment"])
        if ACTION.fullmatch(path):
            return self._act(body)
        if path == "/v2.1/os-server-external-events":
            return 200, {"events": [{**event, "code": 200} for event in body["events"]]}
        return 404, {"itemNotFound": {"code": 404, "message": "There is no such thing."}}

    def _server_shown(self, server_id: str) -> dict[str, Any]:
        known = {"id": server_id, "status": self.vm_state.upper()}
        state = {"OS-EXT-STS:vm_state": self.vm_state, "OS-EXT-STS:task_state": None}
        lock = {"locked": self.locked, "locked_reason": self.locked_reason}
        return {**known, **state, **lock, "OS-EXT-SRV-ATTR:root_device_name": "/dev/sda"}

    def _refused(self, name: str) -> tuple[int, Any] | None:
        status = self.refuses.get(name)
        if status is None:
            return None
        return status, {"forbidden": {"code": status, "message": f"No {name} for you."}}

    def _act(self, body: dict[str, Any]) -> tuple[int, Any]:
        [(name, content)] = body.items()
        refused = self._refused(name)
        if refused is None:
            self.locked = name == "lock"
            self.locked_reason = content["locked_reason"] if self.locked else None
        return refused or (202, None)

    def _detach(self, volume_id: str) -> tuple[int, Any]:
        """Do what nova-api does, and have the compute host do the rest."""
        self._call("GET", f"/volumes/{volume_id}")
        self._call("POST", f"/volumes/{volume_id}/action", {"os-begin_detaching": None})
        self._begin(self._let_go, volume_id)
        return 202, None

    def _attach(self, server_id: str, asked: dict[str, Any]) -> tuple[int, Any]:
        """Do what nova-conductor does, and have the compute host do the rest."""
        volume_id = asked["volumeId"]
        if volume_id in self.uses:
            return 409, {"conflictingRequest": {"code": 409, "message": "It is attached."}}
        wanted = {"volume_uuid": volume_id, "instance_uuid": server_id, "connector": None}
        made = self._call("POST", "/attachments", {"attachment": wanted})["attachment"]
        self.use(server_id, volume_id, made["id"], **asked)
        self._begin(self._connect, volume_id)
        return 200, {"volumeAttachment": self.uses[volume_id]}

    def use(self, server_id: str, volume_id: str, attachment_id: str, **how: Any) -> None:
        """Note that a server uses a volume."""
        self.uses[volume_id] = {
            "volumeId": volume_id,
            "serverId": server_id,
            "attachment_id": attachment_id,
            "device": how.get("device") or "/dev/sdb",
            "tag": how.get("tag"),
            "delete_on_termination": bool(how.get("delete_on_termination")),
        }

    def _begin(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._work.append(thread)
        thread.start()

    def _let_go(self, volume_id: str) -> None:
        attachment_id = self.uses.pop(volume_id)["attachment_id"]
        self._noting(lambda: self._call("DELETE", f"/attachments/{attachment_id}"))

    def _connect(self, volume_id: str) -> None:
        use = self.uses[volume_id]
        path = f"/attachments/{use['attachment_id']}"
        host = {"host": socket.gethostname(), "initiator": "fake", "mountpoint": use["device"]}

        def connect() -> None:
            self._call("PUT", path, {"attachment": {"connector": host}})
            self._call("POST", f"{path}/action", {"os-complete": None})

        self._noting(connect)

    def _noting(self, work: Callable[[], Any]) -> None:
        try:
            work()
        except (AssertionError, requests.RequestException) as error:
            self.errors.append(f"{type(error).__name__}: {error}")

    def _swap(self, server_id: str, volume_id: str, target_id: str) -> tuple[int, Any]:
        status, answer = self.answer
        if status >= 300:  # noqa: PLR2004
            return status, answer
        # What nova-api does before it answers.
        self._call("GET", f"/volumes/{volume_id}")
        self._call("POST", f"/volumes/{volume_id}/action", {"os-begin_detaching": None})
        made = self._call(
            "POST",
            "/attachments",
            {
                "attachment": {
                    "volume_uuid": target_id,
                    "instance_uuid": server_id,
                    "connector": None,
                }
            },
        )
        attachment_id = made["attachment"]["id"]
        thread = threading.Thread(
            target=self._compute, args=(volume_id, target_id, attachment_id), daemon=True
        )
        self._work.append(thread)
        thread.start()
        return 202, None

    # --- what its compute host does --------------------------------------------------------

    def _compute(self, volume_id: str, target_id: str, new: str) -> None:
        try:
            volume = self._call("GET", f"/volumes/{volume_id}")["volume"]
            [old] = [one["attachment_id"] for one in volume["attachments"]]
            if volume["migration_status"] != "migrating":
                raise AssertionError(f"it would swap silently: {volume['migration_status']}")
            host = {"host": socket.gethostname(), "initiator": "fake", "mountpoint": "/dev/sdb"}
            self._call("PUT", f"/attachments/{new}", {"attachment": {"connector": host}})
            if self.outcome == "fails":
                self._call("POST", f"/volumes/{volume_id}/action", {"os-roll_detaching": None})
                self._call("DELETE", f"/attachments/{new}")
            else:
                self._call("POST", f"/attachments/{new}/action", {"os-complete": None})
                self._call("DELETE", f"/attachments/{old}")
            if self.outcome == "is silent":
                return
            done = {"new_volume": target_id, "error": self.outcome == "fails"}
            answer = self._call(
                "POST", f"/volumes/{volume_id}/action", {"os-migrate_volume_completion": done}
            )
            self.saved.append(answer["save_volume_id"])
        except Exception as error:
            self.errors.append(f"{type(error).__name__}: {error}")
            self._give_up(volume_id, target_id, new)

    def _give_up(self, volume_id: str, target_id: str, new: str) -> None:
        """Do what a compute host does that could not swap; what is refused is done already."""
        done = {"new_volume": target_id, "error": True}
        for method, path, body in (
            ("POST", f"/volumes/{volume_id}/action", {"os-roll_detaching": None}),
            ("DELETE", f"/attachments/{new}", None),
            ("POST", f"/volumes/{volume_id}/action", {"os-migrate_volume_completion": done}),
        ):
            with contextlib.suppress(AssertionError, requests.RequestException):
                self._call(method, path, body)

    def join(self) -> None:
        """Wait until its compute host has done all its work."""
        while self._work:
            self._work.pop().join(60)

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the volume API as Nova does: with its microversion for attachments only."""
        headers = {"X-Auth-Token": self.token}
        if path.startswith("/attachments"):
            headers["OpenStack-API-Version"] = "volume 3.44"
        answer = requests.request(
            method, self.volume_url + path, json=body, headers=headers, timeout=60
        )
        if answer.status_code >= 300:  # noqa: PLR2004
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None
