# SPDX-License-Identifier: Apache-2.0
"""Who reads a volume's or a snapshot's data on this backend now, so that nobody deletes it.

All work on the data of one backend is done in the process of its service; what has to be known
across processes is in the database.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class Uses:
    """Locks by id that several may share, or one has alone."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._shared: dict[str, int] = {}
        self._alone: set[str] = set()

    @contextlib.contextmanager
    def shared(self, name: str) -> Iterator[None]:
        """Have ``name`` stay as it is; waits for who has it alone."""
        with self._changed:
            self._changed.wait_for(lambda: name not in self._alone)
            self._shared[name] = self._shared.get(name, 0) + 1
        try:
            yield
        finally:
            with self._changed:
                self._shared[name] -= 1
                if not self._shared[name]:
                    del self._shared[name]
                self._changed.notify_all()

    @contextlib.contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Have ``name`` alone, to change or delete it; waits for all others."""
        with self._changed:
            self._changed.wait_for(lambda: name not in self._alone and name not in self._shared)
            self._alone.add(name)
        try:
            yield
        finally:
            with self._changed:
                self._alone.discard(name)
                self._changed.notify_all()
