# SPDX-License-Identifier: Apache-2.0
"""Volumes stay in their availability zone."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite.scheduler.filters.availability_zone import AvailabilityZoneFilter
from tests.unit.scheduler.conftest import state_of


@pytest.mark.parametrize(
    ("properties", "sentence"),
    [
        ({"availability_zone": "a"}, None),
        ({"availability_zone": None}, None),
        ({}, None),
        ({"availability_zone": "b"}, "it is in availability zone a, the volume in b"),
        ({"request_spec": {"availability_zones": ["b", "a"]}}, None),
        # What the type allows goes before the volume's own zone.
        ({"request_spec": {"availability_zones": ["a"]}, "availability_zone": "b"}, None),
        (
            {"request_spec": {"availability_zones": ["b", "c"]}, "availability_zone": "a"},
            "it is in availability zone a, the volume may be in b, c",
        ),
        ({"request_spec": {"availability_zones": []}, "availability_zone": "a"}, None),
    ],
)
def test_zones(properties: dict[str, Any], sentence: str | None) -> None:
    assert AvailabilityZoneFilter().refusal(state_of(zone="a"), properties) == sentence


def test_a_backend_of_no_zone_is_in_another_one() -> None:
    state = state_of()
    state.service = {}
    assert AvailabilityZoneFilter().refusal(state, {"availability_zone": "a"}) is not None
    assert AvailabilityZoneFilter().refusal(state, {}) is None
