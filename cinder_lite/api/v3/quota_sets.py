# SPDX-License-Identifier: Apache-2.0
"""/os-quota-sets: a project's quotas, one by one."""

from __future__ import annotations

from typing import Any

from cinder_lite import policy
from cinder_lite.api import validation
from cinder_lite.api.request import Request
from cinder_lite.db import quotas
from cinder_lite.policies import limits as rules

_ORDER = (
    "volumes",
    "per_volume_gigabytes",
    "snapshots",
    "gigabytes",
    "backups",
    "backup_gigabytes",
    "groups",
)


def show(request: Request, project_id: str) -> dict[str, Any]:
    """Return a project's limits, with what it uses if usage is asked for."""
    usage = validation.boolean(request.query.get("usage", "false"), "usage")
    policy.authorize(request.context, rules.QUOTAS_SHOW, project_id)
    found = quotas.usages(project_id)
    quota_set: dict[str, Any] = {name: found[name][0] for name in _ORDER}
    if usage:
        quota_set = {
            name: {"limit": found[name][0], "in_use": found[name][1], "reserved": 0}
            for name in _ORDER
        }
    return {"quota_set": {**quota_set, "id": project_id}}


def defaults(request: Request, project_id: str) -> dict[str, Any]:
    """Return the limits of a project that has none of its own."""
    policy.authorize(request.context, rules.QUOTAS_SHOW, project_id)
    quota_set: dict[str, Any] = {name: quotas.default_limit(name) for name in _ORDER}
    return {"quota_set": {**quota_set, "id": project_id}}
