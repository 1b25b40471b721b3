# SPDX-License-Identifier: Apache-2.0
"""Tests of the limit itself: bytes are counted against a clock that only waiting moves."""

from __future__ import annotations

import threading

import pytest

from cinder_lite.volume.copy.child.bucket import BURST_SECONDS, TokenBucket

BLOCK = 100


class FakeTime:
    """A clock, and a condition whose ``wait`` moves it."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def __enter__(self) -> FakeTime:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def notify_all(self) -> None:
        pass


def bucket_of(rate: int) -> tuple[TokenBucket, FakeTime]:
    time = FakeTime()
    return TokenBucket(rate, time.clock, time), time


@pytest.mark.parametrize("rate", [50, 1000, 12_345])
def test_the_limit_holds_and_is_used(rate: int) -> None:
    bucket, time = bucket_of(rate)
    passed = 0
    while time.now < 60:
        bucket.acquire(BLOCK)
        passed += BLOCK
        assert passed <= rate * time.now + BLOCK + 1
    assert passed >= rate * 60 - BLOCK


def test_idle_time_is_made_up_for_by_no_more_than_the_burst() -> None:
    bucket, time = bucket_of(1000)
    bucket.acquire(BLOCK)
    time.now += 3600
    before, passed = time.now, 0
    while time.now < before + 10:
        bucket.acquire(BLOCK)
        passed += BLOCK
    assert passed <= 1000 * (10 + BURST_SECONDS) + 2 * BLOCK


def test_a_lower_limit_holds_from_the_moment_it_is_set() -> None:
    bucket, time = bucket_of(10_000)
    while time.now < 1:
        bucket.acquire(BLOCK)
    bucket.set_rate(100)
    began, passed = time.now, 0
    while time.now < began + 100:
        bucket.acquire(BLOCK)
        passed += BLOCK
    assert passed <= 100 * 100 + 2 * BLOCK


def test_no_limit_never_waits() -> None:
    bucket, time = bucket_of(0)
    for _ in range(1000):
        bucket.acquire(BLOCK)
    assert time.now == 0


def test_a_limit_set_after_free_running_begins_without_debt() -> None:
    bucket, time = bucket_of(0)
    bucket.acquire(10**9)
    bucket.set_rate(100)
    bucket.acquire(BLOCK)
    bucket.acquire(BLOCK)
    assert time.now <= 1.0


def test_lifting_the_limit_wakes_who_waits() -> None:
    bucket = TokenBucket(1)
    bucket.acquire(10**6)
    waiter = threading.Thread(target=bucket.acquire, args=(1,), daemon=True)
    waiter.start()
    waiter.join(0.05)
    assert waiter.is_alive()
    bucket.set_rate(0)
    waiter.join(10)
    assert not waiter.is_alive()


def test_two_copies_with_half_each_keep_the_limit_together() -> None:
    time = FakeTime()
    halves = [TokenBucket(500, time.clock, time) for _ in range(2)]
    passed = [0, 0]
    while time.now < 60:
        for turn, bucket in enumerate(halves):
            bucket.acquire(BLOCK)
            passed[turn] += BLOCK
    assert sum(passed) <= 1000 * time.now + 2 * BLOCK
    assert passed[0] == passed[1]
