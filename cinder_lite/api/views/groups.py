# SPDX-License-Identifier: Apache-2.0
"""What groups and their snapshots look like in answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cinder_lite import policy
from cinder_lite.api.request import Request
from cinder_lite.api.views import common
from cinder_lite.objects import Group, GroupSnapshot
from cinder_lite.policies import group_snapshots as snapshot_rules
from cinder_lite.policies import groups as rules

_SOURCES = 14
_REPLICATION = 38
_PROJECT = 58


def summary(group: Group) -> dict[str, Any]:
    """Return what a list without details shows of a group."""
    return {"id": group.id, "name": group.name}


def detail(
    request: Request, group: Group, volumes: Mapping[str, list[str]] | None
) -> dict[str, Any]:
    """Return a group in full.

    :param volumes: the ids of the volumes by group, where they are asked for
    """
    answer: dict[str, Any] = {
        "id": group.id,
        "status": group.status,
        "availability_zone": group.availability_zone,
        "created_at": common.time(group.created_at),
        "name": group.name,
        "description": group.description,
        "group_type": group.group_type_id,
        "volume_types": list(group.volume_types),
    }
    if request.minor >= _SOURCES:
        answer["group_snapshot_id"] = group.group_snapshot_id
        answer["source_group_id"] = group.source_group_id
    if volumes is not None:
        answer["volumes"] = volumes.get(group.id, [])
    if request.minor >= _REPLICATION:
        answer["replication_status"] = group.replication_status
    if request.minor >= _PROJECT and policy.allowed(request.context, rules.SEE_PROJECT):
        answer["project_id"] = group.project_id
    return answer


def snapshot_summary(taken: GroupSnapshot) -> dict[str, Any]:
    """Return what a list without details shows of a group snapshot."""
    return {"id": taken.id, "name": taken.name}


def snapshot_created(taken: GroupSnapshot) -> dict[str, Any]:
    """Return what the answer to a creation shows."""
    return {**snapshot_summary(taken), "group_type_id": taken.group_type_id}


def snapshot_detail(request: Request, taken: GroupSnapshot) -> dict[str, Any]:
    """Return a group snapshot in full."""
    answer: dict[str, Any] = {
        "id": taken.id,
        "group_id": taken.group_id,
        "group_type_id": taken.group_type_id,
        "status": taken.status,
        "created_at": common.time(taken.created_at),
        "name": taken.name,
        "description": taken.description,
    }
    if request.minor >= _PROJECT and policy.allowed(request.context, snapshot_rules.SEE_PROJECT):
        answer["project_id"] = taken.project_id
    return answer


# --- the older names: consistency groups and their snapshots ---------------------------------


def consistency_group(group: Group) -> dict[str, Any]:
    """Return a consistency group in full."""
    return {
        "id": group.id,
        "status": group.status,
        "availability_zone": group.availability_zone,
        "created_at": common.time(group.created_at),
        "name": group.name,
        "description": group.description,
        "volume_types": list(group.volume_types),
    }


def cgsnapshot(taken: GroupSnapshot) -> dict[str, Any]:
    """Return a consistency group's snapshot in full."""
    return {
        "id": taken.id,
        "consistencygroup_id": taken.group_id,
        "status": taken.status,
        "created_at": common.time(taken.created_at),
        "name": taken.name,
        "description": taken.description,
    }
