# SPDX-License-Identifier: Apache-2.0
"""What the attachments resource may start: promised, connected, complete, ended."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import volume_admin_metadata as notes
from cinder_lite.db import volume_attachments as db
from cinder_lite.db import volumes
from cinder_lite.objects import Attachment, Volume
from cinder_lite.volume.attachments import guard, rules
from cinder_lite.volume.connection_info import same_node
from cinder_lite.volume.rpcapi import VolumeAPI

LOG = logging.getLogger(__name__)

UNSAID = "null"
"""Mode of an attachment that leaves it to the connector; Cinder shows this word."""

_TRIES = 10
"""How often an attachment that others update is tried to be ended."""
_COMPLETABLE = (
    states.ATTACHMENT_RESERVED,
    states.ATTACHMENT_ATTACHING,
    states.ATTACHMENT_ATTACHED,
)


class AttachmentFailed(exception.CinderLiteException):
    """The volume service could not let the node in; clients try a 500 again."""

    message = "Unable to %(what)s (%(reason)s)."
    safe = True


class AttachmentAPI:
    """Attachments as requests see them.

    :param rpcapi: returns the volume services' client
    """

    def __init__(self, rpcapi: Callable[[], VolumeAPI]) -> None:
        self._rpcapi = rpcapi

    def create(
        self,
        context: RequestContext,
        volume: Volume,
        instance_uuid: str | None,
        connector: dict[str, Any] | None = None,
        mode: str | None = None,
    ) -> Attachment:
        """Promise a volume to a server or host, and let it in if it says how it connects.

        :param instance_uuid: the server; None for a host of its own
        :param connector: who connects; None: that comes with :meth:`update`
        :param mode: ``rw``, ``ro`` or None
        :returns: the attachment as it was promised, with the connection's data if it has one
        :raises InvalidVolume: the volume's state forbids it
        :raises AttachmentFailed: the node could not be let in; nothing is left of it, unless it can
            not be let out either
        """
        if "error" in (volume.status or ""):
            raise exception.InvalidVolume(
                reason=f"volume {volume.id} can not be attached: its status is {volume.status}."
            )
        if notes.get(volume.id).get("readonly") == "True":
            mode = "ro"
        attachment = self._reserve(volume, instance_uuid, mode or UNSAID)
        LOG.info("Volume %s: promised to attachment %s", volume.id, attachment.id)
        info: dict[str, Any] = {}
        if connector:
            try:
                with _told("create attachment for volume"):
                    info = self._let_in(context, volume, connector, attachment)
            except Exception:
                self._forget(context, attachment)
                raise
            # Until somebody updates it, the attachment shows the mode that was asked for.
            db.note(attachment.id, {"attach_mode": attachment.attach_mode})
        return _shown(attachment, info)

    def _reserve(self, volume: Volume, instance_uuid: str | None, mode: str) -> Attachment:
        values: dict[str, Any] = {
            "instance_uuid": instance_uuid,
            "attach_status": states.ATTACHMENT_RESERVED,
            "attach_mode": mode,
            "connection_info": {},
        }
        wanted = rules.to_reserve(volume)

        def reserve() -> Attachment | None:
            made = db.reserve(volume.id, wanted, values, {"status": states.RESERVED})
            if made is None and instance_uuid is not None:
                again = rules.to_reserve_again(volume, instance_uuid)
                made = db.reserve(volume.id, again, values, {})
            if made is None and instance_uuid is not None:
                back = rules.to_reserve_back(instance_uuid)
                made = db.reserve(volume.id, back, values, {})
            return made

        return rules.decided(volume, wanted, reserve, "can not be attached")

    def _let_in(
        self,
        context: RequestContext,
        volume: Volume,
        connector: dict[str, Any],
        attachment: Attachment,
    ) -> dict[str, Any]:
        return rules.asked(
            context,
            volume,
            lambda now: self._rpcapi().attachment_update(context, now, connector, attachment.id),
        )

    def _forget(self, context: RequestContext, attachment: Attachment) -> None:
        """Take a promise back after a failure; the failure itself is what the caller hears of.

        The node may have been let in, although nobody heard of it. Where it can not be let out,
        the attachment stays, so that it can be ended later.
        """
        try:
            admin = context.elevated()
            volume = volumes.get(admin, attachment.volume_id)
            self._end(context, volume, db.get(admin, attachment.id))
        except Exception:
            LOG.exception(
                "Volume %s: the attachment %s that failed could not be taken back; end it with "
                "attachment-delete",
                attachment.volume_id,
                attachment.id,
            )

    def update(
        self, context: RequestContext, attachment: Attachment, connector: dict[str, Any]
    ) -> Attachment:
        """Let the node in that an attachment's connector names.

        :returns: the attachment as it was before, with the connection's data
        :raises ResourceConflict: the volume is in error, or has a connection that is not shared
        :raises ConflictNovaUsingAttachment: another node would be let out, by which a server uses
            the volume, and it is not Nova who asks
        :raises AttachmentFailed: the node could not be let in
        """
        if attachment.connector and not same_node(attachment.connector, connector):
            guard.check_end(context, attachment)
        volume = volumes.get(context, attachment.volume_id)
        if "error" in (volume.status or ""):
            raise exception.ResourceConflict(
                reason=f"attachment {attachment.id} can not be updated, as the status of volume "
                f"{volume.id} is {volume.status}."
            )
        others = [a for a in db.of_volume(volume.id) if a.id != attachment.id]
        if not volume.multiattach and any(a.connection_info for a in others):
            raise exception.ResourceConflict(
                reason=f"duplicate connectors detected on volume {volume.id}"
            )
        with _told("update attachment"):
            info = self._let_in(context, volume, connector, attachment)
        LOG.info("Volume %s: attachment %s connects", volume.id, attachment.id)
        return _shown(attachment, info)

    def complete(self, context: RequestContext, attachment: Attachment) -> None:
        """Record that the node has connected.

        :raises InvalidVolume: the attachment has failed or has ended
        """
        volume = volumes.get(context, attachment.volume_id)
        values = {"attach_status": states.ATTACHMENT_ATTACHED}
        if not db.advance(attachment.id, volume.id, _COMPLETABLE, values):
            raise exception.InvalidVolume(
                reason=f"attachment {attachment.id} of volume {volume.id} can not be completed: "
                f"it is {attachment.attach_status}, or has ended."
            )
        LOG.info("Volume %s: attachment %s is complete", volume.id, attachment.id)

    def delete(self, context: RequestContext, attachment: Attachment) -> list[Attachment]:
        """End an attachment: the node is let out, then the attachment is no more.

        :returns: the volume's other attachments
        :raises ConflictNovaUsingAttachment: a server uses it, and it is not Nova who asks
        :raises InvalidVolume: others go on updating it
        """
        guard.check_end(context, attachment)
        return self._end(context, volumes.get(context, attachment.volume_id), attachment)

    def _end(
        self, context: RequestContext, volume: Volume, attachment: Attachment
    ) -> list[Attachment]:
        for _ in range(_TRIES):
            promised = attachment.attach_status == states.ATTACHMENT_RESERVED
            if not promised or attachment.connector:
                self._rpcapi().attachment_delete(context, volume, attachment.id)
            remaining = db.remove_as_seen(attachment)
            if remaining is not None:
                LOG.info("Volume %s: attachment %s has ended", volume.id, attachment.id)
                return remaining
            # A node was let in by it since it was read: that one is let out too.
            attachment = db.get(context, attachment.id)
        raise exception.InvalidVolume(
            reason=f"attachment {attachment.id} of volume {volume.id} can not be ended: it is "
            "being updated all the time."
        )


def _shown(attachment: Attachment, info: dict[str, Any]) -> Attachment:
    """Return an attachment as answers show it: as it was, with the data of its connection."""
    values = {name: getattr(attachment, name) for name in Attachment.__slots__}
    return Attachment(**{**values, "connection_info": info})


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    """Tell the caller why the volume service failed, as Cinder does."""
    try:
        yield
    except (exception.Invalid, exception.Duplicate, exception.NotFound, exception.NotAuthorized):
        raise
    except exception.CinderLiteException as error:
        reason = exception.sentence_of(error).partition("\nTraceback")[0]
        LOG.exception("It was not possible to %s", what)
        raise AttachmentFailed(what=what, reason=reason.rstrip(".")) from error
