# SPDX-License-Identifier: Apache-2.0
"""A stand-in for Glance: what of its v2 API volumes need, in a thread of the test's own."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import json
import re
import threading
import urllib.parse
import uuid
from collections.abc import Iterator
from typing import Any

CHUNK = 65536
KEPT = 64 * 1024**2
"""Bytes of an uploaded image that are kept; the rest is only counted."""


class FakeGlance:
    """Images in memory, and how they misbehave.

    ``requests`` holds method and path of every request; ``downloads`` counts those of data.
    """

    def __init__(self) -> None:
        self.images: dict[str, dict[str, Any]] = {}
        self.data: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []
        self.failing = 0
        """How many of the next requests are answered 503."""
        self.truncated: set[str] = set()
        """Images whose data ends halfway."""
        self.flowing = threading.Event()
        """While it is not set, only the first half of an image's data is sent."""
        self.flowing.set()
        self.refuse_uploads = False
        self.tokens: set[str | None] = set()
        self.locations: list[str] = []
        """What was said to be an image's data."""
        self.refuse_locations = 0
        """The status with which that is refused."""
        self.old = False
        """A Glance from before 2024.2, which has no resource of locations."""
        self.members: set[tuple[str, str]] = set()
        """Images and the projects that they are shared with."""
        self.lock = threading.Lock()
        self.url = ""

    @property
    def downloads(self) -> int:
        """How often an image's data was asked for."""
        return sum(1 for method, path in self.requests if (method, path[-5:]) == ("GET", "/file"))

    def add(self, data: bytes, disk_format: str = "raw", **fields: Any) -> str:
        """Add an active image and return its id."""
        image_id = str(uuid.uuid4())
        self.images[image_id] = {
            "id": image_id,
            "name": "image",
            "status": "active",
            "container_format": "bare",
            "disk_format": disk_format,
            "min_disk": 0,
            "min_ram": 0,
            "virtual_size": None,
            **_facts(data),
            **fields,
        }
        self.data[image_id] = data
        return image_id


def _facts(data: bytes) -> dict[str, Any]:
    return {
        "size": len(data),
        "checksum": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        "os_hash_algo": "sha512",
        "os_hash_value": hashlib.sha512(data).hexdigest(),
    }


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    glance: FakeGlance

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def _begin(self) -> str | None:
        """Note the request; None when it is answered with trouble."""
        with self.glance.lock:
            self.glance.requests.append((self.command, self.path))
            self.glance.tokens.add(self.headers.get("X-Auth-Token"))
            if self.glance.failing > 0:
                self.glance.failing -= 1
                self._answer(503)
                return None
        return self.path

    def _answer(self, status: int, body: Any = None) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _image(self, path: str) -> dict[str, Any] | None:
        found = re.match(r"/v2/images/([^/?]+)", path)
        image = self.glance.images.get(found[1]) if found else None
        if image is None:
            self._answer(404)
        return image

    def do_GET(self) -> None:
        """Describe an image, list those of a name, or send data."""
        path = self._begin()
        if path is None:
            return
        if path.startswith("/v2/images?"):
            name = dict(urllib.parse.parse_qsl(path.partition("?")[2])).get("name")
            images = [i for i in self.glance.images.values() if i["name"] == name]
            self._answer(200, {"images": images})
            return
        image = self._image(path)
        if image is None:
            return
        if "/members/" in path:
            member = (image["id"], path.rpartition("/")[2])
            self._answer(200 if member in self.glance.members else 404, {"status": "pending"})
            return
        if path.endswith("/locations"):
            self._answer(404 if self.glance.old else 200, image.get("locations", []))
            return
        if not path.endswith("/file"):
            self._answer(200, image)
            return
        data = self.glance.data[image["id"]]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if image["id"] in self.glance.truncated:
            data = data[: len(data) // 2]
            self.close_connection = True
        with contextlib.suppress(OSError):
            for start in range(0, len(data), CHUNK):
                if start >= len(data) // 2:
                    self.glance.flowing.wait(60)
                self.wfile.write(data[start : start + CHUNK])

    def do_POST(self) -> None:
        """Register an image."""
        body = self._body()
        path = self._begin()
        if path is None:
            return
        if path.endswith("/locations"):
            self._take_location(path, json.loads(body)["url"], 404 if self.glance.old else 202)
            return
        image = {
            "id": str(uuid.uuid4()),
            "status": "queued",
            "size": None,
            "visibility": "private",
            "protected": False,
            **json.loads(body),
        }
        self.glance.images[image["id"]] = image
        self._answer(201, image)

    def do_PUT(self) -> None:
        """Take an image's data."""
        data, size = self._body_and_size()
        path = self._begin()
        image = self._image(path) if path is not None else None
        if image is None:
            return
        if self.glance.refuse_uploads:
            self._answer(413)
            return
        image |= {**_facts(data), "size": size, "status": "active"}
        self.glance.data[image["id"]] = data
        self._answer(204)

    def do_PATCH(self) -> None:
        """Take an image's location."""
        [change] = json.loads(self._body())
        path = self._begin()
        if path is not None:
            self._take_location(path, change["value"]["url"], 200)

    def _take_location(self, path: str, url: str, status: int) -> None:
        image = self._image(path)
        if image is None:
            return
        status = self.glance.refuse_locations or status
        if status < 400:
            self.glance.locations.append(url)
            image |= {"status": "active", "locations": [{"url": url, "metadata": {}}]}
        self._answer(status, image)

    def do_DELETE(self) -> None:
        """Delete an image."""
        path = self._begin()
        image = self._image(path) if path is not None else None
        if image is not None:
            del self.glance.images[image["id"]]
            self._answer(204)

    def _body(self) -> bytes:
        return self._body_and_size()[0]

    def _body_and_size(self) -> tuple[bytes, int]:
        """Read the request's body; return its beginning and how long it was."""
        kept, size = bytearray(), 0
        for part in self._parts():
            size += len(part)
            if len(kept) < KEPT:
                kept += part
        return bytes(kept), size

    def _parts(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding") != "chunked":
            left = int(self.headers.get("Content-Length") or 0)
            while left:
                part = self.rfile.read(min(left, CHUNK))
                left -= len(part)
                yield part
            return
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()


@contextlib.contextmanager
def running() -> Iterator[FakeGlance]:
    """Run a stand-in for the time of a ``with`` block."""
    glance = FakeGlance()
    handler = type("Handler", (_Handler,), {"glance": glance})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        glance.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield glance
        finally:
            server.shutdown()
            thread.join()
