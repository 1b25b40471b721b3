# SPDX-License-Identifier: Apache-2.0
"""Letting other backends' services read this backend's snapshots, to make volumes of them."""

from __future__ import annotations

from typing import Any

from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import snapshots
from cinder_lite.objects import Snapshot
from cinder_lite.volume import exports
from cinder_lite.volume.backend import Backend

LOG = logging.getLogger(__name__)


def initialize(
    backend: Backend, context: RequestContext, snapshot_id: str, connector: dict[str, Any]
) -> dict[str, Any]:
    """Let a node read a snapshot.

    :returns: ``{'driver_volume_type': …, 'data': {…}}``
    :raises InvalidSnapshot: the snapshot is being deleted
    :raises VolumeBackendAPIException: the backend can not serve that node
    """
    with exports.alone(snapshot_id):
        snapshot = snapshots.get(context, snapshot_id)
        if snapshot.status == states.DELETING:
            raise exception.InvalidSnapshot(
                reason=f"snapshot {snapshot_id} is being deleted and can not be read."
            )
        return _initialize(backend, context, snapshot, connector)


def _initialize(
    backend: Backend, context: RequestContext, snapshot: Snapshot, connector: dict[str, Any]
) -> dict[str, Any]:
    try:
        update = backend.driver.create_export_snapshot(context, snapshot, connector)
        if update:
            snapshots.update(snapshot.id, update)
            snapshot = snapshot.replace(**update)
        return backend.driver.initialize_connection_snapshot(snapshot, connector)
    except NotImplementedError:
        raise exception.VolumeBackendAPIException(
            data=f"snapshot {snapshot.id} can not be read from another backend: the driver "
            f"{type(backend.driver).__name__} of {backend.service_host} connects volumes only."
        ) from None
    except Exception:
        _take_back(backend, snapshot, connector)
        raise


def terminate(
    backend: Backend, context: RequestContext, snapshot_id: str, connector: dict[str, Any]
) -> None:
    """End a node's reading of a snapshot; others read on, so its export goes with itself only."""
    with exports.alone(snapshot_id):
        snapshot = snapshots.get(context, snapshot_id)
        backend.driver.terminate_connection_snapshot(snapshot, connector, force=True)


def _take_back(backend: Backend, snapshot: Snapshot, connector: dict[str, Any]) -> None:
    try:
        backend.driver.terminate_connection_snapshot(snapshot, connector, force=True)
    except Exception:
        LOG.exception("Snapshot %s: what was made for a node that reads it stays", snapshot.id)
