# SPDX-License-Identifier: Apache-2.0
"""Looking again and again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cinder_lite.shell import waiting
from cinder_lite.shell.errors import RequestRefused, ServiceUnreachable


class Clock:
    """Time that passes only in sleep."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        """The time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.sleeps.append(round(seconds, 6))
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that waiting sees, and its real pauses."""
    fake = Clock()
    monkeypatch.setattr(waiting, "time", fake)
    monkeypatch.setattr(waiting, "PAUSES", (0.1, 0.2))
    monkeypatch.setattr(waiting, "PAUSE", 1.0)
    return fake


def failing(clock: Clock, error: Exception, until: float) -> Callable[[], str]:
    """Something that fails until a time."""

    def fetch() -> str:
        if clock.now < until:
            raise error
        return "seen"

    return fetch


def test_looks_often_at_first(clock: Clock) -> None:
    looks = waiting.observe(lambda: clock.now, None)

    assert [round(next(looks), 6) for _ in range(5)] == [0.0, 0.1, 0.3, 1.3, 2.3]


def test_the_last_look_is_when_the_time_is_over(clock: Clock) -> None:
    assert list(waiting.observe(lambda: round(clock.now, 6), 0.5)) == [0.0, 0.1, 0.3, 0.5]


def test_no_time_at_all_is_one_look(clock: Clock) -> None:
    assert list(waiting.observe(lambda: "seen", 0)) == ["seen"]
    assert clock.sleeps == []


@pytest.mark.parametrize(
    "error", [ServiceUnreachable("a", "b", "c"), RequestRefused(503, "starting")]
)
def test_a_short_absence_is_waited_out(clock: Clock, error: Exception) -> None:
    assert next(waiting.observe(failing(clock, error, waiting.PATIENCE - 5), None)) == "seen"


def test_a_long_absence_is_a_failure(clock: Clock) -> None:
    error = ServiceUnreachable("a", "b", "c")
    with pytest.raises(ServiceUnreachable):
        next(waiting.observe(failing(clock, error, waiting.PATIENCE + 5), None))
    assert clock.now > waiting.PATIENCE


def test_absence_at_the_end_of_the_time_is_a_failure(clock: Clock) -> None:
    with pytest.raises(ServiceUnreachable):
        list(waiting.observe(failing(clock, ServiceUnreachable("a", "b", "c"), 99), 2))
    assert clock.now == 2


def test_a_refusal_is_not_waited_out(clock: Clock) -> None:
    with pytest.raises(RequestRefused):
        next(waiting.observe(failing(clock, RequestRefused(403, "no"), 99), None))
    assert clock.sleeps == []
