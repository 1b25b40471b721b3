# SPDX-License-Identifier: Apache-2.0
"""Tests of the limit that a backend's copies share."""

from __future__ import annotations

import pytest

from cinder_lite.volume.copy.throttling import Throttle


def test_no_limit_is_no_limit_for_anyone() -> None:
    throttle = Throttle()
    with throttle.subcommand("a", "b") as one, throttle.subcommand("c", "d") as two:
        assert (one.limit(), two.limit()) == (0, 0)
        assert one.group == "cinder-volume-copy"


def test_running_copies_share_the_limit_and_get_it_back() -> None:
    throttle = Throttle(900)
    with throttle.subcommand("a", "b") as one:
        assert one.limit() == 900
        with throttle.subcommand("c", "d") as two, throttle.subcommand("e", "f") as three:
            assert one.limit() == two.limit() == three.limit() == 300
        assert one.limit() == 900


def test_a_copy_that_fails_gives_its_share_back() -> None:
    throttle = Throttle(900)
    with throttle.subcommand("a", "b") as one:
        with pytest.raises(RuntimeError), throttle.subcommand("c", "d"):
            raise RuntimeError
        assert one.limit() == 900


def test_a_changed_limit_reaches_running_copies() -> None:
    throttle = Throttle(900)
    with throttle.subcommand("a", "b") as one:
        throttle.limit = 100
        assert one.limit() == 100
        throttle.limit = 0
        assert one.limit() == 0


def test_a_share_is_never_taken_for_no_limit() -> None:
    throttle = Throttle(1)
    with throttle.subcommand("a", "b") as one, throttle.subcommand("c", "d"):
        assert one.limit() == 1
