# SPDX-License-Identifier: Apache-2.0
"""The scheduler's part of what takes room where a volume is: extending it, and its snapshots.

The backend is settled; the filters only say whether it has the room. As in Cinder, a snapshot is
asked for by its size alone, and a volume that grows with its type and zone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oslo_log import log as logging

from cinder_lite import exception, message, states
from cinder_lite import host as host_name
from cinder_lite.context import RequestContext
from cinder_lite.db import growth, snapshots, volumes
from cinder_lite.objects import Snapshot, Volume
from cinder_lite.scheduler import failures
from cinder_lite.scheduler.driver import Scheduler
from cinder_lite.scheduler.ledger import extension_key, snapshot_key
from cinder_lite.scheduler.readiness import Readiness
from cinder_lite.volume.create.spec import request_spec, volume_type_of
from cinder_lite.volume.rpcapi import VolumeAPI

LOG = logging.getLogger(__name__)


class InPlace:
    """Admits extensions and snapshots to their volume's backend.

    :param driver: asks the filters
    :param readiness: knows which backends are yet to report
    :param volume_rpcapi: the volume services' client
    """

    def __init__(self, driver: Scheduler, readiness: Readiness, volume_rpcapi: VolumeAPI) -> None:
        self._driver = driver
        self._readiness = readiness
        self._volume_rpcapi = volume_rpcapi

    def extend(self, context: RequestContext, volume_id: str, new_size: int) -> None:
        """Have a volume grown, or give it its status and its project the quota back.

        :param new_size: GiB
        """
        admin = context.elevated()
        try:
            volume = volumes.get(admin, volume_id)
        except exception.VolumeNotFound:
            LOG.info("Volume %s was deleted before it was extended", volume_id)
            return
        if growth.growing_to(volume_id) != new_size:
            # The message was late, and the volume's service has not waited for it.
            LOG.info("Volume %s is not to be extended to %s GiB any more", volume_id, new_size)
            return
        spec = request_spec(volume, volume_type_of(admin, volume))
        spec |= {"operation": "extend_volume", "promise": extension_key(volume_id)}
        error = self._admit(
            context,
            volume,
            spec,
            {"new_size": new_size},
            lambda: self._volume_rpcapi.extend_volume(context, volume, new_size),
        )
        if error is not None:
            _refuse_extension(context, volume, spec, new_size, error)

    def create_snapshot(self, context: RequestContext, snapshot_id: str) -> None:
        """Have a snapshot made, or set its status to error and give its quota back."""
        admin = context.elevated()
        try:
            snapshot = snapshots.get(admin, snapshot_id)
            volume = volumes.get(admin, snapshot.volume_id)
        except (exception.SnapshotNotFound, exception.VolumeNotFound):
            LOG.info("Snapshot %s was deleted before it was made", snapshot_id)
            return
        spec = {
            "volume_id": volume.id,
            "snapshot_id": snapshot_id,
            "volume_properties": {"size": snapshot.volume_size},
            "volume_type": {},
            "operation": "create_snapshot",
            "promise": snapshot_key(snapshot_id),
        }
        error = self._admit(
            context,
            volume,
            spec,
            {},
            lambda: self._volume_rpcapi.create_snapshot(context, volume.host, snapshot_id),
        )
        if error is not None:
            _refuse_snapshot(context, snapshot, spec, error)

    def _admit(
        self,
        context: RequestContext,
        volume: Volume,
        spec: dict[str, Any],
        properties: dict[str, Any],
        tell: Callable[[], None],
    ) -> Exception | None:
        """Ask the filters about a volume's own backend and tell its service; return what failed."""
        host = str(volume.host)
        try:
            self._readiness.with_late_reports(
                host_name.service_of(host),
                lambda: self._driver.host_passes_filters(context, host, spec, properties),
            )
            tell()
        except Exception as error:
            self._driver.release(spec)
            return error
        self._driver.confirm(spec)
        return None


def _refuse_extension(
    context: RequestContext, volume: Volume, spec: dict[str, Any], new_size: int, error: Exception
) -> None:
    told = message.create(
        context,
        message.Action.EXTEND_VOLUME,
        volume.id,
        error=error,
        project_id=volume.project_id,
    )
    ended = growth.end(volume.id, grown=False)
    if ended is None:
        message.withdraw(told)
        LOG.info("Volume %s is not being extended any more", volume.id)
        return
    reason = failures.sentence(volume.id, error)
    LOG.error("Volume %s: not extended to %s GiB. %s", volume.id, new_size, reason)
    state = {"status": ended.status, "previous_status": None}
    failures.notify(context, "extend_volume", state, reason, spec)


def _refuse_snapshot(
    context: RequestContext, snapshot: Snapshot, spec: dict[str, Any], error: Exception
) -> None:
    told = message.about_snapshot(context, snapshot, error)
    if not snapshots.fail(snapshot.id):
        message.withdraw(told)
        LOG.info("Snapshot %s is not being made any more", snapshot.id)
        return
    reason = failures.sentence(snapshot.volume_id, error)
    LOG.error("Snapshot %s of volume %s: not made. %s", snapshot.id, snapshot.volume_id, reason)
    failures.send(
        context,
        "create_snapshot",
        {
            "request_spec": spec,
            "snapshot_id": snapshot.id,
            "state": states.ERROR,
            "method": "create_snapshot",
            "reason": reason,
        },
    )
