# SPDX-License-Identifier: Apache-2.0
"""Whose turn it is: so many moves of a backend at a time, the others in the order they came."""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable

from cinder_lite.volume.migration.records import Move


class Turns:
    """Counts the moves that run, and keeps those that wait. No thread waits.

    :param limit: returns how many may run at a time now, 0 for any number
    """

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._waiting: collections.deque[Move] = collections.deque()
        self._running = 0

    def take(self) -> bool:
        """Take a turn if one is free and nobody waits for it."""
        with self._lock:
            return not self._waiting and self._take()

    def take_or_wait(self, move: Move) -> bool:
        """Take a turn, or wait for one: then :meth:`give_back` will name the move."""
        with self._lock:
            if not self._waiting and self._take():
                return True
            self._waiting.append(move)
            return False

    def give_back(self) -> list[Move]:
        """End a turn; returns the moves whose turn has come."""
        with self._lock:
            self._running -= 1
            called = []
            while self._waiting and self._take():
                called.append(self._waiting.popleft())
            return called

    def withdraw(self, migration_id: str) -> Move | None:
        """Return a move that waits, which then waits no more; None where it does not wait."""
        with self._lock:
            found = next((move for move in self._waiting if move.id == migration_id), None)
            if found is not None:
                self._waiting.remove(found)
            return found

    def dismiss(self) -> list[Move]:
        """Return all who wait; they wait no more."""
        with self._lock:
            waiting = list(self._waiting)
            self._waiting.clear()
            return waiting

    def _take(self) -> bool:
        limit = self._limit()
        free = not limit or self._running < limit
        self._running += free
        return free
