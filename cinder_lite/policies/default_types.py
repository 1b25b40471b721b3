# SPDX-License-Identifier: Apache-2.0
"""Rules of the projects' own default types."""

from __future__ import annotations

from cinder_lite.policies.base import ADMIN_API, rule

SET = "volume_extension:default_set_or_update"
GET = "volume_extension:default_get"
GET_ALL = "volume_extension:default_get_all"
UNSET = "volume_extension:default_unset"

_ONE = "/default-types/{project}"

RULES = [
    rule(SET, ADMIN_API, "Set a project's default volume type.", f"PUT {_ONE}"),
    rule(GET, ADMIN_API, "Show a project's default volume type.", f"GET {_ONE}"),
    rule(GET_ALL, ADMIN_API, "List the projects' default volume types.", "GET /default-types"),
    rule(UNSET, ADMIN_API, "Remove a project's default volume type.", f"DELETE {_ONE}"),
]
