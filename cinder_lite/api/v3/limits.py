# SPDX-License-Identifier: Apache-2.0
"""/limits: what a project may have and has."""

from __future__ import annotations

from typing import Any

from cinder_lite import policy
from cinder_lite.api.request import Request
from cinder_lite.db import quotas
from cinder_lite.policies import limits as rules

_OTHER_PROJECT = 39

MOST = {
    "maxTotalVolumes": "volumes",
    "maxTotalSnapshots": "snapshots",
    "maxTotalVolumeGigabytes": "gigabytes",
    "maxTotalBackups": "backups",
    "maxTotalBackupGigabytes": "backup_gigabytes",
}
USED = {
    "totalVolumesUsed": "volumes",
    "totalGigabytesUsed": "gigabytes",
    "totalSnapshotsUsed": "snapshots",
    "totalBackupsUsed": "backups",
    "totalBackupGigabytesUsed": "backup_gigabytes",
}


def index(request: Request) -> dict[str, Any]:
    """Return the limits of the caller's project; an administrator may name another."""
    context = request.context
    project = context.project_id
    if context.is_admin and request.minor >= _OTHER_PROJECT:
        project = request.query.get("project_id", request.query.get("tenant_id", project))
    usages = quotas.usages(project or "")
    absolute = {key: usages[resource][0] for key, resource in MOST.items()}
    if policy.allowed(context, rules.USED_LIMITS):
        absolute.update({key: usages[resource][1] for key, resource in USED.items()})
    return {"limits": {"rate": [], "absolute": absolute}}
