# SPDX-License-Identifier: Apache-2.0
"""Rules of services and hosts."""

from __future__ import annotations

from cinder_lite.policies.base import ADMIN_API, rule

INDEX = "volume_extension:services:index"
UPDATE = "volume_extension:services:update"
FREEZE = "volume:freeze_host"
THAW = "volume:thaw_host"
FAILOVER = "volume:failover_host"
HOSTS = "volume_extension:hosts"

RULES = [
    rule(INDEX, ADMIN_API, "List services.", "GET /os-services"),
    rule(
        UPDATE,
        ADMIN_API,
        "Enable or disable a service, freeze it, read or set the levels of its logs.",
        "PUT /os-services/enable",
        "PUT /os-services/disable",
        "PUT /os-services/disable-log-reason",
        "PUT /os-services/freeze",
        "PUT /os-services/thaw",
        "PUT /os-services/failover_host",
        "PUT /os-services/failover",
        "PUT /os-services/set-log",
        "PUT /os-services/get-log",
    ),
    rule(FREEZE, ADMIN_API, "Freeze a host.", "PUT /os-services/freeze"),
    rule(THAW, ADMIN_API, "Thaw a host.", "PUT /os-services/thaw"),
    rule(
        FAILOVER,
        ADMIN_API,
        "Fail a host over.",
        "PUT /os-services/failover_host",
        "PUT /os-services/failover",
    ),
    rule(
        HOSTS,
        ADMIN_API,
        "List hosts, show one, or enable or disable it.",
        "GET /os-hosts",
        "GET /os-hosts/{host}",
        "PUT /os-hosts/{host}",
    ),
]
