# SPDX-License-Identifier: Apache-2.0
"""Rules of snapshots, their actions and their metadata."""

from __future__ import annotations

from cinder_lite.policies.base import ADMIN_API, MEMBER, READER, rule

GET_ALL = "volume:get_all_snapshots"
EXTENDED = "volume_extension:extended_snapshot_attributes"
CREATE = "volume:create_snapshot"
GET = "volume:get_snapshot"
UPDATE = "volume:update_snapshot"
DELETE = "volume:delete_snapshot"

RESET_STATUS = "volume_extension:snapshot_admin_actions:reset_status"
UPDATE_STATUS = "snapshot_extension:snapshot_actions:update_snapshot_status"
FORCE_DELETE = "volume_extension:snapshot_admin_actions:force_delete"

GET_METADATA = "volume:get_snapshot_metadata"
UPDATE_METADATA = "volume:update_snapshot_metadata"
DELETE_METADATA = "volume:delete_snapshot_metadata"

_ONE = "/snapshots/{snapshot_id}"
_ACTION = f"POST {_ONE}/action"
_METADATA = f"{_ONE}/metadata"

RULES = [
    rule(GET_ALL, READER, "List snapshots.", "GET /snapshots", "GET /snapshots/detail"),
    rule(
        EXTENDED,
        READER,
        "See a snapshot's project and progress (os-extended-snapshot-attributes).",
        f"GET {_ONE}",
        "GET /snapshots/detail",
    ),
    rule(CREATE, MEMBER, "Create a snapshot.", "POST /snapshots"),
    rule(GET, READER, "Show a snapshot.", f"GET {_ONE}"),
    rule(UPDATE, MEMBER, "Change a snapshot's name or description.", f"PUT {_ONE}"),
    rule(DELETE, MEMBER, "Delete a snapshot.", f"DELETE {_ONE}"),
    rule(RESET_STATUS, ADMIN_API, "Write a snapshot's status (os-reset_status).", _ACTION),
    rule(
        UPDATE_STATUS,
        MEMBER,
        "Tell how the making of a snapshot goes (os-update_snapshot_status).",
        _ACTION,
    ),
    rule(
        FORCE_DELETE, ADMIN_API, "Delete a snapshot whatever its status (os-force_delete).", _ACTION
    ),
    rule(
        GET_METADATA,
        READER,
        "Show a snapshot's metadata.",
        f"GET {_METADATA}",
        f"GET {_METADATA}/{{key}}",
    ),
    rule(
        UPDATE_METADATA,
        MEMBER,
        "Change a snapshot's metadata.",
        f"POST {_METADATA}",
        f"PUT {_METADATA}",
        f"PUT {_METADATA}/{{key}}",
    ),
    rule(
        DELETE_METADATA,
        MEMBER,
        "Remove one item of a snapshot's metadata.",
        f"DELETE {_METADATA}/{{key}}",
    ),
]
