# SPDX-License-Identifier: Apache-2.0
"""Weigh pools by how many volumes they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oslo_config import cfg

from cinder_lite.db import volumes
from cinder_lite.scheduler.weights import BaseHostWeigher, WeighedHost

CONF = cfg.CONF


class VolumeNumberWeigher(BaseHostWeigher):
    """Prefer the pool with the fewest volumes; with a positive multiplier, the most."""

    def weight_multiplier(self) -> float:
        """Return ``volume_number_multiplier``."""
        return float(CONF.volume_number_multiplier)

    def weigh_objects(
        self, weighed_obj_list: Sequence[WeighedHost], weight_properties: Mapping[str, Any]
    ) -> list[float]:
        """Return how many volumes each pool has: one query per backend, not per pool."""
        hosts = [one.obj for one in weighed_obj_list]
        held = {name: volumes.allocated_gb(name) for name in {host.service_host for host in hosts}}
        return [float(held[host.service_host].get(host.pool_name, (0, 0))[0]) for host in hosts]
