# SPDX-License-Identifier: Apache-2.0
"""What the rooms of the volume API share: the clients of the other services, and the swap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cinder_lite import exception, states
from cinder_lite.db import conditions as cond
from cinder_lite.db import volumes
from cinder_lite.objects import Volume
from cinder_lite.scheduler.rpcapi import SchedulerAPI
from cinder_lite.volume.rpcapi import VolumeAPI

NOT_MOVING = cond.In(
    "the volume is moving to another backend (migration_status is {volume.migration_status}).",
    "migration_status",
    states.MIGRATION_IDLE,
)
NOT_ATTACHED = cond.In("the volume is attached.", "attach_status", (None, states.DETACHED))
NO_GROUP = (
    cond.In("the volume is in the group {volume.group_id}.", "group_id", (None,)),
    cond.In(
        "the volume is in the consistency group {volume.consistencygroup_id}.",
        "consistencygroup_id",
        (None,),
    ),
)


def status_in(*statuses: str) -> cond.Condition:
    """Return the rule that a volume's status is one of these."""
    *most, last = statuses
    named = f"{', '.join(most)} or {last}" if most else last
    return cond.In(f"its status must be {named}, but is {{volume.status}}.", "status", statuses)


class Room:
    """A part of the volume API."""

    def __init__(self) -> None:
        self._scheduler: SchedulerAPI | None = None
        self._volume: VolumeAPI | None = None

    @property
    def scheduler_rpcapi(self) -> SchedulerAPI:
        """The scheduler's client, made at first use: a fork must not share it."""
        if self._scheduler is None:
            self._scheduler = SchedulerAPI()
        return self._scheduler

    @property
    def volume_rpcapi(self) -> VolumeAPI:
        """The volume services' client, made at first use."""
        if self._volume is None:
            self._volume = VolumeAPI()
        return self._volume

    @staticmethod
    def _swap(
        volume: Volume, values: Mapping[str, Any], rules: Sequence[cond.Condition], refusal: str
    ) -> None:
        """Change a volume if every rule holds; otherwise say which do not."""
        for _ in range(2):
            if volumes.conditional_update(volume.id, values, rules):
                return
            refused = volumes.refusals(volume.id, rules)
            if refused:
                raise refusal_of(volume.id, refusal, refused)
        raise exception.InvalidVolume(
            reason=f"volume {volume.id} is being changed by other requests; try again."
        )


def refusal_of(volume_id: str, refusal: str, reasons: Sequence[str]) -> exception.InvalidVolume:
    """Return the error that names every rule which refused.

    :param refusal: what can not be done, e.g. ``can not be deleted``
    """
    return exception.InvalidVolume(
        reason=f"volume {volume_id} {refusal}: " + " Also, ".join(reasons)
    )
