# SPDX-License-Identifier: Apache-2.0
"""/workers/cleanup: have abandoned work settled (since 3.24)."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception
from cinder_lite.api import deps, validation
from cinder_lite.api.request import Request
from cinder_lite.db import cleanable
from cinder_lite.objects import Service
from cinder_lite.volume.services import Cleanup

_TYPES = ("Volume", "Snapshot")
_LOCATIONS = ("service_id", "cluster_name", "host")


def cleanup(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Have the services that the body describes settle what was left half done.

    :raises InvalidInput: the resource named has nothing left to settle, or is of no known type
    """
    asked = {key: value for key, value in body.items() if value is not None}
    for name in ("is_up", "disabled"):
        if name in asked:
            asked[name] = validation.boolean(asked[name], name)
    if "service_id" in asked:
        asked["service_id"] = int(asked["service_id"] or 0)
    kind = asked.get("resource_type")
    if kind:
        asked["resource_type"] = kind = kind.title()
        if kind not in _TYPES:
            raise exception.InvalidInput(
                reason=f"Resource type {kind} not valid, must be {' or '.join(_TYPES)}"
            )
    if asked.get("resource_id") and not asked.keys() & set(_LOCATIONS):
        asked["host"] = _where(asked["resource_id"], kind)
    told, unavailable = deps.volume_api().administration.cleanup(request.context, Cleanup(**asked))
    return {
        "cleaning": [_view(service) for service in told],
        "unavailable": [_view(service) for service in unavailable],
    }


def _where(resource_id: str, kind: str | None) -> str:
    """Return ``host@backend`` of a thing that somebody was working on."""
    found = cleanable.service_of(resource_id, kind)
    if found is None:
        raise exception.InvalidInput(
            reason=f"There is no resource with UUID {resource_id} pending cleanup."
        )
    return found


def _view(service: Service) -> dict[str, Any]:
    return {
        "id": service.id,
        "host": service.host,
        "binary": service.binary,
        "cluster_name": service.cluster_name,
    }
