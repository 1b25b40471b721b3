# SPDX-License-Identifier: Apache-2.0
"""The rule of limits."""

from __future__ import annotations

from cinder_lite.policies.base import READER, rule

USED_LIMITS = "limits_extension:used_limits"

RULES = [rule(USED_LIMITS, READER, "See what a project uses in its limits.", "GET /limits")]
