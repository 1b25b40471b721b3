# SPDX-License-Identifier: Apache-2.0
"""Rules of group types and their specs."""

from __future__ import annotations

from cinder_lite.policies.base import ADMIN_API, rule

CREATE = "group:group_types:create"
UPDATE = "group:group_types:update"
DELETE = "group:group_types:delete"
SEE_SPECS = "group:access_group_types_specs"
SPECS_SHOW = "group:group_types_specs:get"
SPECS_INDEX = "group:group_types_specs:get_all"
SPECS_CREATE = "group:group_types_specs:create"
SPECS_UPDATE = "group:group_types_specs:update"
SPECS_DELETE = "group:group_types_specs:delete"

_TYPE = "/group_types/{group_type_id}"
_SPECS = f"{_TYPE}/group_specs"
_SPEC = f"{_SPECS}/{{key}}"

RULES = [
    rule(CREATE, ADMIN_API, "Create a group type.", "POST /group_types"),
    rule(UPDATE, ADMIN_API, "Change a group type.", f"PUT {_TYPE}"),
    rule(DELETE, ADMIN_API, "Delete a group type.", f"DELETE {_TYPE}"),
    rule(SEE_SPECS, ADMIN_API, "See group_specs in a group type.", f"GET {_TYPE}"),
    rule(SPECS_SHOW, ADMIN_API, "Show one spec of a group type.", f"GET {_SPEC}"),
    rule(SPECS_INDEX, ADMIN_API, "List a group type's specs.", f"GET {_SPECS}"),
    rule(SPECS_CREATE, ADMIN_API, "Set specs of a group type.", f"POST {_SPECS}"),
    rule(SPECS_UPDATE, ADMIN_API, "Set one spec of a group type.", f"PUT {_SPEC}"),
    rule(SPECS_DELETE, ADMIN_API, "Remove one spec of a group type.", f"DELETE {_SPEC}"),
]
