# SPDX-License-Identifier: Apache-2.0
"""/default-types: the type of new volumes that name none, project by project (since 3.62).

Keystone is asked whether the project exists; with noauth the caller's word is taken.
"""

from __future__ import annotations

import contextlib
from typing import Any

from cinder_lite import exception, policy
from cinder_lite.api import faults, projects
from cinder_lite.api.request import Request
from cinder_lite.db import default_types, volume_types
from cinder_lite.policies import default_types as rules


def index(request: Request) -> dict[str, Any]:
    """Return the default type of every project that has one of its own."""
    return {"default_types": [_view(*row) for row in default_types.listing()]}


def show(request: Request, project: str) -> dict[str, Any]:
    """Return a project's own default type."""
    policy.authorize(request.context, rules.GET, project)
    projects.check(request.context, project)
    type_id = default_types.get(project)
    if type_id is None:
        raise exception.VolumeTypeProjectDefaultNotFound(project_id=project)
    return {"default_type": _view(project, type_id)}


def update(request: Request, body: dict[str, Any], project: str) -> dict[str, Any]:
    """Set a project's default type, by the type's id or name."""
    policy.authorize(request.context, rules.SET, project)
    if len(project) > 255:  # noqa: PLR2004 - a column's length
        raise faults.BadRequest("The id of a project has no more than 255 characters.")
    projects.check(request.context, project)
    try:
        kind = volume_types.find(request.context, body["default_type"]["volume_type"])
    except exception.VolumeTypeNotFound as error:
        raise faults.BadRequest(error.msg) from None
    default_types.put(project, kind.id)
    return {"default_type": _view(project, kind.id)}


def delete(request: Request, project: str) -> None:
    """Leave a project without a default type of its own; one that is no more, too."""
    policy.authorize(request.context, rules.UNSET, project)
    with contextlib.suppress(projects.ProjectNotFound):
        projects.check(request.context, project)
    default_types.remove(project)


def _view(project: str, type_id: str) -> dict[str, str]:
    return {"project_id": project, "volume_type_id": type_id}
