# SPDX-License-Identifier: Apache-2.0
"""Weights: spread, multiplied, added up, and ordered."""

from __future__ import annotations

from typing import Any

import pytest
from oslo_config import cfg

from cinder_lite.db import volumes
from cinder_lite.scheduler.host_state import HostState
from cinder_lite.scheduler.weights import BaseHostWeigher, normalize, weigh
from cinder_lite.scheduler.weights.capacity import AllocatedCapacityWeigher, CapacityWeigher
from cinder_lite.scheduler.weights.volume_number import VolumeNumberWeigher
from tests.unit.scheduler.conftest import new_volume, state_of

CONF = cfg.CONF


def order(weighers: list[Any], hosts: list[HostState], **properties: Any) -> list[str]:
    return [one.obj.host[:2] for one in weigh(weighers, hosts, properties)]


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([], []),
        ([5], [0.0]),
        ([5, 5], [0.0, 0.0]),
        ([0, 5, 10], [0.0, 0.5, 1.0]),
        ([-4, -2], [0.0, 1.0]),
    ],
)
def test_normalize(weights: list[float], expected: list[float]) -> None:
    assert normalize(weights) == expected


def test_normalize_between_given_ends() -> None:
    assert normalize([5, 10], minval=0, maxval=20) == [0.25, 0.5]


class ByName(BaseHostWeigher):
    """h1 weighs 1, h2 weighs 2, and so on."""

    def _weigh_object(self, host_state: HostState, weight_properties: Any) -> float:
        return float(host_state.host[1])


class Twice(ByName):
    """The other way round, and counts twice."""

    def weight_multiplier(self) -> float:
        return -2.0


def test_weights_add_up() -> None:
    hosts = [state_of(f"h{n}@b#p") for n in (1, 2, 3)]
    weighed = weigh([ByName, Twice], hosts, {})
    assert [(one.obj.host[:2], one.weight) for one in weighed] == [
        ("h1", 0.0),
        ("h2", -0.5),
        ("h3", -1.0),
    ]
    assert weighed[1].to_dict() == {"weight": -0.5, "host": "h2@b#p"}


def test_equal_weights_keep_their_order() -> None:
    hosts = [state_of(f"h{n}@b#p") for n in (3, 1, 2)]
    assert order([CapacityWeigher], hosts) == ["h3", "h1", "h2"]
    assert weigh([], [], {}) == []


def test_a_single_pool_is_not_weighed() -> None:
    class Fails(BaseHostWeigher):
        pass

    assert [one.weight for one in weigh([Fails], [state_of()], {})] == [0.0]
    with pytest.raises(NotImplementedError):
        weigh([Fails], [state_of(), state_of()], {})


FREE = [("h1@b#p", 50), ("h2@b#p", 90), ("h3@b#p", 10)]


@pytest.mark.parametrize(
    ("multiplier", "expected"), [(1.0, ["h2", "h1", "h3"]), (-1.0, ["h3", "h1", "h2"])]
)
def test_capacity(multiplier: float, expected: list[str]) -> None:
    CONF.set_override("capacity_weight_multiplier", multiplier)
    hosts = [state_of(host, free_capacity_gb=free) for host, free in FREE]
    assert order([CapacityWeigher], hosts) == expected


@pytest.mark.parametrize("multiplier", [1.0, -1.0])
@pytest.mark.parametrize("unknown", ["infinite", "unknown"])
def test_a_pool_of_unknown_capacity_comes_last(multiplier: float, unknown: str) -> None:
    CONF.set_override("capacity_weight_multiplier", multiplier)
    hosts = [state_of("h0@b#p", free_capacity_gb=unknown)]
    hosts += [state_of(host, free_capacity_gb=free) for host, free in FREE]
    assert order([CapacityWeigher], hosts)[-1] == "h0"


def test_pools_of_unknown_capacity_only() -> None:
    CONF.set_override("capacity_weight_multiplier", -1.0)
    hosts = [state_of(f"h{n}@b#p", total_capacity_gb="unknown") for n in (1, 2)]
    assert order([CapacityWeigher], hosts) == ["h1", "h2"]


def test_capacity_counts_what_may_be_provisioned() -> None:
    over = {"thin_provisioning_support": True, "max_over_subscription_ratio": "3"}
    hosts = [
        state_of("h1@b#p", free_capacity_gb=90),
        state_of("h2@b#p", free_capacity_gb=50, **over),
    ]
    assert order([CapacityWeigher], hosts) == ["h2", "h1"]
    thick = {"extra_specs": {"provisioning:type": "thick"}}
    assert order([CapacityWeigher], hosts, volume_type=thick) == ["h1", "h2"]


@pytest.mark.parametrize(("multiplier", "expected"), [(-1.0, ["h2", "h1"]), (1.0, ["h1", "h2"])])
def test_allocated_capacity(multiplier: float, expected: list[str]) -> None:
    CONF.set_override("allocated_capacity_weight_multiplier", multiplier)
    hosts = [
        state_of("h1@b#p", allocated_capacity_gb=30),
        state_of("h2@b#p", allocated_capacity_gb=20),
    ]
    assert order([AllocatedCapacityWeigher], hosts) == expected


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("multiplier", "expected"), [(-1.0, ["h3", "h2", "h1"]), (1.0, ["h1", "h2", "h3"])]
)
def test_volume_number(
    multiplier: float, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    CONF.set_override("volume_number_multiplier", multiplier)
    for host in ("h1@b#p", "h1@b#p", "h2@b#p", "h3@b#other"):
        new_volume(host=host)
    asked: list[str] = []
    original = volumes.allocated_gb

    def allocated_gb(name: str) -> Any:
        asked.append(name)
        return original(name)

    monkeypatch.setattr(volumes, "allocated_gb", allocated_gb)
    hosts = [state_of(host) for host in ("h1@b#p", "h2@b#p", "h3@b#p")]
    assert order([VolumeNumberWeigher], hosts) == expected
    assert sorted(asked) == ["h1@b", "h2@b", "h3@b"]
