# SPDX-License-Identifier: Apache-2.0
"""Rules of services and hosts."""

from __future__ import annotations

from cinder_lite.policies.base import ADMIN_API, rule

INDEX = "volume_extension:services:index"
UPDATE = "volume_extension:services:update"
HOSTS = "volume_extension:hosts"

RULES = [
    rule(INDEX, ADMIN_API, "List services.", "GET /os-services"),
    rule(
        UPDATE,
        ADMIN_API,
        "Enable or disable a service.",
        "PUT /os-services/enable",
        "PUT /os-services/disable",
        "PUT /os-services/disable-log-reason",
        "PUT /os-services/freeze",
        "PUT /os-services/thaw",
        "PUT /os-services/failover_host",
        "PUT /os-services/failover",
    ),
    rule(HOSTS, ADMIN_API, "List hosts, or show one.", "GET /os-hosts", "GET /os-hosts/{host}"),
]
