# SPDX-License-Identifier: Apache-2.0
"""Commands inside a machine, by way of its agent (see guest/agent.py for what is said)."""

from __future__ import annotations

import json
import shlex
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.functional.harness.process import HarnessError
from tests.storage.vm.guest.agent import receive

RUN_SECONDS = 900.0
"""A command that takes seconds takes minutes where others use the processors."""


class Result(NamedTuple):
    """How a command in the machine has ended."""

    argv: tuple[str, ...]
    status: int
    """Exit status; negative: the signal that ended it."""
    out: str
    err: str


class Client:
    """Runs commands and moves files; may be used by several threads."""

    def __init__(self, port: int, token: str = "") -> None:
        """:param port: where the agent is reached on 127.0.0.1
        :param token: the secret that the agent wants to see
        """
        self.port = port
        self.token = token

    def remember(self, path: Path) -> None:
        """Write down how the agent is reached, for :meth:`recall` in another process."""
        path.touch(mode=0o600)
        path.write_text(json.dumps({"port": self.port, "token": self.token}))

    @staticmethod
    def recall(path: Path) -> Client:
        """Return the client that was remembered in a file."""
        return Client(**json.loads(path.read_text()))

    def run(
        self,
        *argv: str,
        input: bytes = b"",
        user: str | None = None,
        environment: Mapping[str, str] | None = None,
        check: bool = True,
        timeout: float = RUN_SECONDS,
    ) -> Result:
        """Run a command to its end.

        :param user: runs it; None is root
        :param check: raise an error when its exit status is not zero
        :param timeout: seconds without a sign of life, after which it is killed
        :raises HarnessError: it failed, or the machine does not answer
        """
        result = Result(tuple(argv), *self._exchange(argv, input, user, environment, timeout))
        if check and result.status != 0:
            raise HarnessError(
                f"in the machine: {shlex.join(argv)}: exit status {result.status}\n"
                f"{result.out[-4000:]}{result.err[-4000:]}"
            )
        return result

    def shell(self, script: str, **options: object) -> str:
        """Run a script of bash, of which every command must succeed, and return its output."""
        prelude = "set -euo pipefail\n"
        return self.run("bash", "-c", prelude + script, **options).out  # type: ignore[arg-type]

    def write(self, path: str, data: str | bytes, mode: str = "644") -> None:
        """Write a file in the machine."""
        raw = data.encode() if isinstance(data, str) else data
        script = f"cat >{shlex.quote(path)} && chmod {mode} {shlex.quote(path)}"
        self.run("sh", "-c", script, input=raw)

    def read(self, path: str) -> str:
        """Return the text of a file in the machine."""
        return self.run("cat", path).out

    def _exchange(
        self,
        argv: tuple[str, ...],
        data: bytes,
        user: str | None,
        environment: Mapping[str, str] | None,
        timeout: float,
    ) -> tuple[int, str, str]:
        request = json.dumps(
            {
                "token": self.token,
                "argv": argv,
                "user": user,
                "environment": dict(environment or {}),
                "input": len(data),
            }
        ).encode()
        heard = {b"o": bytearray(), b"e": bytearray(), b"x": bytearray()}
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as link:
                link.sendall(struct.pack(">I", len(request)) + request + data)
                while not heard[b"x"]:
                    head = receive(link, 5)
                    if len(head) < 5:
                        raise HarnessError(f"the machine hung up on {shlex.join(argv)}")
                    heard[head[:1]] += receive(link, struct.unpack(">I", head[1:])[0])
        except OSError as error:
            raise HarnessError(f"in the machine: {shlex.join(argv)}: {error}") from None
        out, err = (heard[kind].decode(errors="replace") for kind in (b"o", b"e"))
        return int(heard[b"x"]), out, err
