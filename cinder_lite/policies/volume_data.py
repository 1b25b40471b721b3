# SPDX-License-Identifier: Apache-2.0
"""Rules of the actions that change a volume's size or data."""

from __future__ import annotations

from cinder_lite.policies import volumes
from cinder_lite.policies.base import ADMIN_API, MEMBER, rule

_CALL = "POST /volumes/{volume_id}/action"

GET = volumes.GET
EXTEND_ANY = volumes.GET
"""Of an extension only the volume's status tells which of the two rules guards it."""
EXTEND = "volume:extend"
EXTEND_ATTACHED = "volume:extend_attached_volume"
EXTEND_COMPLETION = "volume_extension:volume_admin_actions:extend_volume_completion"
REVERT = "volume:revert_to_snapshot"

RULES = [
    rule(EXTEND, MEMBER, "Let a volume grow (os-extend).", _CALL),
    rule(EXTEND_ATTACHED, MEMBER, "Let a volume grow while it is in use (os-extend).", _CALL),
    rule(
        EXTEND_COMPLETION,
        ADMIN_API,
        "End an extension that Nova carries out (os-extend_volume_completion).",
        _CALL,
    ),
    rule(REVERT, MEMBER, "Give a volume the data of its latest snapshot (revert).", _CALL),
]
