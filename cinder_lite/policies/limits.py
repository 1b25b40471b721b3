# SPDX-License-Identifier: Apache-2.0
"""Rules of limits and quotas."""

from __future__ import annotations

from cinder_lite.policies.base import READER, rule

USED_LIMITS = "limits_extension:used_limits"
QUOTAS_SHOW = "volume_extension:quotas:show"

RULES = [
    rule(USED_LIMITS, READER, "See what a project uses in its limits.", "GET /limits"),
    rule(
        QUOTAS_SHOW,
        READER,
        "Show a project's quotas.",
        "GET /os-quota-sets/{project_id}",
        "GET /os-quota-sets/{project_id}/defaults",
    ),
]
