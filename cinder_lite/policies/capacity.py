# SPDX-License-Identifier: Apache-2.0
"""Rules of what the schedulers know."""

from __future__ import annotations

from cinder_lite.policies.base import ADMIN_API, rule

GET_POOLS = "scheduler_extension:scheduler_stats:get_pools"
CAPABILITIES = "volume_extension:capabilities"

RULES = [
    rule(CAPABILITIES, ADMIN_API, "Show what a backend can do.", "GET /capabilities/{host}"),
    rule(GET_POOLS, ADMIN_API, "List the backends' pools.", "GET /scheduler-stats/get_pools"),
]
