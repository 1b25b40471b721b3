# SPDX-License-Identifier: Apache-2.0
"""Rules of the actions on a volume."""

from __future__ import annotations

from cinder_lite.policies.base import ADMIN_API, MEMBER, rule

_PREFIX = "volume_extension:volume_admin_actions:"
_CALL = "POST /volumes/{volume_id}/action"

RESET_STATUS = _PREFIX + "reset_status"
FORCE_DELETE = _PREFIX + "force_delete"
MIGRATE = _PREFIX + "migrate_volume"
MIGRATE_COMPLETION = _PREFIX + "migrate_volume_completion"
FORCE_DETACH = _PREFIX + "force_detach"

_OF_MEMBERS = "volume_extension:volume_actions:"

ATTACH = _OF_MEMBERS + "attach"
DETACH = _OF_MEMBERS + "detach"
RESERVE = _OF_MEMBERS + "reserve"
UNRESERVE = _OF_MEMBERS + "unreserve"
BEGIN_DETACHING = _OF_MEMBERS + "begin_detaching"
ROLL_DETACHING = _OF_MEMBERS + "roll_detaching"
INITIALIZE = _OF_MEMBERS + "initialize_connection"
TERMINATE = _OF_MEMBERS + "terminate_connection"
UPDATE_READONLY = "volume:update_readonly_flag"
RETYPE = "volume:retype"

RULES = [
    rule(ATTACH, MEMBER, "Record that a volume is attached (os-attach).", _CALL),
    rule(DETACH, MEMBER, "End an attachment of a volume (os-detach).", _CALL),
    rule(RESERVE, MEMBER, "Keep a volume to attach it (os-reserve).", _CALL),
    rule(UNRESERVE, MEMBER, "Give a volume's reservation back (os-unreserve).", _CALL),
    rule(BEGIN_DETACHING, MEMBER, "Begin to detach a volume (os-begin_detaching).", _CALL),
    rule(ROLL_DETACHING, MEMBER, "Detach a volume after all not (os-roll_detaching).", _CALL),
    rule(INITIALIZE, MEMBER, "Let a node use a volume (os-initialize_connection).", _CALL),
    rule(TERMINATE, MEMBER, "End a node's use of a volume (os-terminate_connection).", _CALL),
    rule(
        UPDATE_READONLY,
        MEMBER,
        "Make a volume read-only or writable (os-update_readonly_flag).",
        _CALL,
    ),
    rule(RETYPE, MEMBER, "Give a volume another type (os-retype).", _CALL),
    rule(
        FORCE_DETACH,
        ADMIN_API,
        "End an attachment and its connection whatever their state (os-force_detach).",
        _CALL,
    ),
    rule(RESET_STATUS, ADMIN_API, "Write a volume's statuses (os-reset_status).", _CALL),
    rule(FORCE_DELETE, ADMIN_API, "Delete a volume whatever its status (os-force_delete).", _CALL),
    rule(MIGRATE, ADMIN_API, "Move a volume to another host (os-migrate_volume).", _CALL),
    rule(
        MIGRATE_COMPLETION,
        ADMIN_API,
        "End a move whose data somebody else has copied (os-migrate_volume_completion).",
        _CALL,
    ),
]
