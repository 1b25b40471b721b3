# SPDX-License-Identifier: Apache-2.0
"""Letting other backends' services read this backend's snapshots, to make volumes of them."""

from __future__ import annotations

from typing import Any

from oslo_log import log as logging

from cinder_lite import exception
from cinder_lite.context import RequestContext
from cinder_lite.db import snapshots
from cinder_lite.objects import Snapshot
from cinder_lite.volume.backend import Backend

LOG = logging.getLogger(__name__)


def initialize(
    backend: Backend, context: RequestContext, snapshot_id: str, connector: dict[str, Any]
) -> dict[str, Any]:
    """Let a node read a snapshot.

    :returns: ``{'driver_volume_type': …, 'data': {…}}``
    :raises VolumeBackendAPIException: the backend can not serve that node
    """
    snapshot = snapshots.get(context, snapshot_id)
    try:
        update = backend.driver.create_export_snapshot(context, snapshot, connector)
        if update:
            snapshots.update(snapshot_id, update)
            snapshot = snapshot.replace(**update)
        info = backend.driver.initialize_connection_snapshot(snapshot, connector)
    except NotImplementedError:
        raise exception.VolumeBackendAPIException(
            data=f"snapshot {snapshot_id} can not be read from another backend: the driver "
            f"{type(backend.driver).__name__} of {backend.service_host} connects volumes only."
        ) from None
    except Exception:
        _take_back(backend, context, snapshot)
        raise
    return info


def terminate(
    backend: Backend, context: RequestContext, snapshot_id: str, connector: dict[str, Any]
) -> None:
    """End a node's reading of a snapshot, and its export."""
    snapshot = snapshots.get(context, snapshot_id)
    backend.driver.terminate_connection_snapshot(snapshot, connector, force=True)
    backend.driver.remove_export_snapshot(context, snapshot)


def _take_back(backend: Backend, context: RequestContext, snapshot: Snapshot) -> None:
    try:
        backend.driver.remove_export_snapshot(context, snapshot)
    except Exception:
        LOG.exception("Snapshot %s: its export stays", snapshot.id)
