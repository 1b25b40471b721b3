# SPDX-License-Identifier: Apache-2.0
"""POST /groups/{id}/action and /groups/action: deletion, copies and administration of groups."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from cinder_lite import exception
from cinder_lite.api import faults, validation
from cinder_lite.api.request import Request
from cinder_lite.api.schemas import groups as schemas
from cinder_lite.api.v3.groups import check_generic, copy, find, remove
from cinder_lite.api.views import groups as views
from cinder_lite.db import group_types
from cinder_lite.group import api as group_api
from cinder_lite.objects import Group
from cinder_lite.policies import groups as rules

_COPIES = 14
_REPLICATION = 38
_REPLICATED = ("group_replication_enabled", "consistent_group_replication_enabled")


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """One action on a group.

    :param run: called with the request, the group and what the action carries
    :param policy: rule that the caller must pass
    :param since: first microversion (minor) that has it
    """

    run: Callable[[Request, Group, Any], dict[str, Any] | None]
    policy: str
    body: validation.Body
    since: int


def named(request: Request, actions: dict[str, Any]) -> tuple[str, Any, Any]:
    """Return the name of the action that a body asks for, the action, and what it carries.

    :raises BadRequest: there is no such action, or the body does not fit its schema
    :raises RouteNotFound: the microversion has it not yet
    """
    body = request.document()
    if not isinstance(body, dict) or len(body) != 1:
        raise faults.BadRequest(
            "Malformed request body: it must be an object with one key, the action's name."
        )
    name, content = next(iter(body.items()))
    action = actions.get(name)
    if action is None:
        raise faults.BadRequest(f"There is no such action: {name[:255]}.")
    if request.minor < action.since:
        raise faults.RouteNotFound()
    action.body.check(body, request.minor)
    return name, action, content


def act(request: Request, group_id: str) -> dict[str, Any] | None:
    """Do to a group what the body's only key names."""
    _, action, content = named(request, ACTIONS)
    group = find(request, group_id, action.policy)
    answer: dict[str, Any] | None = action.run(request, group, content)
    return answer


def _delete(request: Request, group: Group, content: dict[str, Any]) -> None:
    check_generic(group.group_type_id)
    with_volumes = validation.boolean(content.get("delete-volumes", False), "delete-volumes")
    remove(request, group, with_volumes=with_volumes)


def _reset_status(request: Request, group: Group, content: dict[str, Any]) -> None:
    group_api.reset_status(group, content["status"].lower())


def _replicate(request: Request, group: Group, content: dict[str, Any]) -> None:
    """Refuse: no backend of ours replicates."""
    kind = group_types.get(request.context.elevated(), str(group.group_type_id))
    on = [(kind.group_specs.get(key) or "").strip().lower() for key in _REPLICATED]
    if "<is> true" not in on:
        raise exception.InvalidGroupType(
            reason=f"group {group.id} is of type {kind.name}, which is not replicated."
        )
    raise exception.InvalidGroup(
        reason=f"group {group.id} can not be replicated: its backend {group.host} does not "
        "replicate volumes."
    )


ACTIONS = {
    "delete": Action(_delete, rules.DELETE, schemas.DELETE, 13),
    "reset_status": Action(_reset_status, rules.RESET_STATUS, schemas.RESET_STATUS, 20),
    "enable_replication": Action(
        _replicate, rules.ENABLE_REPLICATION, schemas.ENABLE_REPLICATION, _REPLICATION
    ),
    "disable_replication": Action(
        _replicate, rules.DISABLE_REPLICATION, schemas.DISABLE_REPLICATION, _REPLICATION
    ),
    "failover_replication": Action(
        _replicate, rules.FAILOVER_REPLICATION, schemas.FAILOVER_REPLICATION, _REPLICATION
    ),
    "list_replication_targets": Action(
        _replicate, rules.LIST_TARGETS, schemas.LIST_TARGETS, _REPLICATION
    ),
}


@dataclasses.dataclass(frozen=True, slots=True)
class _Copying:
    """The only action that is on no group: create-from-src."""

    body: validation.Body
    since: int


CREATE_FROM_SRC_ACTIONS = {"create-from-src": _Copying(schemas.COPY, _COPIES)}


def create_from_src(request: Request) -> dict[str, Any]:
    """Create a group with the data of another one, or of a group snapshot."""
    _, _, given = named(request, CREATE_FROM_SRC_ACTIONS)
    snapshot_id, source_id = given.get("group_snapshot_id"), given.get("source_group_id")
    group = copy(request, given, snapshot_id, source_id, check_generic)
    return {"group": views.summary(group)}
