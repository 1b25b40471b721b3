# SPDX-License-Identifier: Apache-2.0
"""What a snapshot looks like in answers: every field, and the microversion that brought it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cinder_lite import policy
from cinder_lite.api import microversions
from cinder_lite.api.request import Request
from cinder_lite.api.views.common import time
from cinder_lite.objects import Snapshot
from cinder_lite.policies import snapshots as rules

_GROUP = 14
_USER = 41
_ATTRIBUTES = "os-extended-snapshot-attributes:"


def summary(request: Request, snapshot: Snapshot, metadata: Mapping[str, str]) -> dict[str, Any]:
    """Return what a list without details shows of a snapshot."""
    return {
        "id": snapshot.id,
        "created_at": time(snapshot.created_at),
        "updated_at": time(snapshot.updated_at),
        "name": snapshot.display_name,
        "description": snapshot.display_description,
        "volume_id": snapshot.volume_id,
        "status": snapshot.status,
        "size": snapshot.volume_size,
        "metadata": dict(metadata),
    }


def detail(request: Request, snapshot: Snapshot, metadata: Mapping[str, str]) -> dict[str, Any]:
    """Return what the answers to a creation and to a change show of a snapshot."""
    view = summary(request, snapshot, metadata)
    if request.minor >= _GROUP:
        view["group_snapshot_id"] = snapshot.group_snapshot_id
    if request.minor >= _USER:
        view["user_id"] = snapshot.user_id
    if request.minor >= microversions.CONSUMES_QUOTA:
        view["consumes_quota"] = snapshot.use_quota
    return view


def extended(request: Request, snapshot: Snapshot, metadata: Mapping[str, str]) -> dict[str, Any]:
    """Return what is shown of a snapshot that is asked for: also its project and progress."""
    view = detail(request, snapshot, metadata)
    if policy.allowed(request.context, rules.EXTENDED):
        view[_ATTRIBUTES + "progress"] = snapshot.progress
        view[_ATTRIBUTES + "project_id"] = snapshot.project_id
    return view
