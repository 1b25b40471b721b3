# SPDX-License-Identifier: Apache-2.0
"""Letting nodes use this backend's volumes, and letting them out again."""

from __future__ import annotations

import contextlib
from typing import Any

from oslo_concurrency import lockutils
from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import connections as db_connections
from cinder_lite.db import volumes
from cinder_lite.objects import Volume
from cinder_lite.volume import connection_info
from cinder_lite.volume.backend import Backend

LOG = logging.getLogger(__name__)


def initialize(
    backend: Backend, context: RequestContext, volume_id: str, connector: dict[str, Any]
) -> dict[str, Any]:
    """Let a node use a volume of this backend.

    :param connector: the node, as os-brick's ``get_connector_properties`` tells; ``mode`` may say
        ``ro``
    :returns: ``{'driver_volume_type': …, 'data': {…}}``
    :raises InvalidInput: the connector asks for no such mode
    :raises InvalidVolume: the volume is being deleted, or has moved to another backend
    :raises VolumeBackendAPIException: the backend can not serve that node
    """
    with alone(volume_id):
        volume = volumes.get(context.elevated(), volume_id)
        if volume.status == states.DELETING:
            raise exception.InvalidVolume(
                reason=f"volume {volume.id} is being deleted and can not be connected."
            )
        if volume.service_host != backend.service_host:
            # It was asked before a move ended; what is here is the old data.
            raise exception.InvalidVolume(
                reason=f"volume {volume.id} is on {volume.host} now, not on {backend.service_host}."
            )
        mode = connection_info.access_mode(volume, connector)
        asked = {**connector, "mode": mode}
        update = backend.driver.create_export(context, volume, asked)
        if update:
            volumes.update(volume.id, update)
            volume = volume.replace(**update)
        try:
            info = backend.driver.initialize_connection(volume, asked)
        except Exception:
            _take_back(backend, volume, asked)
            raise
    LOG.info("Volume %s: may be used by %s (%s)", volume.id, _name(connector), mode)
    return connection_info.complete(
        context,
        volume,
        connector,
        info,
        mode=mode,
        discard=bool(backend.configuration.report_discard_supported),
    )


def _take_back(backend: Backend, volume: Volume, connector: dict[str, Any]) -> None:
    """Leave nothing of a connection that failed; other connections of that node stay."""
    if _nodes(volume, connector):
        return
    try:
        backend.driver.terminate_connection(volume, connector, force=True)
    except exception.CinderLiteException as error:
        LOG.error("Volume %s: what was made for %s stays: %s", volume.id, _name(connector), error)


def terminate(
    backend: Backend,
    context: RequestContext,
    volume_id: str,
    connector: dict[str, Any] | None,
    *,
    force: bool,
    attachment_id: str | None = None,
) -> bool:
    """End a node's use of a volume of this backend, unless another attachment of it needs it.

    :param connector: the node; None, or an empty one, means all nodes, and then ``force`` must
        be set: an attachment that never had a node has no use to end
    :param force: end it although the node may still use the volume
    :param attachment_id: the attachment that ends; without it, one attachment of that node does
    :returns: True where the node goes on using the volume by another attachment
    """
    with alone(volume_id):
        volume = volumes.get(context.elevated(), volume_id)
        if not connector:
            if force:
                backend.driver.terminate_connection(volume, None, force=True)
                LOG.info("Volume %s: may be used by nobody any more", volume.id)
            return False
        others = _nodes(volume, connector, besides=attachment_id)
        if others > (0 if attachment_id else 1):
            if attachment_id:
                # Of two that end at once, each would leave the node to the other.
                db_connections.forget(attachment_id)
            LOG.info("Volume %s: stays in use by %s", volume.id, _name(connector))
            return True
        backend.driver.terminate_connection(volume, connector, force=force)
    LOG.info("Volume %s: may be used by %s no more", volume.id, _name(connector))
    return False


def remove(backend: Backend, context: RequestContext, volume_id: str) -> None:
    """Export a volume no more, whoever uses it."""
    with alone(volume_id):
        volume = volumes.get(context.elevated(), volume_id)
        backend.driver.remove_export(context, volume)


def _nodes(volume: Volume, connector: dict[str, Any], besides: str | None = None) -> int:
    """Count the attachments of a volume to a node."""
    found = db_connections.connectors(volume.id, besides=besides)
    return sum(connection_info.same_node(one, connector) for one in found)


def alone(volume_id: str) -> contextlib.AbstractContextManager[Any]:
    """Let one thread at a time change who may use a volume, or delete it."""
    return lockutils.lock(f"connections-{volume_id}")


def _name(connector: dict[str, Any]) -> str:
    return str(connector.get("host") or connector.get("initiator") or "a node without a name")
