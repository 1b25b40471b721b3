# SPDX-License-Identifier: Apache-2.0
"""Rules of QoS specs."""

from __future__ import annotations

from cinder_lite.policies.base import ADMIN_API, rule

GET_ALL = "volume_extension:qos_specs_manage:get_all"
GET = "volume_extension:qos_specs_manage:get"
CREATE = "volume_extension:qos_specs_manage:create"
UPDATE = "volume_extension:qos_specs_manage:update"
DELETE = "volume_extension:qos_specs_manage:delete"

_ONE = "/qos-specs/{specs_id}"

RULES = [
    rule(
        GET_ALL,
        ADMIN_API,
        "List QoS specs, or the types that refer to some.",
        "GET /qos-specs",
        f"GET {_ONE}/associations",
    ),
    rule(GET, ADMIN_API, "Show QoS specs.", f"GET {_ONE}"),
    rule(CREATE, ADMIN_API, "Create QoS specs.", "POST /qos-specs"),
    rule(
        UPDATE,
        ADMIN_API,
        "Change QoS specs, or which types refer to them.",
        f"PUT {_ONE}",
        f"GET {_ONE}/associate",
        f"GET {_ONE}/disassociate",
        f"GET {_ONE}/disassociate_all",
    ),
    rule(
        DELETE,
        ADMIN_API,
        "Delete QoS specs, or items of them.",
        f"DELETE {_ONE}",
        f"PUT {_ONE}/delete_keys",
    ),
]
