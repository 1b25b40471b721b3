# SPDX-License-Identifier: Apache-2.0
"""Rules of groups."""

from __future__ import annotations

from cinder_lite.policies.base import ADMIN_API, MEMBER, READER, rule

GET_ALL = "group:get_all"
CREATE = "group:create"
GET = "group:get"
UPDATE = "group:update"
DELETE = "group:delete"
SEE_PROJECT = "group:group_project_attribute"
RESET_STATUS = "group:reset_status"
ENABLE_REPLICATION = "group:enable_replication"
DISABLE_REPLICATION = "group:disable_replication"
FAILOVER_REPLICATION = "group:failover_replication"
LIST_TARGETS = "group:list_replication_targets"

_ONE = "/groups/{group_id}"
_ACTION = f"POST {_ONE}/action"

RULES = [
    rule(GET_ALL, READER, "List groups.", "GET /groups", "GET /groups/detail"),
    rule(CREATE, MEMBER, "Create a group.", "POST /groups", "POST /groups/action"),
    rule(GET, READER, "Show a group.", f"GET {_ONE}"),
    rule(UPDATE, MEMBER, "Change a group or its volumes.", f"PUT {_ONE}"),
    rule(DELETE, MEMBER, "Delete a group (delete).", _ACTION),
    rule(
        SEE_PROJECT,
        ADMIN_API,
        "See project_id in a group.",
        f"GET {_ONE}",
        "GET /groups/detail",
    ),
    rule(RESET_STATUS, ADMIN_API, "Write a group's status (reset_status).", _ACTION),
    rule(ENABLE_REPLICATION, MEMBER, "Replicate a group (enable_replication).", _ACTION),
    rule(DISABLE_REPLICATION, MEMBER, "Replicate it no more (disable_replication).", _ACTION),
    rule(FAILOVER_REPLICATION, MEMBER, "Fail a group over (failover_replication).", _ACTION),
    rule(LIST_TARGETS, MEMBER, "List where it may go (list_replication_targets).", _ACTION),
]
