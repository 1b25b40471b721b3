# SPDX-License-Identifier: Apache-2.0
"""A limit on the bytes per second of a backend's copies, shared among those that run."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple


class ThrottledCommand(NamedTuple):
    """What a copy is told by its throttle."""

    prefix: list[str]
    """Words to put before the copying command."""
    limit: Callable[[], int]
    """Bytes per second that this copy may use now, 0 for no limit; asked again and again."""


class Throttle:
    """The limit of one backend.

    The limit is divided evenly among the copies that run, and anew when one begins or ends. It
    is kept by our own copying process, which takes dd's place when there is a limit, and by the
    copier of file objects. ``limit`` may be changed at any time; it reaches every running copy but
    a dd that began without a limit.

    :param limit: bytes per second for all copies together (volume_copy_bps_limit), 0 for none
    """

    def __init__(self, limit: int = 0) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._running = 0

    @contextlib.contextmanager
    def subcommand(self, src: object, dest: object) -> Iterator[ThrottledCommand]:
        """Count a copy as running for the time of a ``with`` block.

        :param src: what is read; here for throttles that limit each device
        :param dest: what is written
        """
        with self._lock:
            self._running += 1
        try:
            yield ThrottledCommand([], self._share)
        finally:
            with self._lock:
                self._running -= 1

    def _share(self) -> int:
        if not self.limit:
            return 0
        with self._lock:
            return max(1, self.limit // max(1, self._running))
