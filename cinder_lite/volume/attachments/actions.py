# SPDX-License-Identifier: Apache-2.0
"""The older actions on a volume: reserve, attach, detach and the connections beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import attached_volumes, volumes
from cinder_lite.db import conditions as cond
from cinder_lite.db import volume_admin_metadata as notes
from cinder_lite.db import volume_attachments as db
from cinder_lite.objects import Volume, utcnow
from cinder_lite.volume.attachments import guard, rules
from cinder_lite.volume.rpcapi import VolumeAPI

LOG = logging.getLogger(__name__)

_CONNECTABLE = (
    states.RESERVED,
    states.ATTACHING,
    states.IN_USE,
    states.DETACHING,
    states.UPLOADING,
    states.DOWNLOADING,
    states.BACKING_UP,
    states.RESTORING_BACKUP,
)
"""Statuses of a volume that something uses: it can not begin to move under a connection."""


_DETACHABLE = (
    states.AVAILABLE,
    states.RESERVED,
    states.ATTACHING,
    states.IN_USE,
    states.DETACHING,
)
"""Statuses in which a volume without attachments may be told that it has none."""


class AttachActions:
    """What the actions do.

    :param rpcapi: returns the volume services' client
    """

    def __init__(self, rpcapi: Callable[[], VolumeAPI]) -> None:
        self._rpcapi = rpcapi

    def reserve(self, context: RequestContext, volume: Volume) -> None:
        """Keep a volume for the caller, who is about to attach it (os-reserve).

        :raises InvalidVolume: its state forbids it
        """
        wanted = rules.to_reserve(volume)
        values = {"status": states.ATTACHING}
        rules.decided(
            volume,
            wanted,
            lambda: volumes.conditional_update(volume.id, values, wanted),
            "can not be reserved",
        )
        LOG.info("Volume %s: reserved", volume.id)

    def unreserve(self, context: RequestContext, volume: Volume) -> None:
        """Give a reservation back; nothing where there is none (os-unreserve)."""
        reserved = cond.In("", "status", (states.ATTACHING,))
        values = {"status": attached_volumes.status_unreserved()}
        if volumes.conditional_update(volume.id, values, [reserved]):
            LOG.info("Volume %s: reserved no more", volume.id)

    def attach(
        self,
        context: RequestContext,
        volume: Volume,
        *,
        instance_uuid: str | None,
        host_name: str | None,
        mountpoint: str,
        mode: str,
    ) -> None:
        """Record that a server or host has attached a volume (os-attach).

        :raises InvalidVolumeAttachMode: the volume is read-only and was attached for writing
        :raises InvalidVolume: its state forbids it
        """
        if volume.status == states.MAINTENANCE:
            raise exception.InvalidVolume(
                reason=f"volume {volume.id} can not be attached in maintenance mode."
            )
        known = notes.get(volume.id)
        if known.get("readonly") == "True" and mode != "ro":
            raise exception.InvalidVolumeAttachMode(mode=mode, volume_id=volume.id)
        for one in db.of_volume(volume.id):
            same = one.instance_uuid if instance_uuid else one.attached_host
            if same == (instance_uuid or host_name):
                attached = states.ATTACHMENT_ATTACHED
                db.advance(one.id, volume.id, (attached,), {"attach_status": attached})
                return
        wanted = rules.to_attach_by_action(volume)
        values = {
            "instance_uuid": instance_uuid,
            "attached_host": host_name,
            "mountpoint": mountpoint,
            "attach_mode": mode,
            "attach_status": states.ATTACHMENT_ATTACHED,
            "attach_time": utcnow(),
        }
        marks = {"status": states.IN_USE, "attach_status": states.ATTACHED}
        rules.decided(
            volume,
            wanted,
            lambda: db.reserve(volume.id, wanted, values, marks),
            "can not be attached",
        )
        notes.update(volume.id, {"readonly": known.get("readonly", "False"), "attached_mode": mode})
        LOG.info("Volume %s: attached to %s", volume.id, instance_uuid or host_name)

    def begin_detaching(self, context: RequestContext, volume: Volume) -> None:
        """Mark a volume as one that is being detached (os-begin_detaching).

        While the volume moves its status stays: Nova asks for this in the middle of a swap.

        :raises InvalidVolume: it is not attached
        """
        wanted = [
            cond.In(
                "its status must be in-use, but is {volume.status}.", "status", (states.IN_USE,)
            ),
            cond.In(
                "its attach_status must be attached, but is {volume.attach_status}.",
                "attach_status",
                (states.ATTACHED,),
            ),
            rules.NOT_MOVING,
        ]

        def change() -> bool:
            if volumes.conditional_update(volume.id, {"status": states.DETACHING}, wanted):
                return True
            now = volumes.get(context.elevated(), volume.id)
            return now.migration_status not in states.MIGRATION_IDLE

        rules.decided(volume, wanted, change, "can not be detached")

    def roll_detaching(self, context: RequestContext, volume: Volume) -> None:
        """Take :meth:`begin_detaching` back; nothing where it was not called."""
        marked = cond.In("", "status", (states.DETACHING,))
        volumes.conditional_update(volume.id, {"status": states.IN_USE}, [marked])

    def detach(
        self, context: RequestContext, volume: Volume, attachment_id: str | None = None
    ) -> None:
        """End an attachment (os-detach).

        :param attachment_id: None where the volume has but one
        :raises ConflictNovaUsingAttachment: a server uses it, and it is not Nova who asks
        :raises InvalidVolume: the volume is locked or moving, or has several attachments
        """
        guard.check_end_of_use(context, volume, attachment_id)
        if volume.status == states.MAINTENANCE:
            raise exception.InvalidVolume(
                reason=f"volume {volume.id} can not be detached in maintenance mode."
            )
        if volume.migration_status in states.MIGRATION_BUSY:
            raise exception.InvalidVolume(
                reason=f"volume {volume.id} can not be detached: it is moving to another backend "
                f"(migration_status is {volume.migration_status})."
            )
        if volume.status not in _DETACHABLE and not db.of_volume(volume.id):
            raise exception.InvalidVolume(
                reason=f"volume {volume.id} can not be detached: it is attached to nothing, and "
                f"its status is {volume.status}."
            )
        self._rpcapi().detach_volume(context, volume, attachment_id)

    def initialize_connection(
        self, context: RequestContext, volume: Volume, connector: dict[str, Any]
    ) -> dict[str, Any]:
        """Let a node use a volume that is reserved or attached (os-initialize_connection).

        :returns: ``{'driver_volume_type': …, 'data': {…}, 'enforce_multipath': …}``
        :raises InvalidVolume: its state forbids it; a volume that nobody has reserved could begin
            to move, and what is written meanwhile would be lost
        """
        if volume.status == states.MAINTENANCE:
            raise exception.InvalidVolume(
                reason=f"volume {volume.id} can not be connected to in maintenance mode."
            )
        used = cond.In(
            "it must be reserved (os-reserve) or attached first; its status is {volume.status}.",
            "status",
            _CONNECTABLE,
        )
        wanted = [used, rules.movement(volume)]
        refused = volumes.refusals(volume.id, wanted)
        if refused:
            raise exception.InvalidVolume(
                reason=f"volume {volume.id} can not be connected to: " + " Also, ".join(refused)
            )
        info = rules.asked(
            context,
            volume,
            lambda now: self._rpcapi().initialize_connection(context, now, connector),
        )
        return {**info, "enforce_multipath": bool(connector.get("enforce_multipath", False))}

    def terminate_connection(
        self,
        context: RequestContext,
        volume: Volume,
        connector: dict[str, Any] | None,
        *,
        force: bool = False,
        attachment_id: str | None = None,
    ) -> None:
        """End a node's use of a volume, and a reservation with it (os-terminate_connection).

        :param connector: the node; None with ``force`` means every node
        :param attachment_id: the attachment of that node, where it is known
        :raises ConflictNovaUsingAttachment: a server uses it, and it is not Nova who asks
        """
        guard.check_end_of_use(context, volume, attachment_id)
        self._rpcapi().terminate_connection(context, volume, connector, force=force)
        self.unreserve(context, volume)

    def force_detach(
        self,
        context: RequestContext,
        volume: Volume,
        connector: dict[str, Any] | None,
        attachment_id: str | None,
    ) -> None:
        """End a connection and an attachment whose node is gone (os-force_detach)."""
        if connector:
            self.terminate_connection(
                context, volume, connector, force=True, attachment_id=attachment_id
            )
        self.detach(context, volume, attachment_id)

    def update_readonly_flag(self, context: RequestContext, volume: Volume, readonly: bool) -> None:
        """Let nobody write to a volume any more, or again (os-update_readonly_flag).

        :raises InvalidVolume: it is not available
        """
        wanted = [
            cond.In(
                "its status must be available, but is {volume.status}.",
                "status",
                (states.AVAILABLE,),
            )
        ]
        rules.decided(
            volume,
            wanted,
            lambda: volumes.conditional_update(volume.id, {}, wanted),
            "can not be made read-only or writable",
        )
        notes.update(volume.id, {"readonly": str(readonly)})
