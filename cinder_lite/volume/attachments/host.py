# SPDX-License-Identifier: Apache-2.0
"""The volume service's part of an attachment: nodes are let in, and let out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import volume_attachments as db
from cinder_lite.db import volumes
from cinder_lite.objects import Attachment, utcnow
from cinder_lite.volume import exports
from cinder_lite.volume.attachments import rules
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.connection_info import same_node

LOG = logging.getLogger(__name__)

_CONNECTABLE = (
    states.ATTACHMENT_RESERVED,
    states.ATTACHMENT_ATTACHING,
    states.ATTACHMENT_ATTACHED,
    states.ATTACHMENT_ERROR_ATTACHING,
)


def update(
    backend: Backend,
    context: RequestContext,
    volume_id: str,
    connector: dict[str, Any],
    attachment_id: str,
) -> dict[str, Any]:
    """Let the node of an attachment in, and record how it connects.

    :returns: the connection's data, flat, as the API shows it
    :raises InvalidVolume: the attachment has ended, or the volume may not be attached any more
    :raises VolumeBackendAPIException: the backend can not serve that node
    """
    admin = context.elevated()
    attachment = db.get(admin, attachment_id)
    may = [rules.movement(volumes.get(admin, volume_id), attachment.instance_uuid)]
    said = attachment.attach_mode
    mode = said if said in ("rw", "ro") else connector.get("mode") or "rw"
    asked = {**connector, "mode": mode}
    # Before the node is let in: whoever lets another attachment of that node out must see this one.
    if not db.advance(attachment_id, volume_id, _CONNECTABLE, {"connector": asked}, may):
        raise _refused(volume_id, may)
    try:
        info = exports.initialize(backend, context, volume_id, asked)
    except Exception:
        db.note(attachment_id, {"connector": attachment.connector})
        raise
    flat = {
        **info.pop("data", {}),
        **info,
        "attachment_id": attachment_id,
        "enforce_multipath": bool(connector.get("enforce_multipath", False)),
    }
    values = {
        "attach_status": states.ATTACHMENT_ATTACHING,
        "connector": asked,
        "connection_info": flat,
        "attached_host": connector.get("host", ""),
        "mountpoint": connector.get("mountpoint", "na"),
        "attach_mode": mode,
        "attach_time": utcnow(),
    }
    if not db.advance(attachment_id, volume_id, _CONNECTABLE, values, may):
        _let_out(backend, context, attachment, asked)
        db.note(attachment_id, {"connector": attachment.connector})
        raise _refused(volume_id, may)
    if attachment.connector and not same_node(attachment.connector, asked):
        # It was another node's before; that one is not named any more.
        _let_out(backend, context, attachment, attachment.connector)
    return flat


def _refused(volume_id: str, may: Sequence[cond.Condition]) -> exception.InvalidVolume:
    refused = volumes.refusals(volume_id, may) or ["the attachment has ended meanwhile."]
    return exception.InvalidVolume(
        reason=f"volume {volume_id} can not be attached: " + " Also, ".join(refused)
    )


def _let_out(
    backend: Backend, context: RequestContext, attachment: Attachment, connector: dict[str, Any]
) -> None:
    try:
        exports.terminate(
            backend,
            context,
            attachment.volume_id,
            connector,
            force=True,
            attachment_id=attachment.id,
        )
    except Exception:
        LOG.exception("Volume %s: a node that was let in stays", attachment.volume_id)


def delete(backend: Backend, context: RequestContext, volume_id: str, attachment_id: str) -> None:
    """Let the node of an attachment out; the attachment itself is ended by who asked.

    :raises VolumeBackendAPIException: the backend could not
    """
    attachment = db.get(context.elevated(), attachment_id)
    if not attachment.connector:
        # Of a server that is on no compute host: nobody was let in.
        return
    shared = exports.terminate(
        backend,
        context,
        volume_id,
        attachment.connector,
        force=False,
        attachment_id=attachment_id,
    )
    if not shared:
        _remove_last_export(backend, context, volume_id, attachment_id)


def _remove_last_export(
    backend: Backend, context: RequestContext, volume_id: str, attachment_id: str
) -> None:
    """End a volume's export if nobody uses it any more; that this fails keeps nobody attached."""
    if any(a.connector for a in db.of_volume(volume_id) if a.id != attachment_id):
        return
    try:
        exports.remove(backend, context, volume_id)
    except Exception:
        LOG.exception("Volume %s: it is detached, but its export stays", volume_id)


def detach(
    backend: Backend, context: RequestContext, volume_id: str, attachment_id: str | None
) -> None:
    """End an attachment on the word of ``os-detach``; one that is no more has ended already.

    :param attachment_id: None where the volume has but one
    :raises InvalidVolume: it has several
    """
    attachments = db.of_volume(volume_id)
    if attachment_id is None and len(attachments) > 1:
        raise exception.InvalidVolume(
            reason=f"volume {volume_id} can not be detached: it has {len(attachments)} attachments "
            "and the request names none of them."
        )
    ended = next((a for a in attachments if attachment_id in (None, a.id)), None)
    if ended is not None:
        if ended.connector:
            delete(backend, context, volume_id, ended.id)
        elif len(attachments) == 1:
            exports.remove(backend, context, volume_id)
    db.remove(ended.id if ended is not None else str(attachment_id), volume_id)
    LOG.info("Volume %s: detached", volume_id)
