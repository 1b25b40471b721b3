# SPDX-License-Identifier: Apache-2.0
"""Keeps users from ending an attachment that a server of Nova's uses (CVE-2023-2088).

Taken away under a running server, a volume's device stays on the compute host and may come to name
another tenant's volume. So only Nova, which sends a service token, may end such an attachment.
"""

from __future__ import annotations

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception
from cinder_lite.compute import nova
from cinder_lite.context import RequestContext
from cinder_lite.db import volume_attachments
from cinder_lite.objects import Attachment, Volume

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_SERVICE_ROLES = ("service",)
"""keystonemiddleware's default of service_token_roles, for where it is not loaded."""


def is_service_request(context: RequestContext) -> bool:
    """Tell whether a request carries the token of a service, such as Nova's."""
    try:
        accepted = CONF.keystone_authtoken.service_token_roles
    except (cfg.NoSuchGroupError, cfg.NoSuchOptError):
        accepted = _SERVICE_ROLES
    return bool(set(context.service_roles or ()) & set(accepted))


def check_end(context: RequestContext, attachment: Attachment) -> None:
    """Pass the end of an attachment that no server uses, or that a service asks for.

    :raises ConflictNovaUsingAttachment: a server uses it
    :raises ComputeFailed: Nova could not be asked
    """
    if is_service_request(context):
        return
    # Without either nobody has been told how to connect for that server.
    if not attachment.instance_uuid or not attachment.connection_info:
        return
    if not nova.configured():
        return
    try:
        used = nova.API().attachment_of(context, attachment.instance_uuid, attachment.volume_id)
    except exception.ServerNotFound:
        LOG.warning(
            "Attachment %(id)s of volume %(volume)s is ended: Nova does not know it, or its "
            "server %(server)s; a device may be left on the compute host",
            {
                "id": attachment.id,
                "volume": attachment.volume_id,
                "server": attachment.instance_uuid,
            },
        )
        return
    if used != attachment.id:
        LOG.warning(
            "Attachment %(id)s of volume %(volume)s is ended: its server uses %(used)s; a device "
            "may be left on a compute host",
            {"id": attachment.id, "volume": attachment.volume_id, "used": used},
        )
        return
    raise exception.ConflictNovaUsingAttachment(instance_id=attachment.instance_uuid)


def check_end_of_use(
    context: RequestContext, volume: Volume, attachment_id: str | None = None
) -> None:
    """Pass an old-style detach, or end of a connection, of a volume that no server uses.

    :param attachment_id: the attachment that is to end; None: the only one
    :raises ConflictNovaUsingAttachment: a server uses it, or nobody can say which one is meant
    :raises InvalidInput: it is another volume's attachment
    """
    if is_service_request(context):
        return
    if attachment_id:
        meant = _named(context, volume, attachment_id)
    else:
        attachments = volume_attachments.of_volume(volume.id)
        if not attachments:
            return
        meant = attachments[0] if len(attachments) == 1 else None
    if meant is None:
        # As in Cinder, whether or not there is a Nova: one that a server uses might be meant.
        raise exception.ConflictNovaUsingAttachment(
            f"Which attachment of volume {volume.id} is to end is not known: detach it from its "
            "instance using the Compute API"
        )
    check_end(context, meant)


def _named(context: RequestContext, volume: Volume, attachment_id: str) -> Attachment | None:
    """Return an attachment of a volume, None where the caller sees none of that id."""
    try:
        attachment = volume_attachments.get(context, attachment_id)
    except exception.VolumeAttachmentNotFound:
        return None
    if attachment.volume_id != volume.id:
        raise exception.InvalidInput(
            reason=f"attachment {attachment_id} is not one of volume {volume.id}."
        )
    return attachment
