# SPDX-License-Identifier: Apache-2.0
"""What the servers of the tests have in common."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.functional.harness import process

USER = "cinder"
PASSWORD = "cinderpw"
START_SECONDS = 240


def find_program(*candidates: str) -> Path | None:
    """Return the first program that exists; a pattern stands for its highest match."""
    for candidate in candidates:
        pattern = Path(candidate)
        if not pattern.is_absolute():
            found = shutil.which(candidate)
            matches = [Path(found)] if found else []
        else:
            matches = sorted(Path("/").glob(str(pattern.relative_to("/"))))
        if matches:
            return matches[-1]
    return None


class Server:
    """A server of the tests: found, started, asked for fresh rooms, stopped."""

    name = ""

    def __init__(self, directory: Path) -> None:
        """:param directory: an empty directory of its own for its data and logs"""
        self.directory = directory
        self.port = process.free_port()
        self.children: list[process.Process] = []

    @staticmethod
    def installed() -> bool:
        """Tell whether the programs are on this machine."""
        raise NotImplementedError

    def start(self) -> None:
        """Start the server and return when it serves.

        :raises HarnessError: it does not
        """
        raise NotImplementedError

    def fresh(self) -> str:
        """Make an empty room (a virtual host, a database) and return its URL."""
        raise NotImplementedError

    def stop(self) -> None:
        """End the server's processes, the newest first."""
        for child in reversed(self.children):
            child.kill()

    def _child(self, child: process.Process) -> process.Process:
        self.children.append(child)
        return child.start()
