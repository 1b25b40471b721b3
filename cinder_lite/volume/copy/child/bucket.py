# SPDX-License-Identifier: Apache-2.0
"""A limit on bytes per second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

BURST_SECONDS = 0.05
"""How much of an unused limit may be made up for; it absorbs late wake-ups."""


class TokenBucket:
    """A limit on bytes per second, shared by the threads that :meth:`acquire` from it.

    A caller waits until the bucket is not in debt and then takes all it asks for, so over any
    stretch of time at most ``rate`` bytes per second pass, plus one block and the burst.

    :param rate: bytes per second, 0 for no limit
    :param clock: seconds, never going back
    :param condition: a ``threading.Condition``; whoever mixes green and native threads gives a
        native one
    """

    def __init__(
        self,
        rate: int,
        clock: Callable[[], float] = time.monotonic,
        condition: Any | None = None,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._condition = condition if condition is not None else threading.Condition()
        self._tokens = 0.0
        self._filled_at = clock()

    def acquire(self, amount: int) -> None:
        """Wait until ``amount`` bytes may pass."""
        with self._condition:
            while self._rate > 0:
                self._fill()
                if self._tokens > -1:  # less than a byte of debt is a rounding error
                    self._tokens -= amount
                    return
                self._condition.wait(-self._tokens / self._rate)

    def set_rate(self, rate: int) -> None:
        """Set a new limit in bytes per second, 0 for none; it holds at once."""
        with self._condition:
            self._fill()
            if self._rate == 0:
                self._tokens = 0.0
            self._rate = rate
            self._condition.notify_all()

    def _fill(self) -> None:
        now = self._clock()
        earned = (now - self._filled_at) * self._rate
        self._tokens = min(self._tokens + earned, self._rate * BURST_SECONDS)
        self._filled_at = now
