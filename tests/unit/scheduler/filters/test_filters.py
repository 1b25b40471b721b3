# SPDX-License-Identifier: Apache-2.0
"""Asking several filters: order, reasons, and filters of other packages."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite.scheduler.filters import BaseHostFilter, Refusal, filter_hosts
from cinder_lite.scheduler.host_state import HostState
from tests.unit.scheduler.conftest import state_of


class Explains(BaseHostFilter):
    """Ours: a sentence or nothing."""

    def refusal(self, host_state: HostState, filter_properties: dict[str, Any]) -> str | None:
        return None if host_state.pool_name == "good" else f"{host_state.pool_name} is bad"


class Bool:
    """Of another package, without our base class, written for Cinder of long ago."""

    def host_passes(self, host_state: HostState, filter_properties: dict[str, Any]) -> Any:
        return host_state.total_capacity_gb == 100


class NewBool:
    """The same, written for Cinder of today."""

    def backend_passes(self, host_state: HostState, filter_properties: dict[str, Any]) -> bool:
        return host_state.backend_id.endswith("#good")


class DerivedBool(BaseHostFilter):
    """Of another package, with our base class but no reason."""

    def host_passes(self, host_state: HostState, filter_properties: dict[str, Any]) -> bool:
        return False


class DerivedBoth(DerivedBool):
    """The same with a reason."""

    def refusal(self, host_state: HostState, filter_properties: dict[str, Any]) -> str | None:
        return "never on a Friday"


class Broken:
    """Fails."""

    def host_passes(self, host_state: HostState, filter_properties: dict[str, Any]) -> bool:
        raise KeyError("oops")


GOOD, BAD = "h@b#good", "h@b#bad"


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (Explains(), "Explains: bad is bad"),
        (NewBool(), "NewBool: it refused, and gives no reason"),
    ],
)
def test_a_refusal_names_filter_and_reason(one: Any, reason: str) -> None:
    passed, refused = filter_hosts([one], [state_of(GOOD), state_of(BAD)], {})
    assert [host.host for host in passed] == [GOOD]
    assert [refusal.reason for refusal in refused] == [reason]
    assert str(refused[0]) == f"{BAD}: {reason}"


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (DerivedBool(), "it refused, and gives no reason"),
        (DerivedBoth(), "never on a Friday"),
        (Broken(), "the filter failed (KeyError: 'oops')"),
    ],
)
def test_filters_that_refuse_everything(one: Any, sentence: str) -> None:
    passed, refused = filter_hosts([one], [state_of(GOOD)], {})
    assert passed == []
    assert refused == [Refusal(GOOD, type(one).__name__, sentence)]


def test_a_plain_truth_value_passes() -> None:
    passed, refused = filter_hosts([Bool()], [state_of(GOOD), state_of(BAD)], {})
    assert len(passed) == 2
    assert refused == []


def test_the_first_filter_that_refuses_gives_the_reason() -> None:
    _, refused = filter_hosts([Explains(), DerivedBoth()], [state_of(BAD), state_of(GOOD)], {})
    assert [(one.host, one.filter_name) for one in refused] == [
        (BAD, "Explains"),
        (GOOD, "DerivedBoth"),
    ]


def test_without_filters_everything_passes() -> None:
    passed, refused = filter_hosts([], [state_of(GOOD)], {})
    assert (len(passed), refused) == (1, [])


def test_the_base_class_answers_both_ways() -> None:
    assert Explains().host_passes(state_of(GOOD), {}) is True
    assert Explains().host_passes(state_of(BAD), {}) is False
    assert BaseHostFilter().host_passes(state_of(BAD), {}) is True


def test_a_refusal_without_a_filter() -> None:
    assert Refusal("h@b", "", "it is down").reason == "it is down"
