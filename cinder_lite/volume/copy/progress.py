# SPDX-License-Identifier: Apache-2.0
"""How far a copy is, and how it ended."""

from __future__ import annotations

import collections
import dataclasses
import time
from collections.abc import Callable

REPORT_INTERVAL = 0.75
"""Seconds between two reports, so that with the copiers' own pace one falls into every second."""
_RATE_WINDOW = 5.0


@dataclasses.dataclass(frozen=True, slots=True)
class CopyProgress:
    """How far a copy is.

    ``bytes_copied`` were read and written; ``bytes_skipped`` needed no copying, because they are
    holes or zeros and the target reads as zero. dd does not tell which zeros it has not written:
    it counts them as copied.
    """

    bytes_total: int
    bytes_copied: int
    bytes_skipped: int
    bytes_per_second: int
    """Rate of the copied bytes over the last seconds; at the end, over the whole copy."""
    seconds: float
    """Time since the copy began."""

    @property
    def percent(self) -> int:
        """0 to 100; 100 only when every byte is dealt with."""
        if not self.bytes_total:
            return 100
        return (self.bytes_copied + self.bytes_skipped) * 100 // self.bytes_total


@dataclasses.dataclass(frozen=True, slots=True)
class CopyResult:
    """A copy that succeeded: all of the data is on the target's stable storage."""

    engine: str
    """What moved the bytes: ``dd``, ``native`` or ``file``."""
    bytes_total: int
    bytes_copied: int
    bytes_skipped: int
    bytes_per_second: int
    """Rate of the copied bytes over the whole copy."""
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.bytes_copied} bytes copied and {self.bytes_skipped} skipped in "
            f"{self.seconds:.2f} s by {self.engine}, {self.bytes_per_second / 1e6:.1f} MB/s"
        )


Report = Callable[[CopyProgress], None]
"""Receives the progress of a copy."""


class Meter:
    """Counts the bytes of one copy, and reports them.

    It is used by one thread, the one that asked for the copy, so the report may do what that
    thread may do. An exception that the report raises ends the copy.

    :param total: bytes to copy
    :param report: called at least once a second by :meth:`tick` and once by :meth:`finish`
    :param clock: seconds, never going back
    """

    def __init__(
        self,
        total: int,
        report: Report | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total = total
        self.copied = 0
        self.skipped = 0
        self._report = report
        self._clock = clock
        self._started = self._reported = clock()
        self._samples = collections.deque([(self._started, 0)])

    def update(self, copied: int, skipped: int = 0) -> None:
        """Take note of the bytes copied and skipped since the beginning."""
        self.copied, self.skipped = copied, skipped

    def tick(self) -> None:
        """Report, if the last report is long enough ago; called several times a second."""
        now = self._clock()
        if now - self._reported >= REPORT_INTERVAL:
            self._send(now, self._recent_rate(now))

    def finish(self, engine: str) -> CopyResult:
        """Report for the last time and return the result of a copy that succeeded.

        :param engine: what moved the bytes
        """
        now = self._clock()
        seconds = now - self._started
        rate = round(self.copied / seconds) if seconds > 0 else 0
        self._send(now, rate)
        return CopyResult(engine, self.total, self.copied, self.skipped, rate, seconds)

    def _recent_rate(self, now: float) -> int:
        self._samples.append((now, self.copied))
        while len(self._samples) > 2 and now - self._samples[0][0] > _RATE_WINDOW:
            self._samples.popleft()
        then, copied = self._samples[0]
        return round((self.copied - copied) / (now - then)) if now > then else 0

    def _send(self, now: float, rate: int) -> None:
        self._reported = now
        if self._report is not None:
            seconds = now - self._started
            self._report(CopyProgress(self.total, self.copied, self.skipped, rate, seconds))
