# SPDX-License-Identifier: Apache-2.0
"""What a request may start with storage that a backend has already: list it, take it over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite import host as host_name
from cinder_lite.context import RequestContext
from cinder_lite.db import services as db_services
from cinder_lite.db import snapshots, volumes
from cinder_lite.objects import Service, Snapshot, Volume, VolumeType
from cinder_lite.volume import encryption
from cinder_lite.volume.rooms import refusal_of
from cinder_lite.volume.snapshots import Snapshots, creation_rules

LOG = logging.getLogger(__name__)
CONF = cfg.CONF


def id_in_name(template: str, name: str) -> str | None:
    """Return the id in a name that a template has made, None where it has not.

    :param template: a name with ``%s`` in the id's place
    """
    before, _, after = template.partition("%s")
    found = re.fullmatch(f"{re.escape(before)}(.+){re.escape(after)}", name)
    return found[1] if found else None


def managed_already(service_host: str, ref: Any, *, besides: str = "") -> bool:
    """Tell whether what a reference names is a volume or snapshot of a service already.

    :param service_host: ``host@backend``
    :param besides: id of the volume that is being taken over
    """
    name = ref.get("source-name") if isinstance(ref, Mapping) else ref
    if not isinstance(name, str):
        return False
    volume_id = id_in_name(CONF.volume_name_template, name)
    if volume_id and volumes.data_is_named(service_host, volume_id, besides=besides):
        return True
    snapshot_id = id_in_name(CONF.snapshot_name_template, name.removeprefix("_"))
    known = {one.id for one in snapshots.for_host(service_host)} if snapshot_id else ()
    return snapshot_id in known and snapshot_id != besides


class Managing(Snapshots):
    """The part of the volume API that takes over storage."""

    def manage_existing(
        self,
        context: RequestContext,
        host: str,
        ref: Any,
        *,
        name: str | None = None,
        description: str | None = None,
        volume_type: VolumeType | None = None,
        metadata: Mapping[str, str] | None = None,
        availability_zone: str | None = None,
        bootable: bool = False,
    ) -> Volume:
        """Write the row of a volume whose data exists, and have its backend take that over.

        :param host: ``host@backend``, or with ``#pool``
        :param ref: names the data in the driver's words
        :raises ServiceNotFound: there is no such volume service
        :raises Invalid: it is down or disabled
        :raises InvalidVolume: the data is a volume already
        :raises InvalidVolumeType: its type is encrypted
        :raises OverQuota: the project's quota is used up
        """
        service = self._service(host)
        if managed_already(service.host, ref):
            raise exception.InvalidVolume(
                reason="Unable to manage existing volume. The volume is already managed"
            )
        if volume_type is not None and encryption.of_type(volume_type.id):
            raise exception.InvalidVolumeType(
                reason=f"the volumes of {volume_type.name} are encrypted, and nobody has the key "
                "of what is taken over."
            )
        specs = volume_type.extra_specs if volume_type else {}
        values = {
            "user_id": context.user_id,
            "project_id": context.project_id,
            "size": 0,
            "status": states.MANAGING,
            "attach_status": states.DETACHED,
            "host": host,
            "availability_zone": availability_zone or service.availability_zone,
            "service_uuid": service.uuid,
            "display_name": name,
            "display_description": description,
            "volume_type_id": volume_type.id if volume_type else None,
            "bootable": bootable,
            "multiattach": (specs.get("multiattach") or "").strip().lower() == "<is> true",
            "shared_targets": True,
            "use_quota": True,
        }
        volume = volumes.create(values, metadata)
        try:
            self.volume_rpcapi.manage_existing(context, volume, ref)
        except Exception:
            volumes.destroy(volume.id)
            LOG.exception("Volume %s: %s could not be told to take it over", volume.id, host)
            raise exception.ServiceUnavailable(
                "Nothing was taken over: the message broker does not answer."
            ) from None
        LOG.info("Volume %s: taking over %s of %s asked for", volume.id, ref, host)
        return volume

    def manage_existing_snapshot(
        self,
        context: RequestContext,
        ref: Any,
        volume: Volume,
        *,
        name: str | None = None,
        description: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Snapshot:
        """Write the row of a snapshot whose data exists, and have its backend take that over.

        :param ref: names the data in the driver's words
        :raises InvalidVolume: the volume's state forbids it; every rule that does is named
        :raises OverQuota: the project's quota is used up
        """
        if volume.host:
            self._service(volume.host)
        values = {
            "user_id": context.user_id,
            "project_id": context.project_id,
            "display_name": name,
            "display_description": description,
            # Lost work on a new snapshot is to make it, which this one is not.
            "scheduled_at": None,
        }
        rules = creation_rules(allow_in_use=True)
        snapshot, refused = snapshots.create(volume.id, rules, values, metadata)
        if snapshot is None:
            raise refusal_of(volume.id, "can not have a snapshot taken over", refused)
        try:
            self.volume_rpcapi.manage_existing_snapshot(context, volume.host, snapshot.id, ref)
        except Exception:
            snapshots.destroy(snapshot.id)
            LOG.exception("Snapshot %s: %s could not be told of it", snapshot.id, volume.host)
            raise exception.ServiceUnavailable(
                "Nothing was taken over: the message broker does not answer."
            ) from None
        LOG.info("Snapshot %s: taking over %s asked for", snapshot.id, ref)
        return snapshot

    def get_manageable_volumes(
        self, context: RequestContext, host: str, **window: Any
    ) -> list[dict[str, Any]]:
        """Return what a backend has that could be taken over, or is a volume already.

        :param window: marker, limit, offset, sort_keys, sort_dirs
        """
        service = self._service(host)
        return self.volume_rpcapi.get_manageable_volumes(context, service.host, **window)

    def get_manageable_snapshots(
        self, context: RequestContext, host: str, **window: Any
    ) -> list[dict[str, Any]]:
        """Return which snapshots of a backend could be taken over, or are managed already.

        :param window: marker, limit, offset, sort_keys, sort_dirs
        """
        service = self._service(host)
        return self.volume_rpcapi.get_manageable_snapshots(context, service.host, **window)

    @staticmethod
    def _service(host: str) -> Service:
        """Return a volume service that works.

        :raises ServiceNotFound: there is none on that host
        :raises Invalid: it is down or disabled
        """
        service_host = host_name.service_of(host)
        service = db_services.get(host=service_host, binary=db_services.VOLUME)
        if service.disabled or not service.is_up:
            state = "disabled" if service.disabled else "down"
            raise exception.Invalid(f"The volume service {service_host} is {state}.")
        return service
