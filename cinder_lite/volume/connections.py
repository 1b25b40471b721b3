# SPDX-License-Identifier: Apache-2.0
"""Volumes attached to this node for a copy: export, connect, disconnect, end the export.

A volume of this backend is exported by its driver; one of another backend by that backend's
service, asked over RPC. The connection on this node is os-brick's.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any, NamedTuple

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import concurrency
from cinder_lite.context import RequestContext
from cinder_lite.objects import Volume
from cinder_lite.volume import exports
from cinder_lite.volume.backend import Backend

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

LOCAL_PROTOCOLS = frozenset({"file", "local"})
"""Storage protocols whose volumes need no initiator on this node."""


class Attached(NamedTuple):
    """A volume that is connected to this node."""

    path: Any
    """A device's or file's path, or an object with read and write where there is no path."""
    device: dict[str, Any]
    """What os-brick's connect_volume returned."""
    properties: dict[str, Any]
    """What the driver's initialize_connection returned."""


def connector_properties(backend: Backend, protocol: str | None) -> dict[str, Any]:
    """Return what identifies this node to a backend.

    :param protocol: the backend's storage protocol; a local one needs no questions to initiators
    """
    if (protocol or "").lower() in LOCAL_PROTOCOLS:
        return {
            "host": socket.gethostname(),
            "ip": CONF.my_ip,
            "multipath": False,
            "do_local_attach": False,
        }
    properties: dict[str, Any] = _brick_library().get_connector_properties(
        root_helper(),
        CONF.my_ip,
        backend.configuration.use_multipath_for_image_xfer,
        backend.configuration.enforce_multipath_for_image_xfer,
    )
    return properties


def root_helper() -> str:
    """Return the command under which os-brick runs what needs root."""
    return f"sudo cinder-lite-rootwrap {CONF.rootwrap_config}"


@contextlib.contextmanager
def attached(
    backend: Backend,
    context: RequestContext,
    volume: Volume,
    *,
    protocol: str | None,
    remote: bool,
) -> Iterator[Attached]:
    """Attach a volume to this node for the time of a ``with`` block.

    :param protocol: storage protocol of the volume's backend
    :param remote: another service looks after the volume
    """
    connector = connector_properties(backend, protocol)
    if remote:
        properties = backend.volume_rpcapi.initialize_connection(context, volume, connector)
    else:
        properties = exports.initialize(backend, context, volume.id, connector)
    try:
        brick = _brick(properties)
        device = brick.connect_volume(properties["data"])
        try:
            yield Attached(device["path"], device, properties)
        finally:
            brick.disconnect_volume(properties["data"], device, force=True)
    finally:
        _end_export(backend, context, volume, connector, remote=remote)


def _brick_library() -> Any:
    return concurrency.library("os_brick.initiator.connector")  # half a second of imports


def _brick(properties: dict[str, Any]) -> Any:
    return _brick_library().InitiatorConnector.factory(
        properties["driver_volume_type"].upper(),
        root_helper(),
        use_multipath=properties["data"].get("multipath", False),
        device_scan_attempts=3,
        conn=properties,
    )


def _end_export(
    backend: Backend,
    context: RequestContext,
    volume: Volume,
    connector: dict[str, Any],
    *,
    remote: bool,
) -> None:
    """End the access and the export; a failure is logged, the copy's own outcome counts."""
    try:
        if remote:
            backend.volume_rpcapi.terminate_connection(context, volume, connector, force=True)
            backend.volume_rpcapi.remove_export(context, volume)
        else:
            exports.terminate(backend, context, volume.id, connector, force=True)
            exports.remove(backend, context, volume.id)
    except Exception:
        LOG.exception("Volume %s: its export to this node could not be ended", volume.id)
