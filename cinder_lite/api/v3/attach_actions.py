# SPDX-License-Identifier: Apache-2.0
"""The actions on a volume that attach and detach it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cinder_lite.api import deps, faults, validation
from cinder_lite.api.request import Request
from cinder_lite.api.schemas import attach_actions as schemas
from cinder_lite.api.v3.action import Action, Answer
from cinder_lite.objects import Volume
from cinder_lite.policies import volume_actions as rules

Run = Callable[[Request, Volume, Any], Answer]


def _does(name: str) -> Run:
    """Return what runs an action that needs to know nothing but its volume."""

    def run(request: Request, volume: Volume, _content: Any) -> Answer:
        getattr(deps.volume_api().attach_actions, name)(request.context, volume)
        return None

    return run


def _attach(request: Request, volume: Volume, content: dict[str, Any]) -> Answer:
    deps.volume_api().attach_actions.attach(
        request.context,
        volume,
        instance_uuid=content.get("instance_uuid"),
        host_name=content.get("host_name"),
        mountpoint=content["mountpoint"],
        mode=content.get("mode", "rw"),
    )
    return None


def _detach(request: Request, volume: Volume, content: dict[str, Any] | None) -> Answer:
    attachment_id = (content or {}).get("attachment_id")
    deps.volume_api().attach_actions.detach(request.context, volume, attachment_id)
    return None


def _connector(content: dict[str, Any]) -> dict[str, Any] | None:
    connector = content.get("connector")
    if connector is not None and not isinstance(connector, dict):
        raise faults.BadRequest("The connector must be an object that says who connects.")
    return connector


def _initialize(request: Request, volume: Volume, content: dict[str, Any]) -> Answer:
    info = deps.volume_api().attach_actions.initialize_connection(
        request.context, volume, _connector(content) or {}
    )
    request.answer_status = 200
    return {"connection_info": info}


def _terminate(request: Request, volume: Volume, content: dict[str, Any]) -> Answer:
    deps.volume_api().attach_actions.terminate_connection(
        request.context, volume, _connector(content)
    )
    return None


def _force_detach(request: Request, volume: Volume, content: dict[str, Any]) -> Answer:
    deps.volume_api().attach_actions.force_detach(
        request.context, volume, content.get("connector"), content.get("attachment_id")
    )
    return None


def _readonly(request: Request, volume: Volume, content: dict[str, Any]) -> Answer:
    flag = validation.boolean(content["readonly"], "readonly")
    deps.volume_api().attach_actions.update_readonly_flag(request.context, volume, flag)
    return None


ACTIONS = {
    "os-reserve": Action(_does("reserve"), rules.RESERVE, schemas.anything("os-reserve")),
    "os-unreserve": Action(_does("unreserve"), rules.UNRESERVE, schemas.anything("os-unreserve")),
    "os-begin_detaching": Action(
        _does("begin_detaching"), rules.BEGIN_DETACHING, schemas.anything("os-begin_detaching")
    ),
    "os-roll_detaching": Action(
        _does("roll_detaching"), rules.ROLL_DETACHING, schemas.anything("os-roll_detaching")
    ),
    "os-attach": Action(_attach, rules.ATTACH, schemas.ATTACH),
    "os-detach": Action(_detach, rules.DETACH, schemas.DETACH),
    "os-force_detach": Action(_force_detach, rules.FORCE_DETACH, schemas.FORCE_DETACH),
    "os-initialize_connection": Action(_initialize, rules.INITIALIZE, schemas.INITIALIZE),
    "os-terminate_connection": Action(_terminate, rules.TERMINATE, schemas.TERMINATE),
    "os-update_readonly_flag": Action(_readonly, rules.UPDATE_READONLY, schemas.READONLY),
}
