# SPDX-License-Identifier: Apache-2.0
"""The API's part: check the request, write the volume's row, ask the scheduler for a place.

In the classic flow, quota is reserved, the row is written and the reservation committed by three
tasks, and what dies between them leaves a reservation behind. Here one transaction does all of it,
so :class:`CreateEntry` stands for the three and its undo for theirs.
"""

from __future__ import annotations

import functools
from typing import Any

from oslo_log import log as logging
from taskflow import task

from cinder_lite import exception, keymgr, states
from cinder_lite.context import RequestContext
from cinder_lite.db import encryption_keys, volumes
from cinder_lite.flow import Flow
from cinder_lite.image import metadata
from cinder_lite.objects import Volume, VolumeType
from cinder_lite.scheduler.rpcapi import SchedulerAPI
from cinder_lite.volume.create import group
from cinder_lite.volume.create import request as asked
from cinder_lite.volume.create.request import CreateRequest
from cinder_lite.volume.create.spec import request_spec

LOG = logging.getLogger(__name__)


class ExtractVolumeRequest(task.Task):
    """Check the request and settle what it leaves open."""

    default_provides = ("values", "image", "volume_type", "scheduling", "encryption")

    def execute(
        self, context: RequestContext, request: CreateRequest
    ) -> tuple[
        dict[str, Any],
        dict[str, Any],
        VolumeType | None,
        dict[str, Any],
        dict[str, Any] | None,
    ]:
        """Return the row's columns, the image, the type, what the scheduler must know, the cipher.

        :raises InvalidInput: something asked for does not exist or does not fit
        """
        asked.check_sources(request)
        if request.group is not None:
            group.check(request.group, request.volume_type)
        size = asked.size_of(request)
        image = asked.image_of(context, request, size)
        volume_type = asked.type_of(context, request, image.get("cinder_img_volume_type"))
        zones = asked.zones_of(request, volume_type)
        encryption = asked.encryption_of(request, volume_type)
        source = request.source
        values = {
            "user_id": context.user_id,
            "project_id": context.project_id,
            "size": size,
            "status": states.CREATING,
            "attach_status": states.DETACHED,
            "availability_zone": zones[0] if len(zones) == 1 else None,
            "display_name": request.name,
            "display_description": request.description,
            "volume_type_id": volume_type.id if volume_type else None,
            "multiattach": asked.is_multiattach(context, volume_type),
            "bootable": bool(source and source.bootable),
            "snapshot_id": request.snapshot.id if request.snapshot else None,
            "source_volid": request.source_volume.id if request.source_volume else None,
            **(group.columns(request.group) if request.group else {}),
            "shared_targets": True,
            "use_quota": True,
        }
        scheduling: dict[str, Any] = {}
        if len(zones) > 1:
            scheduling["availability_zones"] = zones
        if source is not None and source.host and values["volume_type_id"] == source.volume_type_id:
            # A copy of another type may have to be elsewhere: the scheduler decides.
            scheduling["resource_backend"] = source.host
        if request.group is not None:
            scheduling.update(group.scheduling(request.group))
        return values, image, volume_type, scheduling, encryption


class CreateKey(task.Task):
    """Make the key of an encrypted volume, or copy its source's."""

    default_provides = "encryption_key_id"

    def execute(
        self,
        context: RequestContext,
        request: CreateRequest,
        image: dict[str, Any],
        encryption: dict[str, Any] | None,
    ) -> str | None:
        """Return the key's id, None for a volume that is not encrypted.

        A copy has a key of its own, as each goes with its volume.

        :raises KeyManagerFailed: there is no key to be had
        """
        if encryption is None:
            return None
        source = request.snapshot or request.source_volume
        key_id = source.encryption_key_id if source else image.get(metadata.KEY)
        if key_id is not None:
            return keymgr.clone(context, key_id)
        return keymgr.create(context, encryption)

    def revert(self, context: RequestContext, result: Any, **_: Any) -> None:
        """Delete the key, unless the volume's row could not be deleted."""
        if isinstance(result, str) and not encryption_keys.is_named(result):
            keymgr.delete(context, result, "a volume that was not created")


class CreateEntry(task.Task):
    """Count the volume against the quota and write its row, in one transaction."""

    default_provides = "volume"

    def execute(
        self,
        request: CreateRequest,
        values: dict[str, Any],
        image: dict[str, Any],
        encryption_key_id: str | None,
    ) -> Volume:
        """Return the volume.

        :raises OverQuota: the project's quota is used up
        """
        values = {**values, "encryption_key_id": encryption_key_id}
        return volumes.create(values, request.metadata, metadata.of_image(image) if image else {})

    def revert(self, result: Any, **_: Any) -> None:
        """Delete the row and give the quota back."""
        if isinstance(result, Volume):
            volumes.destroy(result.id)
            LOG.info("Volume %s: its row is gone again", result.id)


class CastVolume(task.Task):
    """Ask the scheduler for a place."""

    def execute(
        self,
        context: RequestContext,
        request: CreateRequest,
        volume: Volume,
        volume_type: VolumeType | None,
        scheduling: dict[str, Any],
        scheduler_rpcapi: SchedulerAPI,
    ) -> None:
        """Cast the request.

        :raises ServiceUnavailable: the broker does not answer
        """
        spec = {
            **request_spec(volume, volume_type),
            **scheduling,
            "snapshot_id": volume.snapshot_id,
            "source_volid": volume.source_volid,
            "image_id": request.image_id,
        }
        try:
            scheduler_rpcapi.create_volume(
                context,
                volume.id,
                request_spec=spec,
                filter_properties={"scheduler_hints": dict(request.scheduler_hints)},
                snapshot_id=volume.snapshot_id,
                image_id=request.image_id,
            )
        except Exception:
            LOG.exception("Volume %s: the scheduler could not be asked", volume.id)
            raise exception.ServiceUnavailable(
                "The volume was not created: the message broker does not answer."
            ) from None


@functools.cache
def get_flow() -> Flow:
    """Return the flow; it keeps nothing, so one serves every request."""
    return Flow(
        "volume_create_api",
        ("context", "request", "scheduler_rpcapi"),
        ExtractVolumeRequest(),
        CreateKey(),
        CreateEntry(),
        CastVolume(),
    )
