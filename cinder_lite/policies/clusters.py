# SPDX-License-Identifier: Apache-2.0
"""Rules of clusters and of the clean-up of abandoned work."""

from __future__ import annotations

from cinder_lite.policies.base import ADMIN_API, rule

GET_ALL = "clusters:get_all"
GET = "clusters:get"
UPDATE = "clusters:update"
CLEANUP = "workers:cleanup"

RULES = [
    rule(GET_ALL, ADMIN_API, "List clusters.", "GET /clusters", "GET /clusters/detail"),
    rule(GET, ADMIN_API, "Show a cluster.", "GET /clusters/{name}"),
    rule(
        UPDATE,
        ADMIN_API,
        "Enable or disable a cluster.",
        "PUT /clusters/enable",
        "PUT /clusters/disable",
    ),
    rule(
        CLEANUP,
        ADMIN_API,
        "Have services settle the work that somebody has left half done.",
        "POST /workers/cleanup",
    ),
]
