# SPDX-License-Identifier: Apache-2.0
"""Weigh pools by how much room they have, or by how much was taken from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from oslo_config import cfg

from cinder_lite.scheduler import capacity
from cinder_lite.scheduler.host_state import HostState
from cinder_lite.scheduler.weights import BaseHostWeigher, WeighedHost

CONF = cfg.CONF

_OFFSET = 10000.0
_OFFSET_FACTOR = 100
"""How far beyond the fullest known pool one of unknown capacity is put; Cinder's figures."""


class CapacityWeigher(BaseHostWeigher):
    """Prefer the pool with the most room; with a negative multiplier, the one with the least.

    A pool of infinite or unknown capacity comes last either way.
    """

    def weight_multiplier(self) -> float:
        """Return ``capacity_weight_multiplier``."""
        return float(CONF.capacity_weight_multiplier)

    def _weigh_object(self, host_state: HostState, weight_properties: Mapping[str, Any]) -> float:
        room = host_state.room(thin=capacity.wants_thin(weight_properties))
        if room is not None:
            return room.virtual
        return -1.0 if self.weight_multiplier() > 0 else math.inf

    def weigh_objects(
        self, weighed_obj_list: Sequence[WeighedHost], weight_properties: Mapping[str, Any]
    ) -> list[float]:
        """Return the weights of all pools, with a large number in the place of infinity."""
        weights = super().weigh_objects(weighed_obj_list, weight_properties)
        known = [weight for weight in weights if math.isfinite(weight)] or [0.0]
        last = max(known) + ((max(known) - min(known)) * _OFFSET_FACTOR or _OFFSET)
        return [weight if math.isfinite(weight) else last for weight in weights]


class AllocatedCapacityWeigher(BaseHostWeigher):
    """Prefer the pool from which the least was taken; with a positive multiplier, the most."""

    def weight_multiplier(self) -> float:
        """Return ``allocated_capacity_weight_multiplier``."""
        return float(CONF.allocated_capacity_weight_multiplier)

    def _weigh_object(self, host_state: HostState, weight_properties: Mapping[str, Any]) -> float:
        return host_state.allocated_capacity_gb
