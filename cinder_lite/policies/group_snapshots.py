# SPDX-License-Identifier: Apache-2.0
"""Rules of group snapshots."""

from __future__ import annotations

from cinder_lite.policies.base import ADMIN_API, MEMBER, READER, rule

GET_ALL = "group:get_all_group_snapshots"
CREATE = "group:create_group_snapshot"
GET = "group:get_group_snapshot"
DELETE = "group:delete_group_snapshot"
SEE_PROJECT = "group:group_snapshot_project_attribute"
RESET_STATUS = "group:reset_group_snapshot_status"

_ALL = "/group_snapshots"
_ONE = f"{_ALL}/{{group_snapshot_id}}"

RULES = [
    rule(GET_ALL, READER, "List group snapshots.", f"GET {_ALL}", f"GET {_ALL}/detail"),
    rule(CREATE, MEMBER, "Make a snapshot of a group.", f"POST {_ALL}"),
    rule(GET, READER, "Show a group snapshot.", f"GET {_ONE}"),
    rule(DELETE, MEMBER, "Delete a group snapshot.", f"DELETE {_ONE}"),
    rule(
        SEE_PROJECT,
        ADMIN_API,
        "See project_id in a group snapshot.",
        f"GET {_ONE}",
        f"GET {_ALL}/detail",
    ),
    rule(
        RESET_STATUS,
        ADMIN_API,
        "Write a group snapshot's status (reset_status).",
        f"POST {_ONE}/action",
    ),
]
