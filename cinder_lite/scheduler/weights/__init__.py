# SPDX-License-Identifier: Apache-2.0
"""Weighers: each gives every pool that passed the filters a weight; the heaviest pool wins.

As in Cinder, a weigher's weights are spread over 0 to 1, multiplied by the weigher's multiplier,
and added up. A weigher of another package needs ``_weigh_object(host_state, weight_properties)``
and ``weight_multiplier()``; deriving from :class:`BaseHostWeigher` gives it the rest.
``weight_properties`` is what the filters are given, see :mod:`cinder_lite.scheduler.filters`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cinder_lite.scheduler.host_state import HostState


@dataclasses.dataclass(slots=True)
class WeighedHost:
    """A pool and the sum of its weights."""

    obj: HostState
    weight: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the weight and the pool's name."""
        return {"weight": self.weight, "host": self.obj.host}


class BaseHostWeigher:
    """Base of weighers; an instance serves one request."""

    minval: float | None = None
    maxval: float | None = None
    """Ends of the range that is spread over 0 to 1; None takes them from the weights."""

    def weight_multiplier(self) -> float:
        """Return how much this weigher counts; a negative one reverses the order."""
        return 1.0

    def _weigh_object(self, host_state: HostState, weight_properties: Mapping[str, Any]) -> float:
        """Return one pool's weight, in whatever unit."""
        raise NotImplementedError

    def weigh_objects(
        self, weighed_obj_list: Sequence[WeighedHost], weight_properties: Mapping[str, Any]
    ) -> list[float]:
        """Return the weights of all pools, in their order."""
        return [self._weigh_object(one.obj, weight_properties) for one in weighed_obj_list]


def normalize(
    weights: Sequence[float], minval: float | None = None, maxval: float | None = None
) -> list[float]:
    """Spread weights over 0 to 1; all 0 where they do not differ."""
    if not weights:
        return []
    low = float(min(weights) if minval is None else minval)
    high = float(max(weights) if maxval is None else maxval)
    if low == high:
        return [0.0] * len(weights)
    return [(weight - low) / (high - low) for weight in weights]


def weigh(
    weighers: Iterable[type[BaseHostWeigher]],
    hosts: Sequence[HostState],
    weight_properties: Mapping[str, Any],
) -> list[WeighedHost]:
    """Return pools, the heaviest first; equal ones in the order in which they came.

    :param weighers: classes
    """
    weighed = [WeighedHost(host) for host in hosts]
    if len(weighed) > 1:
        for weigher_class in weighers:
            weigher = weigher_class()
            weights = weigher.weigh_objects(weighed, weight_properties)
            spread = normalize(weights, weigher.minval, weigher.maxval)
            multiplier = weigher.weight_multiplier()
            for one, weight in zip(weighed, spread, strict=True):
                one.weight += multiplier * weight
    return sorted(weighed, key=lambda one: one.weight, reverse=True)
