# SPDX-License-Identifier: Apache-2.0
"""How fast images come and go between a volume's file and an HTTP server on loopback.

``python -m benchmarks.images [--backend eventlet]``. The volume is 20 % full, in scattered pieces,
and nothing of it is in the page cache. Each way takes its turn, so that what else the machine does
meets all of them; a figure is the median of its runs.

``in turn``: one MiB is read, then sent; or received, then written and hashed.
``cinder``: for uploads, glanceclient's way: 64 KiB in turn, in chunks of HTTP.
``cinder_lite``: what the services do.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

MIB = 1024**2
PIECE = 4 * MIB
SERVER = """
import http.server, sys
path, size = sys.argv[1], int(sys.argv[2])
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def log_message(self, *args): pass
    def do_PUT(self):
        view = memoryview(bytearray(1024**2))
        left = int(self.headers.get('Content-Length') or 0)
        while left:
            left -= self.rfile.readinto(view[:min(left, len(view))])
        if self.headers.get('Transfer-Encoding') == 'chunked':
            while length := int(self.rfile.readline(), 16):
                while length:
                    length -= self.rfile.readinto(view[:min(length, len(view))])
                self.rfile.readline()
            self.rfile.readline()
        self.send_response(204); self.end_headers()
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Length', str(size)); self.end_headers()
        with open(path, 'rb') as file:
            self.connection.sendfile(file, 0, size)
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


def make(path: Path, size: int) -> str:
    """Make a sparse volume, 20 % full, and return the SHA-512 of its data."""
    noise = random.Random(1)
    with path.open("wb") as file:
        file.truncate(size)
        for first in noise.sample(range(0, size, PIECE), size // PIECE // 5):
            file.seek(first)
            file.write(noise.randbytes(PIECE))
    hashed = hashlib.sha512()
    with path.open("rb") as file:
        while data := file.read(MIB):
            hashed.update(data)
    return hashed.hexdigest()


def forget(path: Path) -> None:
    """Leave nothing of a file in the page cache."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


class InTurn:
    """A file as a request's body, read piece by piece between two sends."""

    def __init__(self, path: Path, size: int) -> None:
        self._path, self._size = path, size

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        yield from pieces(self._path, MIB)


def pieces(path: Path, length: int) -> Iterator[bytes]:
    """Yield a file's data, read in real threads."""
    from cinder_lite import concurrency

    with path.open("rb", buffering=0) as file:
        while data := concurrency.run_blocking(file.read, length):
            yield data


def uploads(service: Any, path: Path, size: int) -> dict[str, Callable[[], None]]:
    """Return the ways to send a volume."""
    from cinder_lite.image.streams import Outgoing

    def ours() -> None:
        with Outgoing(str(path), size) as body:
            service.upload("i", body)

    return {
        "cinder": lambda: service.upload("i", pieces(path, 65536)),
        "in turn": lambda: service.upload("i", InTurn(path, size)),
        "cinder_lite": ours,
    }


def downloads(service: Any, path: Path, size: int, digest: str) -> dict[str, Callable[[], None]]:
    """Return the ways to receive an image."""
    from cinder_lite import concurrency
    from cinder_lite.image import fetch

    image = {"id": "i", "size": size, "os_hash_algo": "sha512", "os_hash_value": digest}

    def in_turn() -> None:
        hashed = hashlib.sha512()

        def keep(file: Any, data: bytes) -> None:
            hashed.update(data)
            if data.strip(b"\0"):
                file.write(data)
                file.flush()
            else:
                file.seek(len(data), os.SEEK_CUR)

        with path.open("xb") as file:
            for data in service.download("i"):
                concurrency.run_blocking(keep, file, data)
            file.truncate(size)
        assert hashed.hexdigest() == digest

    return {
        "in turn": in_turn,
        "cinder_lite": lambda: fetch._download(service, image, str(path), None, None, None),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", default="threading", choices=["threading", "eventlet"])
    parser.add_argument("--size", type=int, default=1024, help="MiB of the volume")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--directory", help="where the volume is (default: a temporary one)")
    asked = parser.parse_args()
    from cinder_lite import concurrency

    concurrency.setup(asked.backend)
    from cinder_lite import conf
    from cinder_lite.context import RequestContext
    from cinder_lite.image.glance import ImageService

    size = asked.size * MIB
    with tempfile.TemporaryDirectory(dir=asked.directory) as home:
        volume, image = Path(home, "volume"), Path(home, "image")
        digest = make(volume, size)
        words = [sys.executable, "-c", SERVER, str(volume), str(size)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
                conf.CONF.set_override("glance_api_servers", [url])
                service = ImageService(RequestContext(auth_token="t", overwrite=False))
                show("upload", uploads(service, volume, size), asked.runs, volume, image)
                ways = downloads(service, image, size, digest)
                show("download", ways, asked.runs, volume, image)
            finally:
                server.kill()


def show(
    what: str, ways: dict[str, Callable[[], None]], runs: int, volume: Path, image: Path
) -> None:
    """Let each way take its turns, and print the medians."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    spent = dict.fromkeys(ways, 0.0)
    for _ in range(runs):
        for name, way in ways.items():
            image.unlink(missing_ok=True)
            forget(volume)
            begin, cpu = time.perf_counter(), time.process_time()
            way()
            spent[name] += time.process_time() - cpu
            taken[name].append(time.perf_counter() - begin)
    last = statistics.median(taken["cinder_lite"])
    for name, times in taken.items():
        median = statistics.median(times)
        ratio, cpu = f"{median / last:5.2f} times as long", spent[name] / runs
        print(f"{what:9} {name:12} {median:6.2f} s  {ratio}  {cpu:5.2f} s of CPU")


if __name__ == "__main__":
    main()
