# SPDX-License-Identifier: Apache-2.0
"""Tests of how a copy's progress is counted and reported."""

from __future__ import annotations

from cinder_lite.volume.copy.progress import CopyProgress, CopyResult, Meter


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_reports_at_least_once_a_second_when_looked_at_five_times_a_second() -> None:
    clock, reports = Clock(), list[CopyProgress]()
    meter = Meter(1000, reports.append, clock)
    for _ in range(50):
        clock.now += 0.2
        meter.tick()
    seconds = [0.0, *(report.seconds for report in reports)]
    assert max(later - earlier for earlier, later in zip(seconds, seconds[1:], strict=False)) <= 1.0
    assert len(reports) <= 14


def test_reports_when_nothing_has_moved() -> None:
    clock, reports = Clock(), list[CopyProgress]()
    meter = Meter(1000, reports.append, clock)
    clock.now += 1
    meter.tick()
    assert reports == [CopyProgress(1000, 0, 0, 0, 1.0)]


def test_rate_is_that_of_the_last_seconds_and_of_copied_bytes() -> None:
    clock, reports = Clock(), list[CopyProgress]()
    meter = Meter(10_000, reports.append, clock)
    copied = 0
    for second in range(20):
        copied += 100 if second < 10 else 500
        clock.now += 1
        meter.update(copied, skipped=1000)
        meter.tick()
    assert reports[8].bytes_per_second == 100
    assert reports[-1].bytes_per_second == 500


def test_finish_reports_the_whole() -> None:
    clock, reports = Clock(), list[CopyProgress]()
    meter = Meter(1000, reports.append, clock)
    clock.now += 2
    meter.update(600, 400)
    result = meter.finish("dd")
    assert result == CopyResult("dd", 1000, 600, 400, 300, 2.0)
    assert reports == [CopyProgress(1000, 600, 400, 300, 2.0)]
    assert "600 bytes copied and 400 skipped in 2.00 s by dd" in str(result)


def test_finish_in_no_time_has_no_rate() -> None:
    assert Meter(10, None, Clock()).finish("dd").bytes_per_second == 0


def test_percent_is_rounded_down_so_that_only_the_end_is_100() -> None:
    assert CopyProgress(1000, 998, 1, 0, 0.0).percent == 99
    assert CopyProgress(1000, 600, 400, 0, 0.0).percent == 100
    assert CopyProgress(0, 0, 0, 0, 0.0).percent == 100
