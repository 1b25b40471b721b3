# SPDX-License-Identifier: Apache-2.0
"""Actions that change a volume's size or data, or forget it."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception, policy, states
from cinder_lite.api import deps, faults, validation
from cinder_lite.api.request import Request
from cinder_lite.api.schemas import volume_data as schemas
from cinder_lite.api.v3.action import Action
from cinder_lite.db import snapshots
from cinder_lite.objects import Volume
from cinder_lite.policies import manageable as manageable_rules
from cinder_lite.policies import volume_data as rules

_EXTEND_IN_USE = 42


class _Conflict(exception.CinderLiteException):
    """The volume or its snapshot is in another state than the action needs."""

    code = 409
    safe = True


def _size(content: dict[str, Any]) -> int:
    """Return the new size.

    :raises BadRequest: it is more than a volume can have
    """
    size = int(content["new_size"])
    if not 1 <= size < 2**31:
        raise faults.BadRequest(
            f"Invalid input for field/attribute new_size. Value: {content['new_size']}. It must "
            "be from 1 to 2147483647."
        )
    return size


def _extend(request: Request, volume: Volume, content: dict[str, Any]) -> None:
    attached = request.minor >= _EXTEND_IN_USE and volume.status == states.IN_USE
    rule = rules.EXTEND_ATTACHED if attached else rules.EXTEND
    policy.authorize(request.context, rule, volume.project_id)
    deps.volume_api().extend(request.context, volume, _size(content), attached=attached)


def _extend_completion(request: Request, volume: Volume, content: dict[str, Any]) -> None:
    given = content.get("error")
    error = validation.boolean(given, "error") if given is not None else False
    deps.volume_api().extend_volume_completion(request.context, volume, error=error)


def _revert(request: Request, volume: Volume, content: dict[str, Any]) -> None:
    latest = next(iter(snapshots.of_volume(volume.id)), None)
    if latest is None:
        raise faults.BadRequest(f"Volume {volume.id} doesn't have any snapshots.")
    asked = content.get("snapshot_id")
    if asked is None or asked.lower() != latest.id:
        raise faults.BadRequest(
            f"Specified snapshot {asked} is None or not the latest one of volume {volume.id}."
        )
    if volume.size != latest.volume_size:
        raise faults.BadRequest(
            f"Can't revert volume {volume.id} to its latest snapshot {latest.id}. The volume size "
            "must be equal to the snapshot size."
        )
    policy.authorize(request.context, rules.REVERT, volume.project_id)
    try:
        deps.volume_api().revert_to_snapshot(request.context, volume, latest)
    except (exception.InvalidVolume, exception.InvalidSnapshot) as error:
        raise _Conflict(error.msg) from None


def _unmanage(request: Request, volume: Volume, _content: Any) -> None:
    deps.volume_api().unmanage(request.context, volume)


ACTIONS = {
    "os-extend": Action(_extend, rules.EXTEND_ANY, schemas.EXTEND, check=_size),
    "os-extend_volume_completion": Action(
        _extend_completion, rules.EXTEND_COMPLETION, schemas.EXTEND_COMPLETION
    ),
    "revert": Action(_revert, rules.GET, schemas.REVERT),
    "os-unmanage": Action(_unmanage, manageable_rules.UNMANAGE_VOLUME, schemas.UNMANAGE),
}
