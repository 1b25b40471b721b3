# SPDX-License-Identifier: Apache-2.0
"""Claims: two threads do not meet at one volume, and nobody's work is forgotten for that."""

from __future__ import annotations

import pytest

from cinder_lite.volume.backend import Claims


def test_only_one_has_a_volume() -> None:
    claims = Claims()
    with claims("a") as first, claims("a") as second, claims("b") as other:
        assert (first, second, other) == (True, False, True)
    with claims("a") as again:
        assert again


def test_work_is_done_at_once_where_nobody_has_the_volume() -> None:
    done: list[str] = []
    Claims().in_turn("a", lambda: done.append("work"))
    assert done == ["work"]


def test_work_is_left_to_who_has_the_volume() -> None:
    claims, done = Claims(), list[str]()
    with claims("a"):
        claims.in_turn("a", lambda: done.append("first"))
        claims.in_turn("a", lambda: done.append("second"))
        claims.in_turn("b", lambda: done.append("other"))
        assert done == ["other"]
    assert done == ["other", "first", "second"]
    with claims("a") as free:
        assert free


def test_work_that_is_left_while_left_work_is_done() -> None:
    claims, done = Claims(), list[str]()

    def first() -> None:
        claims.in_turn("a", lambda: done.append("second"))
        done.append("first")

    with claims("a"):
        claims.in_turn("a", first)
    assert done == ["first", "second"]


def test_a_failure_of_left_work_is_not_that_of_who_does_it() -> None:
    claims, done = Claims(), list[str]()

    def broken() -> None:
        raise ValueError("broken")

    with claims("a"):
        claims.in_turn("a", broken)
        claims.in_turn("a", lambda: done.append("next"))
    assert done == ["next"]
    with pytest.raises(ValueError, match="broken"):
        claims.in_turn("a", broken)
    with claims("a") as free:
        assert free
