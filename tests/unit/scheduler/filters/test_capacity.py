# SPDX-License-Identifier: Apache-2.0
"""No volume goes where there is no room; a table of what backends report."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite.scheduler.filters.capacity import CapacityFilter, requested_size
from tests.unit.scheduler.conftest import state_of

THICK_TYPE = {"extra_specs": {"provisioning:type": "thick"}}
THIN = {"thin_provisioning_support": True, "max_over_subscription_ratio": "2.0"}


def ask(report: dict[str, Any], size: float, **properties: Any) -> str | None:
    return CapacityFilter().refusal(state_of(**report), {"size": size, **properties})


@pytest.mark.parametrize(
    ("report", "size"),
    [
        # Thick.
        ({}, 100),
        ({"free_capacity_gb": 10}, 10),
        ({"free_capacity_gb": "10.5"}, 10),
        ({"reserved_percentage": 10}, 90),
        ({"free_capacity_gb": 60, "provisioned_capacity_gb": 40, "reserved_percentage": 50}, 10),
        # A ratio means nothing to a thick pool, not even a wrong one.
        ({"max_over_subscription_ratio": "0.5"}, 100),
        # Thin.
        (THIN, 200),
        ({**THIN, "provisioned_capacity_gb": 150}, 50),
        ({**THIN, "reserved_percentage": 10}, 180),
        ({**THIN, "free_capacity_gb": 1, "provisioned_capacity_gb": 190}, 10),
        ({**THIN, "max_over_subscription_ratio": "1.0"}, 100),
        # The backend can not or need not say.
        ({"free_capacity_gb": "infinite"}, 10**6),
        ({"free_capacity_gb": "unknown"}, 10**6),
        ({"free_capacity_gb": "unknown", "total_capacity_gb": "unknown"}, 10**6),
        ({"free_capacity_gb": "infinite", "reserved_percentage": 10}, 10**6),
        ({"total_capacity_gb": "infinite"}, 10**6),
        ({"total_capacity_gb": "unknown"}, 10**6),
        # Nothing new is needed.
        ({"free_capacity_gb": 0}, 0),
    ],
)
def test_there_is_room(report: dict[str, Any], size: float) -> None:
    assert ask(report, size) is None


@pytest.mark.parametrize(
    ("report", "size", "sentence"),
    [
        (
            {"free_capacity_gb": 10},
            11,
            "11 GiB are asked for, but 10.00 GiB are left: 0.00 GiB are provisioned and 10.00 GiB "
            "are free of 100.00 GiB",
        ),
        (
            {"free_capacity_gb": 10, "reserved_percentage": 20},
            1,
            "1 GiB are asked for, but 0.00 GiB are left: 0.00 GiB are provisioned and 10.00 GiB "
            "are free of 100.00 GiB, 20 GiB of them reserved",
        ),
        (
            {"provisioned_capacity_gb": 95},
            6,
            "6 GiB are asked for, but 5.00 GiB are left: 95.00 GiB are provisioned and 100.00 GiB "
            "are free of 100.00 GiB",
        ),
        (
            {**THIN, "provisioned_capacity_gb": 150},
            51,
            "51 GiB are asked for, but 50.00 GiB are left: 150.00 GiB are provisioned of 100.00 "
            "GiB, which may be given out 2 times",
        ),
        (
            {**THIN, "reserved_percentage": 10, "provisioned_capacity_gb": 300},
            1,
            "1 GiB are asked for, but 0.00 GiB are left: 300.00 GiB are provisioned of 100.00 "
            "GiB, 10 GiB of them reserved, which may be given out 2 times",
        ),
        (
            {**THIN, "free_capacity_gb": 0},
            1,
            "its storage is full: 0.00 of 100.00 GiB are free",
        ),
        (
            {**THIN, "free_capacity_gb": 5, "reserved_percentage": 10},
            1,
            "its storage is full: 5.00 of 100.00 GiB are free, 10 GiB of them reserved",
        ),
        (
            {**THIN, "max_over_subscription_ratio": "0.5"},
            1,
            "its max_over_subscription_ratio is 0.5; it must be at least 1",
        ),
        ({"free_capacity_gb": None}, 1, "it has not reported its free capacity"),
        ({"total_capacity_gb": 0}, 1, "its total capacity is 0 GiB"),
        ({"total_capacity_gb": -1}, 1, "its total capacity is -1 GiB"),
        (
            {"total_capacity_gb": "infinite", "reserved_percentage": 10},
            1,
            "it reports its total capacity as infinite, so the reserved 10 % can not be kept free",
        ),
    ],
)
def test_there_is_no_room(report: dict[str, Any], size: float, sentence: str) -> None:
    assert ask(report, size) == sentence


def test_a_thick_volume_gets_no_over_subscription() -> None:
    assert ask(THIN, 150) is None
    assert ask(THIN, 150, volume_type=THICK_TYPE) is not None
    assert ask(THIN, 100, volume_type=THICK_TYPE) is None


def test_a_volume_that_is_there_already_needs_no_room() -> None:
    full = {"free_capacity_gb": 0}
    assert ask(full, 10, vol_exists_on="h1@b#pool") is None
    assert ask(full, 10, vol_exists_on="h2@b#pool") is not None


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"size": 5}, 5),
        ({"size": "5"}, 5),
        ({"size": None}, 0),
        ({}, 0),
        ({"size": 5, "new_size": 12}, 7),
    ],
)
def test_requested_size(properties: dict[str, Any], expected: float) -> None:
    assert requested_size(properties) == expected


def test_extending_needs_the_difference() -> None:
    assert ask({"free_capacity_gb": 5}, 95, new_size=100) is None
    assert ask({"free_capacity_gb": 5}, 95, new_size=101) is not None
