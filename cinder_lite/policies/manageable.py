# SPDX-License-Identifier: Apache-2.0
"""Rules of taking over volumes and snapshots that a backend has already, and of forgetting them."""

from __future__ import annotations

from cinder_lite.policies.base import ADMIN_API, rule

LIST_VOLUMES = "volume_extension:list_manageable"
MANAGE_VOLUME = "volume_extension:volume_manage"
UNMANAGE_VOLUME = "volume_extension:volume_unmanage"
LIST_SNAPSHOTS = "snapshot_extension:list_manageable"
MANAGE_SNAPSHOT = "snapshot_extension:snapshot_manage"
UNMANAGE_SNAPSHOT = "snapshot_extension:snapshot_unmanage"

RULES = [
    rule(
        LIST_VOLUMES,
        ADMIN_API,
        "List what a backend has that could be taken over as a volume.",
        "GET /manageable_volumes",
        "GET /manageable_volumes/detail",
    ),
    rule(MANAGE_VOLUME, ADMIN_API, "Take over a volume.", "POST /manageable_volumes"),
    rule(
        UNMANAGE_VOLUME,
        ADMIN_API,
        "Forget a volume and leave its data (os-unmanage).",
        "POST /volumes/{volume_id}/action",
    ),
    rule(
        LIST_SNAPSHOTS,
        ADMIN_API,
        "List what a backend has that could be taken over as a snapshot.",
        "GET /manageable_snapshots",
        "GET /manageable_snapshots/detail",
    ),
    rule(MANAGE_SNAPSHOT, ADMIN_API, "Take over a snapshot.", "POST /manageable_snapshots"),
    rule(
        UNMANAGE_SNAPSHOT,
        ADMIN_API,
        "Forget a snapshot and leave its data (os-unmanage).",
        "POST /snapshots/{snapshot_id}/action",
    ),
]
