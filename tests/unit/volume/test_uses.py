# SPDX-License-Identifier: Apache-2.0
"""Who reads keeps away who deletes, and the other way round."""

from __future__ import annotations

import threading

from cinder_lite.volume.uses import Uses


def in_thread(uses: Uses, kind: str, name: str) -> tuple[threading.Thread, threading.Event]:
    entered = threading.Event()

    def run() -> None:
        with getattr(uses, kind)(name):
            entered.set()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, entered


def test_several_share() -> None:
    uses = Uses()
    with uses.shared("a"), uses.shared("a"):
        thread, entered = in_thread(uses, "shared", "a")
        thread.join(5)
        assert entered.is_set()


def test_who_wants_it_alone_waits_for_all_that_share() -> None:
    uses = Uses()
    with uses.shared("a"):
        with uses.shared("a"):
            thread, entered = in_thread(uses, "alone", "a")
            assert not entered.wait(0.05)
        assert not entered.wait(0.05)
    thread.join(5)
    assert entered.is_set()


def test_nobody_shares_what_one_has_alone() -> None:
    uses = Uses()
    with uses.alone("a"):
        thread, entered = in_thread(uses, "shared", "a")
        other, other_entered = in_thread(uses, "alone", "b")
        other.join(5)
        assert other_entered.is_set()
        assert not entered.is_set()
    thread.join(5)
    assert entered.is_set()


def test_it_is_given_up_after_an_error_too() -> None:
    uses = Uses()
    for kind in (uses.alone, uses.shared):
        try:
            with kind("a"):
                raise ValueError
        except ValueError:
            pass
    with uses.alone("a"):
        assert True
