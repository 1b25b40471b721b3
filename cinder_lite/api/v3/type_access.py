# SPDX-License-Identifier: Apache-2.0
"""Which projects may use a private type: /types/{id}/os-volume-type-access and its two actions."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception, policy
from cinder_lite.api import validation
from cinder_lite.api.request import Request
from cinder_lite.api.schemas import volume_types as schemas
from cinder_lite.db import type_access, volume_types
from cinder_lite.objects import VolumeType
from cinder_lite.policies import volume_types as rules

ACTIONS = {
    "addProjectAccess": (schemas.ADD_ACCESS, rules.ADD_ACCESS, type_access.add),
    "removeProjectAccess": (schemas.REMOVE_ACCESS, rules.REMOVE_ACCESS, type_access.remove),
}


def index(request: Request, type_id: str) -> dict[str, Any]:
    """Return the projects that may use a private type."""
    kind = volume_types.get(request.context, type_id)
    if kind.is_public:
        raise exception.VolumeTypeAccessNotFound(
            "Every project has access to a public volume type: there is no list of them."
        )
    return {
        "volume_type_access": [
            {"volume_type_id": kind.id, "project_id": project}
            for project in type_access.listing(kind.id)
        ]
    }


def action(request: Request, type_id: str) -> None:
    """Give a project access to a private type, or take it away."""
    body = request.document()
    name = validation.check_action(body, ACTIONS)
    schema, rule, change = ACTIONS[name]
    schema.check(body, request.minor)
    policy.authorize(request.context, rule)
    change(_private(request, type_id).id, body[name]["project"])


def _private(request: Request, type_id: str) -> VolumeType:
    kind = volume_types.get(request.context, type_id)
    if kind.is_public:
        raise exception.InvalidVolumeType(
            reason="every project may use a public type, so access to it can not be changed."
        )
    return kind
