# SPDX-License-Identifier: Apache-2.0
"""Which call answers what. A call that is not here answers nothing, or plain text."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.answers import administration, groups, snapshots, volume_types, volumes
from cinder_lite.api.router import Route

ANSWERS: dict[tuple[str, str], Any] = {
    **volumes.ANSWERS,
    **snapshots.ANSWERS,
    **volume_types.ANSWERS,
    **groups.ANSWERS,
    **administration.ANSWERS,
}
"""Schema with shapes by method and path."""

TEXTS = frozenset({("GET", "/volumes/{volume_id}/encryption/{key}")})
"""Calls that answer plain text, or nothing where the value is null."""

_ACTIONS = {**volumes.ACTIONS, **groups.ACTIONS}

GUARDED = frozenset(
    {
        ("PUT", "/volumes/{volume_id}/metadata"),
        ("PUT", "/volumes/{volume_id}/metadata/{key}"),
    }
)
"""Calls that answer 412 where the metadata is not that which If-Match names."""


def of(route: Route) -> Any | None:
    """Return the schema of what a route answers; None where it answers nothing, or plain text."""
    return ANSWERS.get((route.method, route.path))


def of_action(route: Route, action: str) -> tuple[int, Any | None]:
    """Return the status with which a route answers an action, and the schema; None: nothing."""
    return _ACTIONS.get(action, (route.status, None))
