# SPDX-License-Identifier: Apache-2.0
"""A limit on the bytes per second of a backend's copies, shared among those that run."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple

GROUP = "cinder-volume-copy"
"""Name of the control group, as Cinder's."""


class ThrottledCommand(NamedTuple):
    """What a copy is told by its throttle."""

    limit: Callable[[], int]
    """Bytes per second that this copy may use now, 0 for no limit; asked again and again."""
    group: str
    """Name of the control group for what can not limit itself."""


class Teller:
    """Tells a copying process of its limit whenever that changes.

    :param limit: bytes per second now
    """

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        self.told = limit()

    def __call__(self) -> str | None:
        """Return a line for the process's standard input; None if nothing has changed."""
        wanted = self._limit()
        if wanted == self.told:
            return None
        self.told = wanted
        return f"limit {wanted}"


class Throttle:
    """The limit of one backend.

    The limit is divided evenly among the copies that run, and anew when one begins or ends. It
    is kept by our own copying process, by the copier of file objects, and for a dd that runs as
    root by a control group of the kernel. Where there is none, our own process takes dd's place.
    ``limit`` may be changed at any time; it reaches every running copy but a dd that began without
    a limit and outside of a control group.

    :param limit: bytes per second for all copies together (volume_copy_bps_limit), 0 for none
    :param group: name of the control group (volume_copy_blkio_cgroup_name)
    """

    def __init__(self, limit: int = 0, group: str = GROUP) -> None:
        self.limit = limit
        self._group = group
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
            yield ThrottledCommand(self._share, self._group)
        finally:
            with self._lock:
                self._running -= 1

    def _share(self) -> int:
        if not self.limit:
            return 0
        with self._lock:
            return max(1, self.limit // max(1, self._running))
