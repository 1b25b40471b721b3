# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of room: tables of figures as backends report them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinder_lite.scheduler import capacity


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        (5, 5.0),
        ("7.5", 7.5),
        ("infinite", "infinite"),
        ("unknown", "unknown"),
        (None, None),
        ("much", "unknown"),
        ([], "unknown"),
        (float("inf"), "infinite"),
        (float("nan"), "unknown"),
    ],
)
def test_figure(reported: object, expected: object) -> None:
    assert capacity.figure(reported) == expected


@pytest.mark.parametrize(
    ("reported", "default", "expected"),
    [(None, 3.0, 3.0), ("unknown", 1.0, 1.0), ("4", 0.0, 4.0), (0, 9.0, 0.0)],
)
def test_number(reported: object, default: float, expected: float) -> None:
    assert capacity.number(reported, default) == expected


@pytest.mark.parametrize(
    ("reported", "thin_support", "total", "free", "provisioned", "expected"),
    [
        ("10", True, 100.0, 50.0, 0.0, 10.0),
        (1.5, True, 100.0, 50.0, 0.0, 1.5),
        (None, True, 100.0, 50.0, 0.0, 20.0),
        ("nonsense", True, 100.0, 50.0, 0.0, 20.0),
        ("10", False, 100.0, 50.0, 0.0, 1.0),
        ("auto", True, 100.0, 51.0, 0.0, 20.0),
        ("auto", True, 100.0, 51.0, 100.0, 3.0),
        ("auto", True, "infinite", 51.0, 100.0, 20.0),
        ("auto", True, 100.0, "unknown", 100.0, 20.0),
    ],
)
def test_over_subscription_ratio(
    reported: object,
    thin_support: bool,
    total: capacity.Figure,
    free: capacity.Figure,
    provisioned: float,
    expected: float,
) -> None:
    ratio = capacity.over_subscription_ratio(
        reported, thin_support=thin_support, total=total, free=free, provisioned=provisioned
    )
    assert ratio == pytest.approx(expected)


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, True),
        ({"volume_type": None}, True),
        ({"volume_type": {"extra_specs": None}}, True),
        ({"volume_type": {"extra_specs": {"provisioning:type": "thin"}}}, True),
        ({"volume_type": {"extra_specs": {"provisioning:type": "thick"}}}, False),
    ],
)
def test_wants_thin(properties: dict[str, object], expected: bool) -> None:
    assert capacity.wants_thin(properties) is expected


@pytest.mark.parametrize(
    ("total", "free", "provisioned", "reserved", "ratio", "thin", "physical", "virtual"),
    [
        # Thick: the smaller of what is free and what is not provisioned, less the reserve.
        (100, 100, 0, 0, 1.0, False, 100, 100),
        (100, 100, 0, 10, 1.0, False, 90, 90),
        (100, 30, 20, 0, 1.0, False, 30, 30),
        (100, 30, 20, 10, 1.0, False, 20, 20),
        (100, 90, 80, 10, 1.0, False, 80, 10),
        (100, 5, 95, 10, 1.0, False, -5, -5),
        # Thin: the size less the reserve, times the ratio, less what is provisioned.
        (100, 100, 0, 0, 2.0, True, 100, 200),
        (100, 100, 50, 10, 2.0, True, 90, 130),
        (100, 1, 199, 0, 2.0, True, 1, 1),
        (100, 50, 250, 0, 2.0, True, 50, -50),
        # The reserve is whole GiB.
        (99.9, 99.9, 0, 10, 1.0, False, 90.9, 90.9),
        (251.97, 78.29, 10, 0, 20.0, True, 78.29, 5029.4),
    ],
)
def test_room(
    total: float,
    free: float,
    provisioned: float,
    reserved: float,
    ratio: float,
    thin: bool,
    physical: float,
    virtual: float,
) -> None:
    room = capacity.room(
        total=total,
        free=free,
        provisioned=provisioned,
        reserved_percentage=reserved,
        ratio=ratio,
        thin=thin,
    )
    assert room.physical == pytest.approx(physical)
    assert room.virtual == pytest.approx(virtual)
    assert room.thin is thin


@given(
    total=st.floats(1, 1e6),
    used=st.floats(0, 1),
    reserved=st.integers(0, 100),
    provisioned=st.floats(0, 1e6),
)
def test_thick_room_never_touches_the_reserve(
    total: float, used: float, reserved: int, provisioned: float
) -> None:
    free = total * (1 - used)
    room = capacity.room(
        total=total,
        free=free,
        provisioned=provisioned,
        reserved_percentage=reserved,
        ratio=1.0,
        thin=False,
    )
    if room.virtual > 0:
        assert free - room.virtual >= room.reserved - 0.01
        assert provisioned + room.virtual <= total - room.reserved + 0.01
