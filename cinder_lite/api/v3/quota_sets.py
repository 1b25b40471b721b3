# SPDX-License-Identifier: Apache-2.0
"""/os-quota-sets: a project's quotas, one by one, those of volume types among them."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception, policy
from cinder_lite.api import faults, validation
from cinder_lite.api.request import Request
from cinder_lite.db import quota_sets, quotas
from cinder_lite.policies import quotas as rules

_NO_QUOTAS = ("tenant_id", "id")
"""Keys of a body that older clients send and that name no resource."""
_MOST = 2**31 - 1
_LONGEST = 255


def show(request: Request, project_id: str) -> dict[str, Any]:
    """Return a project's limits, with what it uses if usage is asked for."""
    policy.authorize(request.context, rules.SHOW, project_id)
    usage = validation.boolean(request.query.get("usage", "false"), "usage")
    found = quota_sets.usages(project_id)
    quota_set: dict[str, Any] = {name: one.limit for name, one in found.items()}
    if usage:
        quota_set = {name: one._asdict() for name, one in found.items()}
    return {"quota_set": {**quota_set, "id": project_id}}


def defaults(request: Request, project_id: str) -> dict[str, Any]:
    """Return the limits of a project that has none of its own."""
    policy.authorize(request.context, rules.SHOW, project_id)
    return {"quota_set": {**quota_sets.defaults(), "id": project_id}}


def update(request: Request, body: dict[str, Any], project_id: str) -> dict[str, Any]:
    """Set limits of a project.

    As in Cinder a limit below what is used is refused only where the project has a limit of its
    own on that resource already.
    """
    limits = _limits(body["quota_set"])
    policy.authorize(request.context, rules.UPDATE, project_id)
    if len(project_id) > _LONGEST:
        raise exception.InvalidInput(
            reason=f"quota_set_name has {len(project_id)} characters, more than {_LONGEST}."
        )
    own = quota_sets.own(project_id)
    used = quota_sets.usages(project_id)
    for name, limit in limits.items():
        total = used[name].in_use + used[name].reserved
        if name != quotas.PER_VOLUME and name in own and -1 < limit < total:
            raise faults.BadRequest(
                f"Quota {name} limit must be equal or greater than existing resources. Current "
                f"usage is {total} and the requested limit is {limit}."
            )
    quota_sets.update(project_id, limits)
    found = quota_sets.usages(project_id)
    return {"quota_set": {name: one.limit for name, one in found.items()}}


def delete(request: Request, project_id: str) -> None:
    """Leave a project without limits of its own."""
    policy.authorize(request.context, rules.DELETE, project_id)
    quota_sets.destroy(project_id)


def _limits(given: dict[str, Any]) -> dict[str, int]:
    """Return the limits of a body, checked."""
    known = quota_sets.names()
    unknown = [name for name in given if name not in known and name not in _NO_QUOTAS]
    limits = {name: _limit(name, given[name]) for name in given if name in known}
    if unknown:
        raise exception.InvalidInput(reason=f"Bad key(s) in quota set: {', '.join(unknown)}")
    return limits


def _limit(name: str, value: Any) -> int:
    try:
        limit = int(str(value)[:40])
    except ValueError:
        raise faults.BadRequest(f"{name} must be an integer") from None
    if limit < -1:
        raise faults.BadRequest(f"{name} must be >= -1")
    if limit > _MOST:
        raise faults.BadRequest(f"{name} must be <= {_MOST}")
    return limit
