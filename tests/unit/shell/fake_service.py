# SPDX-License-Identifier: Apache-2.0
"""A volume service, and a Keystone, as far as the command line can tell.

It answers over real HTTP on a loopback port. The shapes are those that Cinder 29 answers with,
and those of the migration records for what Cinder does not have.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

Record = dict[str, Any]

NOT_FOUND_BY_MAPPER = {
    "message": "The resource could not be found.<br /><br />\n\n\n",
    "code": "404 Not Found",
    "title": "Not Found",
}
"""What Cinder's URL mapper says where there is no such resource at all."""


class Request(NamedTuple):
    """A request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


class Planned(NamedTuple):
    """An answer that a test has planned instead of the usual one."""

    method: str
    pattern: re.Pattern[str]
    answer: Callable[[Request], tuple[int, Any]]


def fault(status: int, message: str, name: str = "badRequest") -> tuple[int, Record]:
    """An error in the Volume API's shape."""
    return status, {name: {"code": status, "message": message}}


class FakeService:
    """The state of the service; tests change it freely."""

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.reset()

    def start(self) -> None:
        """Answer from now on."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()

    def reset(self) -> None:
        """Forget everything."""
        self.requests: list[Request] = []
        self.planned: list[Planned] = []
        self.volumes: dict[str, Record] = {}
        self.elsewhere: set[str] = set()
        self.created_status = "available"
        self.types: dict[str, Record] = {}
        self.services: list[Record] = []
        self.pools: list[Record] = []
        self.messages: list[Record] = []
        self.migrations: list[Record] = []
        self.script: list[Record] = [{"status": "success", "phase": "done", "percent": 100}]
        self.page = 1000

    def plan(
        self,
        method: str,
        pattern: str,
        *answers: tuple[int, Any] | Callable[[Request], tuple[int, Any]],
    ) -> None:
        """Give these answers, one each, to the next requests whose path matches."""
        for answer in answers:
            do = answer if callable(answer) else (lambda _, given=answer: given)
            self.planned.append(Planned(method, re.compile(pattern), do))

    def asked(self, method: str, pattern: str) -> list[Request]:
        """The requests that came in with this method and a path that matches."""
        return [r for r in self.requests if r.method == method and re.search(pattern, r.path)]

    # --- what tests put in ---------------------------------------------------------------------

    def add_volume(self, name: str | None = None, **fields: Any) -> Record:
        """Add a volume, as an administrator sees it."""
        volume_id = str(uuid.uuid4())
        volume = {
            "id": volume_id,
            "status": "available",
            "size": 1,
            "availability_zone": "nova",
            "created_at": "2026-11-21T11:56:16.815008",
            "updated_at": None,
            "name": name,
            "description": None,
            "volume_type": "__DEFAULT__",
            "metadata": {},
            "links": [{"rel": "self", "href": f"{self.url}/v3/p/volumes/{volume_id}"}],
            "bootable": "false",
            "multiattach": False,
            "attachments": [],
            "migration_status": None,
            "os-vol-tenant-attr:tenant_id": "admin",
            "os-vol-mig-status-attr:migstat": None,
            "os-vol-mig-status-attr:name_id": None,
            "os-vol-host-attr:host": "node@one#one",
        } | fields
        self.volumes[volume_id] = volume
        return volume

    def add_migration(self, volume: Record, **fields: Any) -> Record:
        """Add a migration record, newer than those there are."""
        record = {
            "id": str(uuid.uuid4()),
            "volume_id": volume["id"],
            "source_host": "node@one#one",
            "dest_host": "node@two#two",
            "mode": "host_copy",
            "status": "success",
            "phase": "done",
            "bytes_total": 1024**3,
            "bytes_copied": 1024**3,
            "bytes_skipped": 0,
            "bytes_per_second": 512 * 1024**2,
            "percent": 100,
            "error": None,
            "request_id": "req-earlier",
            "created_at": "2026-11-21T12:00:00.123456",
        } | fields
        self.migrations.insert(0, record)
        return record

    def add_type(self, name: str, **fields: Any) -> Record:
        """Add a volume type."""
        record: Record = {
            "id": str(uuid.uuid4()),
            "name": name,
            "is_public": True,
            "description": None,
            "extra_specs": {},
            "qos_specs_id": None,
            "os-volume-type-access:is_public": True,
        } | fields
        self.types[record["id"]] = record
        return record

    # --- what it answers -----------------------------------------------------------------------

    def answer(self, request: Request, request_id: str) -> tuple[int, Any]:
        """Return status and body."""
        self.requests.append(request)
        for planned in self.planned:
            if planned.method == request.method and planned.pattern.search(request.path):
                self.planned.remove(planned)
                return planned.answer(request)
        if request.path.startswith("/identity"):
            return self._identity(request)
        for method, pattern, name in ROUTES:
            match = re.fullmatch(rf"/v3/(?:[\w-]+/)?{pattern}", request.path)
            if match and method == request.method:
                return getattr(self, name)(request, request_id, *map(unquote, match.groups()))
        return 404, NOT_FOUND_BY_MAPPER

    def _identity(self, request: Request) -> tuple[int, Any]:
        if request.method == "GET":
            link = {"rel": "self", "href": f"{self.url}/identity/v3/"}
            return 200, {"version": {"id": "v3.14", "status": "stable", "links": [link]}}
        endpoint = {"interface": "public", "region": "one", "region_id": "one", "id": "e"}
        volume: Record = {"type": "block-storage", "name": "cinder", "id": "s"}
        volume["endpoints"] = [endpoint | {"url": f"{self.url}/v3/cloudproject"}]
        token = {
            "methods": ["password"],
            "user": {"domain": {"id": "default", "name": "Default"}, "id": "u", "name": "u"},
            "project": {
                "domain": {"id": "default", "name": "D"},
                "id": "cloudproject",
                "name": "p",
            },
            "expires_at": "2099-01-01T00:00:00.000000Z",
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "catalog": [volume],
            "roles": [],
        }
        return 201, {"token": token}

    def _list(self, request: Request, key: str, records: list[Record]) -> tuple[int, Any]:
        marker = request.query.get("marker")
        ids = [record["id"] for record in records]
        start = ids.index(marker) + 1 if marker else 0
        size = min(self.page, int(request.query.get("limit", self.page)))
        body: Record = {key: records[start : start + size]}
        if start + size < len(records):
            body[f"{key}_links"] = [{"rel": "next", "href": f"{self.url}/ignored"}]
        return 200, body

    def list_volumes(self, request: Request, _: str) -> tuple[int, Any]:
        found = [
            volume
            for volume in self.volumes.values()
            if request.query.get("name") in (None, volume["name"])
            and request.query.get("status") in (None, volume["status"])
            and (request.query.get("all_tenants") or volume["id"] not in self.elsewhere)
        ]
        return self._list(request, "volumes", found)

    def show_volume(self, _: Request, __: str, volume_id: str) -> tuple[int, Any]:
        if volume_id not in self.volumes:
            return fault(404, f"Volume {volume_id} could not be found.", "itemNotFound")
        volume = self.volumes[volume_id]
        if volume["status"] == "creating":
            volume["status"] = self.created_status
            return 200, {"volume": volume | {"status": "creating"}}
        return 200, {"volume": volume}

    def create_volume(self, request: Request, _: str) -> tuple[int, Any]:
        wanted = request.body["volume"]
        return 202, {
            "volume": self.add_volume(**({"name": None} | wanted | {"status": "creating"}))
        }

    def delete_volume(self, _: Request, __: str, volume_id: str) -> tuple[int, Any]:
        del self.volumes[volume_id]
        return 202, None

    def act(self, request: Request, request_id: str, volume_id: str) -> tuple[int, Any]:
        move = request.body.get("os-migrate_volume")
        if move:
            self.add_migration(
                self.volumes[volume_id],
                dest_host=move["host"],
                status="running",
                phase="scheduling",
                percent=None,
                bytes_copied=0,
                bytes_per_second=None,
                request_id=request_id,
            )
        return 202, None

    def abort_migration(self, _: Request, __: str, migration_id: str) -> tuple[int, Any]:
        record = next(m for m in self.migrations if m["id"] == migration_id)
        record |= {"status": "error", "error": "it was aborted"}
        return 202, None

    def list_migrations(self, request: Request, _: str) -> tuple[int, Any]:
        names = ("volume_id", "status", "source_host", "dest_host")
        wanted = {name: request.query[name] for name in names if name in request.query}
        found = [m for m in self.migrations if all(m[n] == v for n, v in wanted.items())]
        return self._list(request, "volume_migrations", found)

    def show_migration(self, _: Request, __: str, migration_id: str) -> tuple[int, Any]:
        record = next((m for m in self.migrations if m["id"] == migration_id), None)
        if record is None:
            return fault(404, "There is no such migration.", "itemNotFound")
        if record["status"] == "running" and self.script:
            record |= self.script.pop(0)
        return 200, {"volume_migration": record}

    def list_types(self, request: Request, _: str) -> tuple[int, Any]:
        return self._list(request, "volume_types", list(self.types.values()))

    def show_type(self, _: Request, __: str, type_id: str) -> tuple[int, Any]:
        if type_id not in self.types:
            return fault(404, f"Volume type {type_id} could not be found.", "itemNotFound")
        return 200, {"volume_type": self.types[type_id]}

    def create_type(self, request: Request, _: str) -> tuple[int, Any]:
        return 200, {"volume_type": self.add_type(**request.body["volume_type"])}

    def delete_type(self, _: Request, __: str, type_id: str) -> tuple[int, Any]:
        del self.types[type_id]
        return 202, None

    def set_specs(self, request: Request, _: str, type_id: str) -> tuple[int, Any]:
        self.types[type_id]["extra_specs"] |= request.body["extra_specs"]
        return 200, request.body

    def unset_spec(self, _: Request, __: str, type_id: str, key: str) -> tuple[int, Any]:
        if self.types[type_id]["extra_specs"].pop(key, None) is None:
            return fault(404, f"Volume Type {type_id} has no extra specs {key}.", "itemNotFound")
        return 202, None

    def list_services(self, request: Request, _: str) -> tuple[int, Any]:
        wanted = request.query
        found = [s for s in self.services if all(s[name] == wanted[name] for name in wanted)]
        return 200, {"services": found}

    def change_service(self, request: Request, _: str, change: str) -> tuple[int, Any]:
        return 200, request.body | {"disabled": change != "enable"}

    def list_pools(self, request: Request, _: str) -> tuple[int, Any]:
        if request.query.get("detail") == "true":
            return 200, {"pools": self.pools}
        return 200, {"pools": [{"name": pool["name"]} for pool in self.pools]}

    def list_messages(self, request: Request, _: str) -> tuple[int, Any]:
        wanted = request.query["resource_uuid"]
        return 200, {"messages": [m for m in self.messages if m["resource_uuid"] == wanted]}


ROUTES = (
    ("GET", "volumes/detail", "list_volumes"),
    ("GET", "volumes/([^/]+)", "show_volume"),
    ("POST", "volumes", "create_volume"),
    ("DELETE", "volumes/([^/]+)", "delete_volume"),
    ("POST", "volumes/([^/]+)/action", "act"),
    ("GET", "os-volume-migrations", "list_migrations"),
    ("GET", "os-volume-migrations/([^/]+)", "show_migration"),
    ("DELETE", "os-volume-migrations/([^/]+)", "abort_migration"),
    ("GET", "types", "list_types"),
    ("GET", "types/([^/]+)", "show_type"),
    ("POST", "types", "create_type"),
    ("DELETE", "types/([^/]+)", "delete_type"),
    ("POST", "types/([^/]+)/extra_specs", "set_specs"),
    ("DELETE", "types/([^/]+)/extra_specs/([^/]+)", "unset_spec"),
    ("GET", "os-services", "list_services"),
    ("PUT", "os-services/([^/]+)", "change_service"),
    ("GET", "scheduler-stats/get_pools", "list_pools"),
    ("GET", "messages", "list_messages"),
)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Be quiet about clients that leave in the middle; some tests do so on purpose."""


def _handler(service: FakeService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _do(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            request = Request(
                self.command, parts.path, dict(parse_qsl(parts.query)), dict(self.headers), body
            )
            request_id = f"req-{uuid.uuid4()}"
            status, answer = service.answer(request, request_id)
            raw = answer if isinstance(answer, bytes) else b""
            if answer is not None and not raw:
                raw = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            if not isinstance(answer, bytes):
                self.send_header("Content-Type", "application/json")
            self.send_header("X-Openstack-Request-Id", request_id)
            if request.path.endswith("/auth/tokens"):
                self.send_header("X-Subject-Token", "a-token")
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PUT = do_DELETE = _do

        def log_message(self, *_: Any) -> None:
            """Be quiet."""

    return Handler
