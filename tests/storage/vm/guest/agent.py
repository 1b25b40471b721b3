# SPDX-License-Identifier: Apache-2.0
"""Runs commands for the tests: one connection, one command. Standard library only.

``agent.py [ADDRESS PORT CONSOLE]``: where it listens, and where it says that it does.

A request is a length (4 bytes, big endian) and that many bytes of JSON: ``token``, ``argv``,
``user`` (None for root), ``environment`` and ``input`` (how many bytes of standard input follow).
The answer is a row of frames: one byte for the kind (``o`` output, ``e`` error output, ``x`` exit
status in decimal digits, the last one), a length as above, and the bytes. A connection that the
other side closes before the end kills the command.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

PORT = 7000
TOKEN = Path("/opt/cinder_lite/guest/token")
CONSOLE = Path("/dev/ttyS0")
READY = "the machine is ready"
CHUNK = 256 * 1024


def receive(link: socket.socket, count: int) -> bytes:
    """Return exactly ``count`` bytes; fewer when the other side has closed."""
    data = bytearray()
    while len(data) < count and (part := link.recv(min(CHUNK, count - len(data)))):
        data += part
    return bytes(data)


class Command:
    """One command on behalf of one connection."""

    def __init__(self, link: socket.socket, token: str) -> None:
        self._link = link
        self._token = token
        self._lock = threading.Lock()

    def serve(self) -> None:
        """Read the request, run it, and send what comes of it."""
        (length,) = struct.unpack(">I", receive(self._link, 4))
        request = json.loads(receive(self._link, length))
        if request["token"] != self._token:
            return
        data = receive(self._link, request["input"])
        try:
            child = self._start(request)
        except OSError as error:
            self._send(b"e", str(error).encode())
            self._send(b"x", b"127")
            return
        assert child.stdin and child.stdout and child.stderr
        threads = [
            threading.Thread(target=self._pump, args=(b"o", child.stdout)),
            threading.Thread(target=self._pump, args=(b"e", child.stderr)),
            threading.Thread(target=self._feed, args=(child.stdin, data)),
        ]
        threading.Thread(target=self._watch, args=(child,), daemon=True).start()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._send(b"x", str(child.wait()).encode())

    @staticmethod
    def _start(request: dict[str, object]) -> subprocess.Popen[bytes]:
        user = request["user"]
        return subprocess.Popen(
            request["argv"],  # type: ignore[call-overload]
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **request["environment"]},  # type: ignore[dict-item]
            user=user,
            group=user,
            extra_groups=[] if user else None,
            cwd="/",
            start_new_session=True,
        )

    def _send(self, kind: bytes, data: bytes) -> None:
        with self._lock, contextlib.suppress(OSError):
            self._link.sendall(kind + struct.pack(">I", len(data)) + data)

    def _pump(self, kind: bytes, stream: IO[bytes]) -> None:
        while data := os.read(stream.fileno(), CHUNK):
            self._send(kind, data)

    @staticmethod
    def _feed(stream: IO[bytes], data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError), stream:
            stream.write(data)

    def _watch(self, child: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(OSError):
            if self._link.recv(1) == b"" and child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)


def serve(link: socket.socket, token: str) -> None:
    """Serve one connection to its end."""
    with link, contextlib.suppress(struct.error):
        Command(link, token).serve()


def main() -> None:
    """Tell the console that the machine is ready, and serve until it goes off."""
    token = TOKEN.read_text()
    address, port, console = sys.argv[1:] or ("", PORT, CONSOLE)
    with socket.create_server((address, int(port)), backlog=64) as server:
        with open(console, "a") as stream:
            stream.write(f"\n{READY}\n")
        while True:
            link, _ = server.accept()
            threading.Thread(target=serve, args=(link, token), daemon=True).start()


if __name__ == "__main__":
    main()
