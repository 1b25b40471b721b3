# SPDX-License-Identifier: Apache-2.0
"""Rules of the records of moves, a resource that Cinder does not have."""

from __future__ import annotations

from cinder_lite.policies.base import ADMIN_API, rule

INDEX = "volume_extension:volume_migrations:index"
SHOW = "volume_extension:volume_migrations:show"
ABORT = "volume_extension:volume_migrations:abort"

RULES = [
    rule(INDEX, ADMIN_API, "List the moves of volumes.", "GET /os-volume-migrations"),
    rule(SHOW, ADMIN_API, "Show one move of a volume.", "GET /os-volume-migrations/{migration_id}"),
    rule(ABORT, ADMIN_API, "Abort a move.", "DELETE /os-volume-migrations/{migration_id}"),
]
