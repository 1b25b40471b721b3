# SPDX-License-Identifier: Apache-2.0
"""What a new volume is made of and which group it will be in, as a request says."""

from __future__ import annotations

import contextlib
from typing import Any

from oslo_log import log as logging

from cinder_lite import exception, policy
from cinder_lite.api import faults, validation
from cinder_lite.api.request import Request
from cinder_lite.db import groups, snapshots, volume_views, volumes
from cinder_lite.image.glance import ImageService
from cinder_lite.objects import Group, Volume
from cinder_lite.policies import groups as group_rules
from cinder_lite.policies import volumes as rules

LOG = logging.getLogger(__name__)


def read(request: Request, volume: dict[str, Any]) -> dict[str, Any]:
    """Return the sources and the group that a request names, as fields of a CreateRequest.

    :param volume: the body's
    :raises NotFound: a source does not exist for this caller
    :raises BadRequest, Conflict: the image can not be had, or is not the only one of its name
    """
    if volume.get("backup_id"):
        raise exception.NotFound(f"Backup {volume['backup_id']} could not be found.")
    found: dict[str, Any] = {"group": _group(request, volume)}
    if volume.get("snapshot_id"):
        snapshot = snapshots.get(request.context, volume["snapshot_id"].lower())
        found["snapshot"] = snapshot
        found["source_of_snapshot"] = volumes.get(request.context.elevated(), snapshot.volume_id)
    if volume.get("source_volid"):
        found["source_volume"] = _source(request, volume["source_volid"].lower())
    found["image_id"] = _image_id(request, volume.get("image_id", volume.get("imageRef")))
    return found


def _group(request: Request, volume: dict[str, Any]) -> Group | None:
    """Return the group that a new volume will be in, None where it will be in none."""
    group = None
    for named in (volume.get("consistencygroup_id"), volume.get("group_id")):
        if named is not None:
            group = groups.get(request.context, str(named).lower())
            policy.authorize(request.context, group_rules.GET, group.project_id)
    return group


def _source(request: Request, volume_id: str) -> Volume:
    volume = volumes.get(request.context, volume_id)
    if not request.context.is_admin and volume_views.is_temporary(volume):
        raise exception.VolumeNotFound(volume_id=volume_id)
    return volume


def _image_id(request: Request, reference: str | None) -> str | None:
    """Return the id of the image that a request names by id, URL or name."""
    if reference is None:
        return None
    policy.authorize(request.context, rules.CREATE_FROM_IMAGE)
    service = ImageService(request.context)
    named = reference.rpartition("/")[2]
    found: list[dict[str, Any]] = []
    try:
        if validation.is_uuid(named):
            with contextlib.suppress(exception.ImageNotFound):
                return str(service.show(named)["id"])
        found = service.named(reference) if reference else []
    except exception.CinderLiteException as error:
        LOG.warning("Image %s can not be had: %s", reference, error.msg)
    if len(found) > 1:
        raise faults.Conflict(
            f"Multiple matches found for '{reference}', use an ID to be more specific."
        )
    if not found:
        raise faults.BadRequest("Invalid image identifier or unable to access requested image.")
    return str(found[0]["id"])
