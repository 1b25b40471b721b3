# SPDX-License-Identifier: Apache-2.0
"""New volumes of a group: of its types, in its zone, on its backend."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception, states
from cinder_lite.db import group_types
from cinder_lite.objects import Group, VolumeType

_OPEN = (states.AVAILABLE, states.CREATING)
"""Statuses in which a group takes new volumes."""


def check(group: Group, volume_type: VolumeType | None) -> None:
    """Pass a volume that the group takes.

    :param volume_type: the type that the request named
    :raises InvalidInput: it has no type or a wrong one, or the group takes no volumes now
    """
    if volume_type is None:
        raise exception.InvalidInput(
            reason=f"a volume of group {group.id} needs a volume_type, and none is given."
        )
    if volume_type.id not in group.volume_types:
        raise exception.InvalidInput(
            reason=f"group {group.id} takes no volumes of type {volume_type.name}; it takes "
            f"those of {', '.join(group.volume_types)}."
        )
    if group.status not in _OPEN:
        raise exception.InvalidInput(
            reason=f"group {group.id} takes no volumes now: its status must be available or "
            f"creating, but is {group.status}."
        )


def columns(group: Group) -> dict[str, Any]:
    """Return the columns of a new volume of a group."""
    values: dict[str, Any] = {"group_id": group.id}
    if group.group_type_id == group_types.consistency_group_type():
        values["consistencygroup_id"] = group.id
    return values


def scheduling(group: Group) -> dict[str, Any]:
    """Return what the scheduler must know: the backend that the volume must be on."""
    return {"resource_backend": group.service_host} if group.host else {}
