# SPDX-License-Identifier: Apache-2.0
"""Rules of the actions on a volume that are for administrators."""

from __future__ import annotations

from cinder_lite.policies.base import ADMIN_API, rule

_PREFIX = "volume_extension:volume_admin_actions:"
_CALL = "POST /volumes/{volume_id}/action"

RESET_STATUS = _PREFIX + "reset_status"
FORCE_DELETE = _PREFIX + "force_delete"
MIGRATE = _PREFIX + "migrate_volume"
MIGRATE_COMPLETION = _PREFIX + "migrate_volume_completion"

RULES = [
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
