# SPDX-License-Identifier: Apache-2.0
"""The RPC endpoints of cinder-lite-volume: guard, look up, hand to the room that does the work."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging
from oslo_utils import importutils

from cinder_lite import concurrency, exception, rpc, states
from cinder_lite import context as request_context
from cinder_lite.conf.backend import BackendConfiguration
from cinder_lite.context import RequestContext
from cinder_lite.db import volume_migrations, volumes
from cinder_lite.image import fetch
from cinder_lite.log_endpoints import LogEndpoints
from cinder_lite.objects import utcnow
from cinder_lite.scheduler.rpcapi import SchedulerAPI
from cinder_lite.service import Periodic
from cinder_lite.volume import (
    capabilities,
    connections,
    encryptors,
    exports,
    group_snapshots,
    groups,
    image_transfer,
    lifecycle,
)
from cinder_lite.volume.attachments import host as attachments
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.guards import require_driver
from cinder_lite.volume.migration import recovery
from cinder_lite.volume.migration.mover import Mover
from cinder_lite.volume.retype import host as retyping
from cinder_lite.volume.rpcapi import VolumeAPI
from cinder_lite.volume.snapshot_endpoints import SnapshotEndpoints

LOG = logging.getLogger(__name__)
CONF = cfg.CONF


class VolumeManager(SnapshotEndpoints, LogEndpoints):
    """Looks after the volumes of one backend.

    :param name: the backend's section, one of ``enabled_backends``
    :param service_host: ``host@backend``
    """

    RPC_API_VERSION = VolumeAPI.RPC_API_VERSION
    target = rpc.endpoint_target(RPC_API_VERSION)

    def __init__(self, name: str, service_host: str) -> None:
        configuration = BackendConfiguration(name)
        driver = importutils.import_object(
            configuration.volume_driver, configuration=configuration, host=service_host
        )
        self.backend = Backend(
            service_host=service_host,
            driver=driver,
            configuration=configuration,
            throttle=driver.throttle,
            volume_rpcapi=VolumeAPI(),
            scheduler_rpcapi=SchedulerAPI(),
            context=request_context.admin_context(),
        )
        self.mover = Mover(self.backend)
        self._settled = False
        self._settling = threading.Lock()

    # --- life of the service -----------------------------------------------------------------

    def init_host(self) -> None:
        """Set the driver up and settle what an earlier instance has left half done."""
        fetch.clean(self.backend.service_host)
        self._set_up_driver()
        self._settle_volumes()

    def _settle_volumes(self) -> None:
        """Settle the volumes once, as soon as the driver is ready."""
        if self.backend.driver.initialized and not self._settled:
            self._settled = True
            lifecycle.settle(self.backend, self._claim)

    def _claim(self, name: str) -> contextlib.AbstractContextManager[bool]:
        """Reserve a volume or snapshot, by id, for work on it; False when another thread has it."""
        return self.backend.claims(name)

    def _set_up_driver(self) -> None:
        driver = self.backend.driver
        try:
            driver.do_setup(self.backend.context)
            driver.check_for_setup_error()
        except Exception:
            LOG.exception(
                "Backend %s: its driver %s can not be set up; it is tried again in a while",
                self.backend.service_host,
                type(driver).__name__,
            )
            return
        driver.set_initialized()

    def started(self) -> None:
        """Report to the schedulers and take up the moves that nobody works on.

        What fails here is done by the periodic work a little later.
        """
        try:
            self._report()
        except Exception:
            LOG.exception("Backend %s: could not report", self.backend.service_host)
        # Beside the start: it may ask other services, which may not have started yet.
        concurrency.spawn(self._settle_at_start)

    def _settle_at_start(self) -> None:
        try:
            self._settle(starting=True)
        except Exception:
            LOG.exception("Backend %s: not all is in order yet", self.backend.service_host)

    def periodics(self) -> Sequence[Periodic]:
        """Return the periodic work."""
        return (
            Periodic(CONF.backend_stats_polling_interval, self._report),
            Periodic(CONF.migration_settle_interval, self._settle),
        )

    def is_working(self) -> bool:
        """Tell whether the driver is ready; set it up if it was not."""
        if not self.backend.driver.initialized:
            self._set_up_driver()
        return bool(self.backend.driver.initialized)

    def drain(self) -> None:
        """Halt the running moves at a durable step."""
        self.mover.drain()

    def reset(self) -> None:
        """Take up changed options: the limit of copies."""
        self.backend.throttle.limit = self.backend.configuration.volume_copy_bps_limit

    def _settle(self, starting: bool = False, at_once: bool = False) -> None:
        # One at a time: the start's own look may last until another service answers.
        with self._settling:
            if self.backend.driver.initialized:
                self._settle_volumes()
                encryptors.settle(self.backend)
                connections.settle(self.backend)
                recovery.settle(self.backend, self.mover, starting=starting or at_once)
                lifecycle.settle_lost(self.backend, self._claim, starting=starting, at_once=at_once)
                self._settle_lost_data()
                retyping.settle_lost(self.backend)
                groups.settle(self.backend)

    def _report(self) -> None:
        """Tell the schedulers what this backend can do and how full it is."""
        if not self.backend.driver.initialized:
            return
        taken_at = utcnow().isoformat()
        report = dict(self.backend.driver.get_volume_stats(refresh=True))
        allocated = volumes.allocated_gb(self.backend.service_host)
        count, size = allocated.get(self.backend.pool, (0, 0))
        report["allocated_capacity_gb"] = size
        report["total_volumes"] = count
        self.backend.scheduler_rpcapi.update_service_capabilities(
            self.backend.context, self.backend.service_host, report, taken_at
        )

    def publish_service_capabilities(self, context: RequestContext) -> None:
        """Report now: a scheduler has started."""
        self._report()

    # --- administration ----------------------------------------------------------------------

    def do_cleanup(self, context: RequestContext) -> None:
        """Settle what was left half done: what nobody works on is taken up now, however young."""
        self._settle(at_once=True)

    @require_driver
    def get_capabilities(self, context: RequestContext) -> dict[str, Any]:
        """Return what this backend can do."""
        return capabilities.describe(self.backend)

    # --- life of a volume --------------------------------------------------------------------

    def create_volume(
        self,
        context: RequestContext,
        volume_id: str,
        request_spec: dict[str, Any] | None = None,
        filter_properties: dict[str, Any] | None = None,
        allow_reschedule: bool = True,
        snapshot_id: str | None = None,
        image_id: str | None = None,
        source_volid: str | None = None,
    ) -> None:
        """Create a volume whose row exists; the same message twice does it once."""
        with self._claim(volume_id) as mine:
            if mine:
                lifecycle.create(
                    self.backend,
                    context.elevated(),
                    volume_id,
                    request_spec or {},
                    filter_properties,
                    allow_reschedule=allow_reschedule,
                )

    def delete_volume(
        self, context: RequestContext, volume_id: str, unmanage_only: bool = False
    ) -> None:
        """Delete a volume, data and row; the same message twice does it once.

        While the volume is being created, its row tells the one who creates it to undo that.
        """
        self.backend.claims.in_turn(
            volume_id, lambda: lifecycle.delete(self.backend, context.elevated(), volume_id)
        )

    # --- images ------------------------------------------------------------------------------

    def copy_volume_to_image(
        self, context: RequestContext, volume_id: str, image_meta: dict[str, Any]
    ) -> None:
        """Fill a registered image with a volume's data; the same message twice does it once."""
        self.backend.claims.in_turn(
            volume_id,
            lambda: image_transfer.upload(self.backend, context, volume_id, image_meta),
        )

    def reimage(self, context: RequestContext, volume_id: str, image_meta: dict[str, Any]) -> None:
        """Write an image over a volume; the same message twice does it once."""
        self.backend.claims.in_turn(
            volume_id,
            lambda: image_transfer.reimage(self.backend, context, volume_id, image_meta),
        )

    # --- groups ------------------------------------------------------------------------------

    def create_group_from_src(self, context: RequestContext, group_id: str) -> None:
        """Make the volumes of a group that is a copy; the same message twice does it once."""
        groups.copy(self.backend, context.elevated(), group_id, self._claim)

    def delete_group(self, context: RequestContext, group_id: str) -> None:
        """Delete a group with its volumes; the same message twice does it once."""
        groups.delete(self.backend, context.elevated(), group_id, self._claim)

    def create_group_snapshot(self, context: RequestContext, group_snapshot_id: str) -> None:
        """Make the snapshots of a group snapshot; the same message twice does it once."""
        group_snapshots.create(self.backend, context.elevated(), group_snapshot_id)

    def delete_group_snapshot(self, context: RequestContext, group_snapshot_id: str) -> None:
        """Delete a group snapshot with its snapshots; the same message twice does it once."""
        group_snapshots.delete(self.backend, context.elevated(), group_snapshot_id)

    # --- moving ------------------------------------------------------------------------------

    def migrate_volume(
        self,
        context: RequestContext,
        volume_id: str,
        host: dict[str, Any],
        force_host_copy: bool = False,
        new_type_id: str | None = None,
        migration_id: str | None = None,
    ) -> None:
        """Begin to move a volume of this backend; the move runs on in a thread of its own.

        :param host: ``{'host': 'host@backend#pool', 'capabilities': {…}}`` of the destination
        """
        if migration_id is None:
            running = volume_migrations.running_of_volume(volume_id)
            if running is None:
                LOG.warning("Volume %s: no migration is recorded, none is begun", volume_id)
                return
            migration_id = running.id
        self.mover.start(context, migration_id)

    def retype(
        self,
        context: RequestContext,
        volume_id: str,
        new_type_id: str,
        host: dict[str, Any],
        migration_policy: str = "never",
        offline_servers: bool = False,
    ) -> None:
        """Give a volume of this backend a new type, here or on another backend.

        :param host: ``{'host': 'host@backend#pool', 'capabilities': {…}}`` of where it goes
        :param migration_policy: ``never`` or ``on-demand``
        :param offline_servers: a server that is shut off may be made to let go of it meanwhile
        """
        retyping.run(
            self.backend,
            self.mover,
            context.elevated(),
            volume_id,
            new_type_id,
            host,
            migration_policy,
            offline_servers=offline_servers,
        )

    def abort_migration(self, context: RequestContext, migration_id: str) -> None:
        """Undo a move of this backend, if its data is not whole yet."""
        self.mover.abort(context, migration_id)

    def migration_target_created(
        self, context: RequestContext, migration_id: str, error: str | None
    ) -> None:
        """Take the destination's word that a move's target is created, or why not."""
        self.mover.target_created(migration_id, error)

    @require_driver
    def update_migrated_volume(
        self, context: RequestContext, volume_id: str, new_volume_id: str, original_status: str
    ) -> dict[str, Any]:
        """Give the new data, which is on this backend, the volume's name if that can be.

        :returns: ``{'_name_id': …, 'provider_location': …}``
        :raises InvalidVolume: the second is not the first one's target, or no longer: the message
            came late
        """
        admin = context.elevated()
        volume = volumes.get(admin, volume_id)
        new_volume = volumes.get(admin, new_volume_id)
        if new_volume.migration_status != states.migration_target_of(volume_id):
            raise exception.InvalidVolume(
                reason=f"volume {new_volume_id} is not the target of volume {volume_id}'s move."
            )
        if original_status != states.IN_USE:
            # The source may have died, or lost touch, before it could end its use.
            exports.remove(self.backend, admin, new_volume_id)
        names = self.backend.driver.update_migrated_volume(
            admin, volume, new_volume, original_status
        )
        return {
            "_name_id": names.get("_name_id"),
            "provider_location": names.get("provider_location"),
        }

    def migrate_volume_completion(
        self, context: RequestContext, volume_id: str, new_volume_id: str, error: bool = False
    ) -> str:
        """End a move whose bytes somebody else has copied.

        :returns: the id under which the volume goes on
        """
        return self.mover.nova_has_copied(context.elevated(), volume_id, new_volume_id, error=error)

    # --- connections -------------------------------------------------------------------------

    @require_driver
    def initialize_connection(
        self, context: RequestContext, volume_id: str, connector: dict[str, Any]
    ) -> dict[str, Any]:
        """Let a node use a volume; returns what os-brick needs."""
        return exports.initialize(self.backend, context, volume_id, connector)

    @require_driver
    def terminate_connection(
        self,
        context: RequestContext,
        volume_id: str,
        connector: dict[str, Any] | None,
        force: bool = False,
        attachment_id: str | None = None,
    ) -> bool:
        """End a node's use of a volume; True where another attachment of that node goes on."""
        return exports.terminate(
            self.backend, context, volume_id, connector, force=force, attachment_id=attachment_id
        )

    @require_driver
    def attachment_update(
        self,
        context: RequestContext,
        volume_id: str,
        connector: dict[str, Any],
        attachment_id: str,
    ) -> dict[str, Any]:
        """Let an attachment's node in; returns the connection's data, flat."""
        return attachments.update(self.backend, context, volume_id, connector, attachment_id)

    @require_driver
    def attachment_delete(
        self, context: RequestContext, volume_id: str, attachment_id: str
    ) -> None:
        """Let an attachment's node out."""
        attachments.delete(self.backend, context, volume_id, attachment_id)

    @require_driver
    def detach_volume(
        self, context: RequestContext, volume_id: str, attachment_id: str | None = None
    ) -> None:
        """End an old-style attachment."""
        attachments.detach(self.backend, context, volume_id, attachment_id)

    @require_driver
    def remove_export(self, context: RequestContext, volume_id: str) -> None:
        """Export a volume no more."""
        exports.remove(self.backend, context, volume_id)


def service_host_of(name: str) -> str:
    """Return ``host@backend`` of a backend's section."""
    configuration = BackendConfiguration(name)
    return f"{configuration.backend_host or CONF.host}@{name}"
