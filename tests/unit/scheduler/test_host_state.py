# SPDX-License-Identifier: Apache-2.0
"""Reports become pools, and pools lose what is taken from them."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from cinder_lite.scheduler import host_state
from tests.unit.scheduler.conftest import flat, thin

TAKEN = datetime.datetime(2026, 1, 2, 3, 4, 5)


def pools(report: dict[str, Any], host: str = "h@b") -> dict[str, host_state.HostState]:
    return host_state.from_report(host, report, TAKEN)


def test_a_flat_report_is_one_pool_named_as_the_backend() -> None:
    found = pools(flat(volume_backend_name="fast", filter_function="volume.size < 5"))
    assert list(found) == ["fast"]
    pool = found["fast"]
    assert pool.host == pool.backend_id == "h@b#fast"
    assert (pool.pool_name, pool.service_host, pool.cluster_name) == ("fast", "h@b", None)
    assert pool.filter_function == "volume.size < 5"
    assert pool.capabilities["timestamp"] == "2026-01-02T03:04:05"
    assert "pool_name" not in pool.capabilities


def test_a_report_without_a_name_takes_the_backends() -> None:
    assert list(pools({"total_capacity_gb": 1})) == ["b"]
    assert list(pools({"total_capacity_gb": 1}, host="h")) == ["h"]


@pytest.mark.parametrize("report", [{}, {"volume_backend_name": "x", "pools": []}])
def test_a_report_without_storage_has_no_pools(report: dict[str, Any]) -> None:
    assert pools(report) == {}


def test_pools_inherit_what_they_do_not_say() -> None:
    found = pools(
        {
            "volume_backend_name": "array",
            "vendor_name": "V",
            "driver_version": "2",
            "storage_protocol": "FC",
            "filter_function": "1 == 1",
            "multiattach": True,
            "pools": [
                {"pool_name": "p1", "total_capacity_gb": 10, "free_capacity_gb": 5},
                {"pool_name": "p2", "storage_protocol": "iSCSI", "filter_function": None},
                {"total_capacity_gb": 3},
            ],
        }
    )
    assert sorted(found) == ["p1", "p2"]
    first, second = found["p1"], found["p2"]
    assert (first.volume_backend_name, first.vendor_name, first.driver_version) == (
        "array",
        "V",
        "2",
    )
    assert first.storage_protocol == "FC"
    assert first.filter_function == "1 == 1"
    # Other capabilities belong to the pools, as in Cinder.
    assert first.multiattach is False
    assert second.storage_protocol == "iSCSI"
    assert second.filter_function is None
    assert (first.total_capacity_gb, first.free_capacity_gb) == (10.0, 5.0)
    assert second.free_capacity_gb is None


@pytest.mark.parametrize(
    ("value", "expected"), [(True, True), ("True", True), ("<is> x", False), (None, False)]
)
def test_truth_values_may_be_text(value: Any, expected: bool) -> None:
    pool = pools(flat(thin_provisioning_support=value))["pool"]
    assert pool.thin_provisioning_support is expected


def test_provisioned_is_what_was_allocated_where_nothing_better_is_known() -> None:
    report = flat(allocated_capacity_gb=14)
    del report["provisioned_capacity_gb"]
    assert pools(report)["pool"].provisioned_capacity_gb == 14.0
    assert pools(flat(allocated_capacity_gb=14))["pool"].provisioned_capacity_gb == 0.0


@pytest.mark.parametrize(
    ("report", "thin_volume", "free"),
    [
        (flat(), True, 90.0),  # A thick pool has thick volumes.
        (thin(), True, 100.0),
        (thin(), False, 90.0),
        (flat(free_capacity_gb="infinite"), True, "infinite"),
        (flat(free_capacity_gb="unknown"), False, "unknown"),
    ],
)
def test_consume(report: dict[str, Any], thin_volume: bool, free: Any) -> None:
    pool = pools(report)["pool"]
    pool.consume(10, thin=thin_volume)
    assert (pool.allocated_capacity_gb, pool.provisioned_capacity_gb) == (10.0, 10.0)
    assert pool.free_capacity_gb == free
    pool.consume(-10, thin=thin_volume)
    assert (pool.allocated_capacity_gb, pool.provisioned_capacity_gb) == (0.0, 0.0)


def test_consume_what_is_allocated_already() -> None:
    pool = pools(flat())["pool"]
    pool.consume(10, allocated=False)
    assert (pool.allocated_capacity_gb, pool.provisioned_capacity_gb) == (0.0, 10.0)
    report = flat(allocated_capacity_gb=10)
    del report["provisioned_capacity_gb"]
    pool = pools(report)["pool"]
    pool.consume(10, allocated=False)
    assert (pool.allocated_capacity_gb, pool.provisioned_capacity_gb) == (10.0, 10.0)


def test_consume_from_volume_has_cinders_signature() -> None:
    pool = pools(flat())["pool"]
    pool.consume_from_volume({"size": 7, "id": "x"})
    assert pool.free_capacity_gb == 93.0


def test_room_is_none_where_the_capacity_is_no_number() -> None:
    assert pools(flat(free_capacity_gb="unknown"))["pool"].room(thin=True) is None
    assert pools(flat(total_capacity_gb="infinite"))["pool"].room(thin=True) is None
    room = pools(thin())["pool"].room(thin=True)
    assert room is not None
    assert room.virtual == 200.0
    room = pools(thin())["pool"].room(thin=False)
    assert room is not None
    assert room.virtual == 100.0


@pytest.mark.parametrize(
    ("protocol", "names"),
    [
        ("iSCSI", {"iSCSI", "iscsi"}),
        ("fibre_channel", {"FC", "fc", "fibre_channel"}),
        ("file", {"file"}),
        (None, {None}),
    ],
)
def test_protocol_variants(protocol: Any, names: set[Any]) -> None:
    assert set(host_state.protocol_variants(protocol)) == names


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-01-02T03:04:05", TAKEN),
        ("2026-01-02T03:04:05Z", TAKEN),
        ("2026-01-02T05:04:05+02:00", TAKEN),
        (TAKEN, TAKEN),
    ],
)
def test_moment(value: Any, expected: datetime.datetime) -> None:
    assert host_state.moment(value) == expected


@pytest.mark.parametrize("value", [None, "", "yesterday"])
def test_moment_without_a_time_is_now(value: Any) -> None:
    age = datetime.datetime.now(datetime.UTC).replace(tzinfo=None) - host_state.moment(value)
    assert abs(age.total_seconds()) < 60
