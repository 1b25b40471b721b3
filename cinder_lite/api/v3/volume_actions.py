# SPDX-License-Identifier: Apache-2.0
"""POST /volumes/{id}/action: the actions on a volume that are for administrators."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception, policy, states
from cinder_lite.api import deps, faults, validation
from cinder_lite.api.request import Request
from cinder_lite.api.schemas import volume_actions as schemas
from cinder_lite.api.v3 import attach_actions, data_actions, volume_image_actions
from cinder_lite.api.v3.action import Action, Answer
from cinder_lite.api.v3.volumes import visible
from cinder_lite.objects import Volume
from cinder_lite.policies import volume_actions as rules

_CLUSTERS = 16
_RESET_MIGRATION = ("migrating", "error", "success", "completing", "none", "starting")
_RESET_STATUSES = (*states.VOLUME_STATUSES, "error_restoring", "error_backing-up")


def action(request: Request, volume_id: str) -> Answer:
    """Do what the body's only key names."""
    body = request.document()
    name, content = _named(body)
    chosen = ACTIONS.get(name)
    if chosen is None:
        raise faults.BadRequest(
            f"There is no such action: {name[:255]}. Look at the request's body."
        )
    if request.minor < min(chosen.body.schemas):
        raise faults.RouteNotFound()
    chosen.body.check(body, request.minor)
    if chosen.check is not None:
        chosen.check(content)
    volume = visible(request, volume_id)
    policy.authorize(request.context, chosen.policy, volume.project_id)
    return chosen.run(request, volume, content)


def _named(body: Any) -> tuple[str, Any]:
    if not isinstance(body, dict) or len(body) != 1:
        raise faults.BadRequest(
            "Malformed request body: it must be an object with one key, the action's name."
        )
    return next(iter(body.items()))


# --- moving ----------------------------------------------------------------------------------


def _migrate(request: Request, volume: Volume, content: dict[str, Any]) -> Answer:
    host, cluster = content.get("host"), content.get("cluster")
    if request.minor >= _CLUSTERS:
        if bool(host) == bool(cluster):
            raise exception.InvalidInput(reason="One and only one of cluster and host must be set.")
        if cluster:
            raise exception.InvalidHost(
                reason=f"there is no cluster {cluster}, as this service has no clusters; "
                "name a host."
            )
    if not host:
        raise exception.InvalidInput(reason="Host field is missing.")
    deps.volume_api().migrate_volume(
        request.context,
        volume,
        host,
        force_host_copy=validation.boolean(
            content.get("force_host_copy", False), "force_host_copy"
        ),
        lock_volume=validation.boolean(content.get("lock_volume", False), "lock_volume"),
        offline_servers=validation.boolean(
            content.get("offline_servers", False), "offline_servers"
        ),
    )
    return None


def _migrate_completion(request: Request, volume: Volume, content: dict[str, Any]) -> Answer:
    error = content.get("error", False)
    saved = deps.volume_api().migrate_volume_completion(
        request.context,
        volume,
        content["new_volume"].lower(),
        error=validation.boolean(error, "error") if error is not None else False,
    )
    request.answer_status = 200
    return {"save_volume_id": saved}


# --- administration --------------------------------------------------------------------------


def _statuses(content: dict[str, Any]) -> dict[str, str]:
    """Return the statuses to write, checked.

    :raises BadRequest: there is none, or one that can not be written
    """
    known = {
        "status": _RESET_STATUSES,
        "attach_status": (states.ATTACHED, states.DETACHED),
        "migration_status": _RESET_MIGRATION,
    }
    given = {
        key: str(content[key]).strip().lower() for key in known if content.get(key) is not None
    }
    given = {key: value for key, value in given.items() if value}
    if not given:
        raise faults.BadRequest(
            "Must specify 'status', 'attach_status' or 'migration_status' for update."
        )
    for key, value in given.items():
        if value not in known[key]:
            raise faults.BadRequest(
                f"Volume {key.replace('_', ' ')}: {content[key]} is invalid, valid statuses are: "
                f"{', '.join(known[key])}."
            )
    if given.get("status") == states.DELETING:
        raise faults.BadRequest("Cannot reset-state to deleting")
    return given


def _reset_status(request: Request, volume: Volume, content: dict[str, Any]) -> Answer:
    given = _statuses(content)
    if given.get("status") == states.IN_USE and volume.attach_status != states.ATTACHED:
        raise faults.BadRequest(
            "Cannot reset-state to in-use because volume does not have any attachments."
        )
    deps.volume_api().reset_status(request.context, volume, **given)
    return None


def _force_delete(request: Request, volume: Volume, _content: Any) -> Answer:
    deps.volume_api().delete(request.context, volume, force=True)
    return None


def _retype(request: Request, volume: Volume, content: dict[str, Any]) -> Answer:
    offline_servers = validation.boolean(content.get("offline_servers", False), "offline_servers")
    if offline_servers:
        policy.authorize(request.context, rules.MIGRATE, volume.project_id)
    deps.volume_api().retype.start(
        request.context,
        volume,
        content["new_type"],
        content.get("migration_policy") or "never",
        offline_servers=offline_servers,
    )
    return None


ACTIONS = {
    **data_actions.ACTIONS,
    "os-retype": Action(_retype, rules.RETYPE, schemas.RETYPE),
    **attach_actions.ACTIONS,
    "os-migrate_volume": Action(_migrate, rules.MIGRATE, schemas.MIGRATE),
    "os-migrate_volume_completion": Action(
        _migrate_completion, rules.MIGRATE_COMPLETION, schemas.MIGRATE_COMPLETION
    ),
    "os-reset_status": Action(
        _reset_status, rules.RESET_STATUS, schemas.RESET_STATUS, check=_statuses
    ),
    "os-force_delete": Action(_force_delete, rules.FORCE_DELETE, schemas.FORCE_DELETE),
    **volume_image_actions.ACTIONS,
}
