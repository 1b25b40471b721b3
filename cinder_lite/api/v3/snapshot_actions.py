# SPDX-License-Identifier: Apache-2.0
"""POST /snapshots/{id}/action."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from cinder_lite import exception, policy, states
from cinder_lite.api import deps, faults, validation
from cinder_lite.api.request import Request
from cinder_lite.api.schemas import snapshots as schemas
from cinder_lite.api.v3.snapshots import visible
from cinder_lite.db import snapshots as db_snapshots
from cinder_lite.objects import Snapshot
from cinder_lite.policies import manageable as manageable_rules
from cinder_lite.policies import snapshots as rules

_MOST_PERCENT = 100

_MAY_BECOME = {
    states.CREATING: (states.CREATING, states.AVAILABLE, states.ERROR),
    states.DELETING: (states.DELETING, states.ERROR_DELETING),
}
"""What os-update_snapshot_status may make of a status."""


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """One action.

    :param run: called with the request, the snapshot and what the action carries
    :param policy: rule that the caller must pass, asked when the snapshot has been found
    :param body: schemas of the whole body
    :param check: a further look at what the action carries, before the snapshot is looked up
    """

    run: Callable[[Request, Snapshot, Any], None]
    policy: str
    body: validation.Body
    check: Callable[[Any], None] | None = None


def action(request: Request, snapshot_id: str) -> None:
    """Do what the body's only key names."""
    body = request.document()
    if not isinstance(body, dict) or len(body) != 1:
        raise faults.BadRequest(
            "Malformed request body: it must be an object with one key, the action's name."
        )
    name, content = next(iter(body.items()))
    chosen = ACTIONS.get(name)
    if chosen is None:
        raise faults.BadRequest(
            f"There is no such action: {name[:255]}. Look at the request's body."
        )
    chosen.body.check(body, request.minor)
    if chosen.check is not None:
        chosen.check(content)
    snapshot = visible(request, snapshot_id)
    policy.authorize(request.context, chosen.policy, snapshot.project_id)
    chosen.run(request, snapshot, content)


def _check_status(content: dict[str, Any]) -> None:
    if content["status"].lower() not in states.SNAPSHOT_STATUSES:
        raise exception.InvalidParameterValue(
            err=f"Snapshot status: {content['status'][:255]} is invalid, valid statuses are: "
            f"{', '.join(states.SNAPSHOT_STATUSES)}."
        )


def _reset_status(request: Request, snapshot: Snapshot, content: dict[str, Any]) -> None:
    deps.volume_api().reset_snapshot_status(request.context, snapshot, content["status"].lower())


def _force_delete(request: Request, snapshot: Snapshot, _content: Any) -> None:
    deps.volume_api().delete_snapshot(request.context, snapshot, force=True)


def _unmanage(request: Request, snapshot: Snapshot, _content: Any) -> None:
    deps.volume_api().delete_snapshot(request.context, snapshot, unmanage_only=True)


def _check_progress(content: dict[str, Any]) -> None:
    progress = content.get("progress")
    if not progress:
        return
    digits = progress[:-1]
    if not (digits.isascii() and digits.isdigit() and len(digits) < 4):  # noqa: PLR2004 - '100'
        raise exception.InvalidInput(reason="progress must be an integer percentage")
    if progress[-1] != "%" or int(digits) > _MOST_PERCENT:
        raise exception.InvalidInput(
            reason="progress must be an integer percentage between 0 and 100"
        )


def _update_status(request: Request, snapshot: Snapshot, content: dict[str, Any]) -> None:
    allowed = _MAY_BECOME.get(snapshot.status or "")
    if allowed is None:
        raise faults.BadRequest(
            f"Snapshot status {snapshot.status} not allowed for update_snapshot_status"
        )
    status = content["status"]
    if status not in allowed:
        raise faults.BadRequest(
            f"Provided snapshot status {status[:255]} not allowed for snapshot with status "
            f"{snapshot.status}."
        )
    values = {"status": status}
    if content.get("progress"):
        values["progress"] = content["progress"]
    if not db_snapshots.conditional_update(snapshot.id, values, [str(snapshot.status)]):
        raise faults.BadRequest(
            f"The status of snapshot {snapshot.id} is being changed by other requests; try again."
        )


ACTIONS = {
    "os-reset_status": Action(
        _reset_status, rules.RESET_STATUS, schemas.RESET_STATUS, check=_check_status
    ),
    "os-force_delete": Action(_force_delete, rules.FORCE_DELETE, schemas.FORCE_DELETE),
    "os-update_snapshot_status": Action(
        _update_status, rules.UPDATE_STATUS, schemas.UPDATE_STATUS, check=_check_progress
    ),
    "os-unmanage": Action(_unmanage, manageable_rules.UNMANAGE_SNAPSHOT, schemas.UNMANAGE),
}
