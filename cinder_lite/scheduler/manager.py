# SPDX-License-Identifier: Apache-2.0
"""The RPC endpoints of cinder-lite-scheduler, and what it does now and then by itself."""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Sequence
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import concurrency, flow, rpc
from cinder_lite.context import RequestContext, admin_context
from cinder_lite.db import messages
from cinder_lite.log_endpoints import LogEndpoints
from cinder_lite.scheduler import driver as scheduler_driver
from cinder_lite.scheduler import failures, groups, retypes
from cinder_lite.scheduler.in_place import InPlace
from cinder_lite.scheduler.migrations import Moves
from cinder_lite.scheduler.readiness import Readiness
from cinder_lite.scheduler.rpcapi import SchedulerAPI
from cinder_lite.service import Periodic
from cinder_lite.volume.rpcapi import VolumeAPI

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

POOLS_WAIT_SECONDS = 2.0
"""How long a new scheduler waits for reports when it is asked for the pools; callers time out."""


class SchedulerManager(LogEndpoints):
    """Chooses backends for new and moving volumes.

    :param driver: chooses (default: an instance of ``scheduler_driver``)
    :param volume_rpcapi: the volume services' client (default: a new one)
    """

    RPC_API_VERSION = SchedulerAPI.RPC_API_VERSION
    target = rpc.endpoint_target(RPC_API_VERSION)

    def __init__(
        self,
        driver: scheduler_driver.Scheduler | None = None,
        volume_rpcapi: VolumeAPI | None = None,
    ) -> None:
        self.volume_rpcapi = volume_rpcapi if volume_rpcapi is not None else VolumeAPI()
        self.driver = driver if driver is not None else _load_driver(self.volume_rpcapi)
        self._readiness = Readiness(
            self.driver.host_manager, lambda: self.request_service_capabilities(admin_context())
        )
        self._moves = Moves(self.driver, self._readiness, self.volume_rpcapi)
        self._in_place = InPlace(self.driver, self._readiness, self.volume_rpcapi)

    # --- start -------------------------------------------------------------------------------

    def init_host(self) -> None:
        """Begin: from now on the backends have ``scheduler_driver_init_wait_time`` to report."""
        self._readiness.start()

    def started(self) -> None:
        """Ask for the backends' reports: messages arrive now."""
        self.request_service_capabilities(admin_context())

    def periodics(self) -> Sequence[Periodic]:
        """Return the periodic work."""
        context = admin_context()
        return (
            Periodic(
                CONF.migration_settle_interval, functools.partial(self.settle_migrations, context)
            ),
            Periodic(
                CONF.migration_settle_interval,
                functools.partial(failures.fail_lost_volumes, context),
            ),
            Periodic(CONF.migration_settle_interval, functools.partial(groups.fail_lost, context)),
            Periodic(CONF.message_reap_interval, _reap_messages),
        )

    def is_working(self) -> bool:
        """Tell whether the heartbeat may say that all is well: a scheduler that runs is well."""
        return True

    def drain(self) -> None:
        """Nothing is to be brought to an end: every decision is one short step."""

    def reset(self) -> None:
        """Take up changed options: those are read when they are used."""

    def request_service_capabilities(self, context: RequestContext) -> None:
        """Ask every volume service for a report, so that a new scheduler need not wait for one."""
        self.volume_rpcapi.publish_service_capabilities(context)

    # --- endpoints ---------------------------------------------------------------------------

    def update_service_capabilities(
        self,
        context: RequestContext,
        service_name: str,
        host: str,
        capabilities: dict[str, Any],
        timestamp: str | None = None,
    ) -> None:
        """Take a volume service's report.

        :param host: ``host@backend``
        :param timestamp: when its figures were taken, ISO 8601, UTC
        """
        self.driver.host_manager.update_service_capabilities(
            service_name, host, capabilities, timestamp
        )

    def get_pools(
        self, context: RequestContext, filters: dict[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Return every backend's pools: ``{'name': host@backend#pool, 'capabilities': {…}}``.

        :param filters: ``name``, ``volume_type`` or capabilities, and the values they must have
        :raises VolumeTypeNotFound: ``volume_type`` names none
        """
        self._readiness.wait(POOLS_WAIT_SECONDS)
        return self.driver.get_pools(context, filters or {})

    def create_volume(
        self,
        context: RequestContext,
        topic: str,
        volume_id: str,
        snapshot_id: str | None = None,
        image_id: str | None = None,
        request_spec: dict[str, Any] | None = None,
        filter_properties: dict[str, Any] | None = None,
    ) -> None:
        """Choose a backend for a new volume; without one, the volume's status becomes ``error``."""
        spec = {
            **(request_spec or {}),
            "volume_id": volume_id,
            "operation": "create_volume",
            "snapshot_id": snapshot_id,
            "image_id": image_id,
        }
        properties = dict(filter_properties or {})
        self._readiness.when_ready(lambda: self._create_volume(context, spec, properties))

    def _create_volume(
        self, context: RequestContext, spec: dict[str, Any], filter_properties: dict[str, Any]
    ) -> None:
        # It brings taskflow.
        create_volume = concurrency.library("cinder_lite.scheduler.flows.create_volume")

        def schedule(*request: Any) -> None:
            self._readiness.with_late_reports(
                None, lambda: self.driver.schedule_create_volume(*request)
            )

        given = {
            "context": context,
            "request_spec": spec,
            "filter_properties": filter_properties,
            "schedule": schedule,
        }
        # The flow has told whom it concerns; nobody waits for an answer here.
        with contextlib.suppress(Exception):
            flow.run(create_volume.get_flow(), given)

    def extend_volume(self, context: RequestContext, volume_id: str, new_size: int) -> None:
        """See whether a volume's backend has room for its growth, and tell the backend.

        Without that, the volume is as it was before and its reservation is given back.
        """
        self._readiness.when_ready(lambda: self._in_place.extend(context, volume_id, new_size))

    def create_snapshot(self, context: RequestContext, snapshot_id: str) -> None:
        """See whether a volume's backend has room for a snapshot, and tell the backend.

        Without that, the snapshot's status becomes ``error``.
        """
        self._readiness.when_ready(lambda: self._in_place.create_snapshot(context, snapshot_id))

    def create_group(
        self, context: RequestContext, group_id: str, request_specs: list[dict[str, Any]]
    ) -> None:
        """Choose a backend for a new group; without one, the group's status becomes ``error``."""
        self._readiness.when_ready(
            lambda: groups.place(self.driver, context.elevated(), group_id, request_specs)
        )

    def migrate_volume_to_host(
        self,
        context: RequestContext,
        topic: str,
        volume_id: str,
        host: str,
        force_host_copy: bool,
        request_spec: dict[str, Any] | None,
        filter_properties: dict[str, Any] | None = None,
    ) -> None:
        """See whether ``host`` can take a volume, and tell the volume's own host to move it.

        If it can not, the volume's ``migration_status`` becomes ``error``, a lock is taken off, and
        the migration's record says why.

        :param host: ``host@backend`` or ``host@backend#pool``
        :param request_spec: with ``migration_id``, the record's id
        """
        self._moves.schedule(
            context,
            {**(request_spec or {}), "volume_id": volume_id},
            host,
            force_host_copy=force_host_copy,
            filter_properties=filter_properties or {},
        )

    def retype(self, context: RequestContext, volume_id: str, request_spec: dict[str, Any]) -> None:
        """Choose where a volume with its new type goes, and tell its own host.

        If no backend will do, the volume keeps its type, and the log says why.

        :param request_spec: with ``volume_type``, the new one, and ``migration_policy``
        """
        spec = {**request_spec, "volume_id": volume_id, "operation": "retype"}
        self._readiness.when_ready(
            lambda: retypes.schedule(
                context, self.driver, self._readiness, self.volume_rpcapi, spec
            )
        )

    def do_cleanup(self, context: RequestContext) -> None:
        """Take up, now, the moves that no scheduler has in hand; give up what is too old."""
        self._moves.settle(at_once=True)
        failures.fail_lost_volumes(context.elevated())

    # --- now and then ------------------------------------------------------------------------

    def settle_migrations(self, context: RequestContext) -> None:
        """Take up moves whose message never reached a scheduler; give up those that are too old."""
        self._moves.settle()


def _reap_messages() -> None:
    """Remove the messages whose time is over."""
    gone = messages.destroy_expired()
    if gone:
        LOG.info("%d messages have expired and are removed", gone)


def _load_driver(volume_rpcapi: VolumeAPI) -> scheduler_driver.Scheduler:
    module, _, name = CONF.scheduler_driver.rpartition(".")
    loaded: scheduler_driver.Scheduler = getattr(importlib.import_module(module), name)(
        volume_rpcapi=volume_rpcapi
    )
    return loaded
