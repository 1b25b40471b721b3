# SPDX-License-Identifier: Apache-2.0
"""[DEFAULT] options of cinder-lite-scheduler."""

from __future__ import annotations

from oslo_config import cfg

OPTS = [
    cfg.StrOpt(
        "scheduler_driver",
        default="cinder_lite.scheduler.filter_scheduler.FilterScheduler",
        help="Class that chooses backends.",
    ),
    cfg.ListOpt(
        "scheduler_default_filters",
        default=["AvailabilityZoneFilter", "CapacityFilter", "CapabilitiesFilter"],
        help="Filters that a backend must pass, by their names under the entry point "
        "cinder_lite.scheduler.filters, in the order in which they are asked.",
    ),
    cfg.ListOpt(
        "scheduler_default_weighers",
        default=["CapacityWeigher"],
        help="Weighers that order the backends which pass, by their names under the entry "
        "point cinder_lite.scheduler.weights.",
    ),
    cfg.IntOpt(
        "scheduler_max_attempts",
        default=3,
        min=1,
        help="How many backends are tried for one new volume.",
    ),
    cfg.IntOpt(
        "scheduler_driver_init_wait_time",
        default=60,
        min=1,
        help="The most seconds that a new scheduler waits for the backends' first reports "
        "before it decides anything.",
    ),
    cfg.FloatOpt(
        "capacity_weight_multiplier",
        default=1.0,
        help="Multiplier of CapacityWeigher; a negative one stacks instead of spreading.",
    ),
    cfg.FloatOpt(
        "allocated_capacity_weight_multiplier",
        default=-1.0,
        help="Multiplier of AllocatedCapacityWeigher; a positive one stacks instead of spreading.",
    ),
    cfg.FloatOpt(
        "volume_number_multiplier",
        default=-1.0,
        help="Multiplier of VolumeNumberWeigher; a positive one stacks instead of spreading.",
    ),
]
