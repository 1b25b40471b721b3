# SPDX-License-Identifier: Apache-2.0
"""What must hold of a volume that is to be attached, and what is said where it does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import volumes
from cinder_lite.objects import Volume

T = TypeVar("T")

_MOVING = (
    "it is moving to another backend (migration_status is {volume.migration_status}), and what "
    "is written meanwhile would be lost."
)
NOT_MOVING = cond.In(_MOVING, "migration_status", states.MIGRATION_IDLE)
NOT_LOCKED = cond.In(
    "it is locked (its status is {volume.status}).",
    "status",
    [status for status in states.VOLUME_STATUSES if status != states.MAINTENANCE],
)
_FOR_NOVA = cond.SwappedByNova(
    "it is the target of a move (migration_status is {volume.migration_status}), whose data Nova "
    "does not copy."
)


def movement(volume: Volume, instance_uuid: str | None = None) -> cond.Condition:
    """Return the rule that keeps a volume from being attached while its data is copied.

    The target of an attached volume's move is attached by Nova, which copies the data. A server
    that let go of its volume for the move gets it back before that has ended.

    :param instance_uuid: the server by which it is to be attached
    """
    target = (volume.migration_status or "").startswith(states.MIGRATION_TARGET_PREFIX)
    if target:
        return _FOR_NOVA
    return cond.NotMovingFor(_MOVING, instance_uuid) if instance_uuid else NOT_MOVING


def to_reserve(volume: Volume) -> list[cond.Condition]:
    """Return what must hold of a volume that is reserved for another attachment."""
    return [
        _status(volume, states.AVAILABLE),
        movement(volume),
        _as_read(volume),
    ]


def to_reserve_again(volume: Volume, instance_uuid: str) -> list[cond.Condition]:
    """Return what must hold of a volume that the server which uses it attaches once more.

    So it does when it goes to another compute host.
    """
    return [
        cond.In(
            "its status must be in-use or reserved, but is {volume.status}.",
            "status",
            (states.IN_USE, states.RESERVED),
        ),
        cond.UsedBy(f"the server {instance_uuid} does not use it.", instance_uuid),
        movement(volume),
    ]


def to_reserve_back(instance_uuid: str) -> list[cond.Condition]:
    """Return what must hold of a volume that a server gets back which let go of it for a move."""
    return [
        cond.GivenBackTo(f"the server {instance_uuid} does not get it back.", instance_uuid),
        cond.NotConnected("it is attached.", ()),
    ]


def to_attach_by_action(volume: Volume) -> list[cond.Condition]:
    """Return what must hold of a volume for ``os-attach``."""
    return [_status(volume, states.AVAILABLE, states.ATTACHING), movement(volume)]


def _status(volume: Volume, *statuses: str) -> cond.Condition:
    allowed = (*statuses, states.IN_USE) if volume.multiattach else statuses
    named = ", ".join(allowed[:-1]) + (" or " if len(allowed) > 1 else "") + allowed[-1]
    more = "" if volume.multiattach else " (its type does not let it be attached more than once)"
    return cond.In(
        f"its status must be {named}, but is {{volume.status}}"
        + (more if volume.status == states.IN_USE else "")
        + ".",
        "status",
        allowed,
    )


def _as_read(volume: Volume) -> cond.Condition:
    return cond.In(
        "its type has changed meanwhile; try again.", "multiattach", (volume.multiattach,)
    )


def decided(
    volume: Volume, rules: Sequence[cond.Condition], change: Callable[[], T | None], refusal: str
) -> T:
    """Make a change that happens only if every rule holds; otherwise say which do not.

    :param change: makes the change; a false value says that a rule refused
    :param refusal: what the volume can not be, or do
    :raises InvalidVolume: some rule refused
    """
    for _ in range(2):
        made = change()
        if made:
            return made
        refused = volumes.refusals(volume.id, rules)
        if refused:
            raise exception.InvalidVolume(
                reason=f"volume {volume.id} {refusal}: " + " Also, ".join(refused)
            )
    raise exception.InvalidVolume(
        reason=f"volume {volume.id} is being changed by other requests; try again."
    )


def asked(context: RequestContext, volume: Volume, ask: Callable[[Volume], T]) -> T:
    """Ask a volume's service something; once more, where the volume has moved to another one.

    :param ask: takes the volume as it is
    :raises InvalidVolume: its service refuses
    """
    try:
        return ask(volume)
    except exception.InvalidVolume:
        now = volumes.get(context.elevated(), volume.id)
        if now.host == volume.host:
            raise
    return ask(now)
