# SPDX-License-Identifier: Apache-2.0
"""What a request may start: the rules, one compare-and-swap in the database, then a cast."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import concurrency, exception, flow, states
from cinder_lite import host as host_name
from cinder_lite.context import RequestContext
from cinder_lite.db import attached_volumes, retypes, volume_migrations, volumes
from cinder_lite.db import conditions as cond
from cinder_lite.db import services as db_services
from cinder_lite.db import volume_metadata as db_metadata
from cinder_lite.objects import Migration, Service, Volume, VolumeType
from cinder_lite.volume.attachments.actions import AttachActions
from cinder_lite.volume.attachments.api import AttachmentAPI
from cinder_lite.volume.create.request import CreateRequest
from cinder_lite.volume.create.spec import request_spec, volume_type_of
from cinder_lite.volume.deleting import Deleting
from cinder_lite.volume.images import Images
from cinder_lite.volume.manageable import Managing
from cinder_lite.volume.migration import aborting, admission, attached
from cinder_lite.volume.resizing import Resizing
from cinder_lite.volume.retype.api import RetypeAPI
from cinder_lite.volume.services import Services

LOG = logging.getLogger(__name__)
CONF = cfg.CONF


class API(Deleting, Managing, Resizing):
    """Starts what a request asks for; every method is done when the work is recorded and cast."""

    @functools.cached_property
    def images(self) -> Images:
        """What a request may start between a volume and an image."""
        return Images(lambda: self.volume_rpcapi)

    @functools.cached_property
    def attachments(self) -> AttachmentAPI:
        """What a request may start with attachments."""
        return AttachmentAPI(lambda: self.volume_rpcapi)

    @functools.cached_property
    def attach_actions(self) -> AttachActions:
        """What the older actions may start that attach and detach."""
        return AttachActions(lambda: self.volume_rpcapi)

    @functools.cached_property
    def retype(self) -> RetypeAPI:
        """What a request may start with a volume's type."""
        return RetypeAPI(lambda: self.scheduler_rpcapi)

    # --- life of a volume --------------------------------------------------------------------

    def create(
        self, context: RequestContext, request: CreateRequest
    ) -> tuple[Volume, VolumeType | None]:
        """Create a volume's row, count it against the quota, and ask the scheduler for a place.

        :returns: the volume and its type
        :raises InvalidInput: something asked for does not exist or does not fit
        :raises OverQuota: the project's quota is used up
        :raises ServiceUnavailable: the broker does not answer; nothing is left of the volume
        """
        api_flow = concurrency.library("cinder_lite.volume.create.api_flow")  # brings taskflow
        given = {
            "context": context,
            "request": request,
            "scheduler_rpcapi": self.scheduler_rpcapi,
        }
        made = flow.run(api_flow.get_flow(), given)
        volume: Volume = made["volume"]
        LOG.info("Volume %s: creation of %s GiB asked for", volume.id, volume.size)
        return volume, made["volume_type"]

    def update(
        self,
        context: RequestContext,
        volume: Volume,
        values: Mapping[str, Any],
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Change a volume's name, description or metadata.

        :param metadata: the whole new metadata; None leaves it
        :raises InvalidVolume: the volume is in maintenance
        """
        rules: list[cond.Condition] = [
            cond.In(
                "it is locked (its status is {volume.status}).",
                "status",
                [status for status in states.VOLUME_STATUSES if status != states.MAINTENANCE],
            )
        ]
        self._swap(volume, values, rules, "can not be changed")
        if metadata is not None:
            db_metadata.replace(volume.id, metadata)

    # --- moving ------------------------------------------------------------------------------

    def migrate_volume(
        self,
        context: RequestContext,
        volume: Volume,
        host: str,
        cluster_name: str | None = None,
        force_host_copy: bool = False,
        lock_volume: bool = False,
        offline_servers: bool = False,
    ) -> Migration:
        """Admit a move and ask the scheduler whether the destination will do.

        The volume is marked and the migration record written in one transaction, whose UPDATE
        tests every rule; of two requests at once, one is admitted.

        :param host: ``host@backend`` or ``host@backend#pool``
        :param force_host_copy: do not try the driver's own move
        :param lock_volume: nobody may attach or change the volume meanwhile (status maintenance)
        :param offline_servers: a server that is shut off is locked and has to let go of the volume
            meanwhile
        :raises InvalidHost: the destination is unknown, down or disabled
        :raises InvalidVolume: the volume's state forbids it; every rule that does is named
        """
        if cluster_name:
            raise exception.InvalidHost(
                reason=f"there is no cluster {cluster_name}: this service has no clusters. "
                "Name a host."
            )
        self._check_destination(host)
        rules = admission.check(context, volume, host, offline=offline_servers)
        options = {
            "force_host_copy": force_host_copy,
            "lock_volume": lock_volume,
            "offline_servers": offline_servers,
        }
        migration = None
        for _ in range(2):
            migration = volume_migrations.begin(
                volume.id,
                rules,
                {
                    "migration_status": states.MIGRATION_STARTING,
                    "previous_status": volumes.column("status"),
                    "status": volumes.status_or_maintenance(lock_volume),
                },
                self._record(context, volume, host, options),
            )
            if migration is not None:
                break
            refused = volumes.refusals(volume.id, rules)
            if refused:
                raise exception.InvalidVolume(
                    reason=f"volume {volume.id} can not be moved to {host}: "
                    + " Also, ".join(refused)
                )
        if migration is None:
            raise exception.InvalidVolume(
                reason=f"volume {volume.id} is being changed by other requests; try again."
            )
        self._ask_scheduler(context, migration)
        LOG.info(
            "Volume %(volume)s: migration %(id)s from %(source)s to %(dest)s admitted",
            {"volume": volume.id, "id": migration.id, "source": volume.host, "dest": host},
        )
        return migration

    @staticmethod
    def _record(
        context: RequestContext, volume: Volume, host: str, options: Mapping[str, bool]
    ) -> dict[str, Any]:
        return {
            "source_host": volume.host,
            "dest_host": host,
            "status": states.RECORD_RUNNING,
            "phase": states.PHASE_SCHEDULING,
            **options,
            "bytes_total": volume.size * 1024**3,
            "user_id": context.user_id,
            "project_id": context.project_id,
            "request_id": context.request_id,
        }

    def _check_destination(self, host: str) -> None:
        service_host = host_name.service_of(host)
        if not host_name.parse(host).backend:
            raise exception.InvalidHost(
                reason=f"'{host}' names no backend; the form is host@backend or host@backend#pool."
            )
        try:
            service = db_services.get(host=service_host, binary=db_services.VOLUME)
        except exception.ServiceNotFound:
            known = sorted(s.host for s in db_services.listing(binary=db_services.VOLUME))
            raise exception.InvalidHost(
                reason=f"no volume service is named {service_host}; "
                f"known are: {', '.join(known) or 'none'}."
            ) from None
        if service.disabled:
            why = f" ({service.disabled_reason})" if service.disabled_reason else ""
            raise exception.InvalidHost(
                reason=f"the volume service {service_host} is disabled{why}."
            )
        if not service.is_up:
            raise exception.InvalidHost(
                reason=f"the volume service {service_host} is down: it was last heard of at "
                f"{service.updated_at or service.created_at} UTC."
            )

    def _ask_scheduler(self, context: RequestContext, migration: Migration) -> None:
        volume = volumes.get(context.elevated(), migration.volume_id)
        spec = request_spec(volume, volume_type_of(context, volume))
        spec["migration_id"] = migration.id
        try:
            self.scheduler_rpcapi.migrate_volume_to_host(
                context,
                volume.id,
                migration.dest_host,
                force_host_copy=migration.force_host_copy,
                request_spec=spec,
            )
        except Exception:
            # The record stays: a scheduler that looks for lost work finds it and goes on.
            LOG.exception(
                "Volume %(volume)s: the scheduler could not be asked about migration %(id)s; "
                "it is asked again within %(seconds)s seconds",
                {
                    "volume": volume.id,
                    "id": migration.id,
                    "seconds": CONF.migration_settle_interval,
                },
            )

    def abort_migration(self, context: RequestContext, migration_id: str) -> None:
        """Have a move aborted; the volume stays where it was.

        :raises InvalidInput: it has ended, or has gone too far
        """
        aborting.ask(context, self.volume_rpcapi, migration_id)

    def migrate_volume_completion(
        self, context: RequestContext, volume: Volume, new_volume_id: str, *, error: bool
    ) -> str:
        """End a move whose bytes somebody else has copied (Nova calls this).

        :param volume: the source
        :param new_volume_id: the target
        :param error: the copy failed: undo the move
        :returns: the id under which the volume goes on
        :raises InvalidVolume: the two are not the two sides of one move, or the server uses the
            other one than it is said
        """
        new_volume = volumes.get(context.elevated(), new_volume_id)
        if volume.migration_status is None and new_volume.migration_status is None:
            # Nova has swapped two volumes for a user; no move of ours is concerned.
            if not error:
                attached_volumes.hand_over(volume.id, new_volume.id)
            return new_volume.id
        expected = states.migration_target_of(volume.id)
        if volume.migration_status not in states.MIGRATION_BUSY:
            raise exception.InvalidVolume(
                reason=f"volume {volume.id} is in no migration "
                f"(migration_status is {volume.migration_status})."
            )
        running = volume_migrations.running_of_volume(volume.id)
        if running is None or running.mode != states.MODE_NOVA:
            raise exception.InvalidVolume(
                reason=f"volume {volume.id} is moved by its volume service, which completes the "
                "migration itself."
            )
        if new_volume.migration_status != expected:
            raise exception.InvalidVolume(
                reason=f"volume {new_volume.id} is not the target of volume {volume.id}'s "
                f"migration: its migration_status is {new_volume.migration_status}, "
                f"not {expected}."
            )
        seen = attached.look(new_volume.id)
        if error and seen == attached.Seen.SWAPPED:
            raise exception.InvalidVolume(
                reason=f"the move of volume {volume.id} is not undone: its server uses the target "
                f"{new_volume.id} already, so that what it wrote would be lost."
            )
        if not error and seen not in attached.DONE:
            raise exception.InvalidVolume(
                reason=f"the move of volume {volume.id} is not completed: {seen.value}, so that "
                f"the target {new_volume.id} does not hold all of its data. To undo the move, say "
                "that there was an error."
            )
        try:
            return self.volume_rpcapi.migrate_volume_completion(
                context, volume, new_volume.id, error=error
            )
        except (exception.ServiceUnavailable, exception.VolumeMigrationFailed) as failure:
            if error or seen != attached.Seen.SWAPPED:
                raise
            # The move goes on from its record, and Nova would lose its connection over a failure.
            LOG.warning(
                "Volume %s: its server uses the target; the migration is completed later: %s",
                volume.id,
                failure.msg,
            )
            return volume.id

    # --- administration ----------------------------------------------------------------------

    def reset_status(
        self,
        context: RequestContext,
        volume: Volume,
        *,
        status: str | None = None,
        attach_status: str | None = None,
        migration_status: str | None = None,
    ) -> None:
        """Write statuses of a volume, whatever they are.

        A volume that is really moving keeps its migration_status: a reset would let a second
        move start beside the first one's copy.

        :param migration_status: ``none`` clears it
        :raises InvalidVolume: the volume is moving and its migration_status was to be reset
        """
        values: dict[str, Any] = {}
        if status is not None:
            values["status"] = status
        if attach_status is not None:
            values["attach_status"] = attach_status
        if migration_status is not None:
            running = volume_migrations.running_of_volume(volume.id)
            if running is not None:
                raise exception.InvalidVolume(
                    reason=f"migration {running.id} of volume {volume.id} is running (phase "
                    f"{running.phase}); its migration_status is settled when that ends."
                )
            values["migration_status"] = None if migration_status == "none" else migration_status
        as_read: list[cond.Condition] = []
        if migration_status is not None:
            meanwhile = "its migration_status has changed meanwhile; try again."
            as_read = [cond.In(meanwhile, "migration_status", (volume.migration_status,))]
        if not retypes.reset(volume.id, values, as_read):
            refused = volumes.refusals(volume.id, as_read) or ["it has changed meanwhile."]
            raise exception.InvalidVolume(
                reason=f"volume {volume.id} can not be reset: " + " ".join(refused)
            )
        LOG.info(
            "Volume %(id)s: reset by request to %(values)s", {"id": volume.id, "values": values}
        )

    @property
    def administration(self) -> Services:
        """What an administrator may ask of the services themselves."""
        return Services(self.volume_rpcapi, self.scheduler_rpcapi)

    def get_pools(
        self, context: RequestContext, filters: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Return every backend's pools as the scheduler knows them."""
        return self.scheduler_rpcapi.get_pools(context, dict(filters))

    def services(
        self, context: RequestContext, host: str | None = None, binary: str | None = None
    ) -> list[Service]:
        """Return the services, all or those of one host or binary."""
        return db_services.listing(host=host, binary=binary)

    def set_service_disabled(
        self,
        context: RequestContext,
        host: str,
        binary: str,
        *,
        disabled: bool,
        reason: str | None = None,
    ) -> Service:
        """Let the scheduler use a service, or not.

        :raises ServiceNotFound: there is none of that host and binary
        """
        service = db_services.get(host=host, binary=binary)
        db_services.update(
            service.id, {"disabled": disabled, "disabled_reason": reason if disabled else None}
        )
        return db_services.get(host=host, binary=binary)
