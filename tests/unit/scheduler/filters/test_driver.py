# SPDX-License-Identifier: Apache-2.0
"""A backend's own function decides."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite.scheduler.filters.driver import DriverFilter, variables
from tests.unit.scheduler.conftest import state_of


def ask(function: Any, size: int = 5, **properties: Any) -> str | None:
    given = {"request_spec": {"volume_properties": {"size": size}}, **properties}
    return DriverFilter().refusal(state_of(filter_function=function), given)


def test_without_a_function_everything_passes() -> None:
    assert ask(None) is None
    state = state_of()
    assert "filter_function" not in state.capabilities
    assert DriverFilter().refusal(state, {}) is None


@pytest.mark.parametrize(
    "function",
    [
        "volume.size < 10",
        "stats.free_capacity_gb >= 100 and capabilities.driver_version == '1.0'",
        "stats.host == 'h1@b#pool'",
        "extra.tier == 'gold' and qos.maxIOPS > 100",
        "stats.storage_protocol == 'iscsi'",
        "capabilities.storage_protocol == 'iSCSI'",
        "1",
    ],
)
def test_true(function: str) -> None:
    volume_type = {"extra_specs": {"tier": "gold"}}
    assert ask(function, volume_type=volume_type, qos_specs={"maxIOPS": "200"}) is None


def test_false() -> None:
    assert (
        ask("volume.size < 5") == "its filter_function 'volume.size < 5' is false for this volume"
    )
    assert ask("stats.storage_protocol == 'FC'") is not None


@pytest.mark.parametrize("function", ["volume.nothing > 1", "1 +", "stats.cluster_name == 'c'"])
def test_a_function_that_can_not_be_worked_out_refuses(function: str) -> None:
    sentence = ask(function)
    assert sentence is not None
    assert sentence.startswith(f"its filter_function '{function}' can not be worked out: ")


def test_variables_leave_the_state_alone() -> None:
    state = state_of()
    given = variables(state, {"volume_type": None, "qos_specs": None}, "iscsi")
    assert given["stats"]["storage_protocol"] == "iscsi"
    assert given["capabilities"]["storage_protocol"] == "iscsi"
    assert state.storage_protocol == state.capabilities["storage_protocol"] == "iSCSI"
    assert given["extra"] == given["qos"] == given["volume"] == {}
