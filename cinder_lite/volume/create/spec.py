# SPDX-License-Identifier: Apache-2.0
"""What is told of a new volume: to the scheduler, and to the one who makes it."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from typing import Any

from cinder_lite import exception
from cinder_lite.context import RequestContext
from cinder_lite.db import volume_glance_metadata, volume_types
from cinder_lite.objects import Volume, VolumeType

RAW, SNAP, SOURCE_VOL, IMAGE = "raw", "snap", "source_vol", "image"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VolumeSpec:
    """How a volume is made.

    :param type: ``raw`` (empty), ``snap``, ``source_vol`` or ``image``
    """

    type: str
    snapshot_id: str | None = None
    source_volid: str | None = None
    image_id: str | None = None


def volume_type_of(context: RequestContext, volume: Volume) -> VolumeType | None:
    """Return a volume's type, None where it has none or its type is gone."""
    if not volume.volume_type_id:
        return None
    with contextlib.suppress(exception.VolumeTypeNotFound):
        return volume_types.get(context.elevated(), volume.volume_type_id)
    return None


def request_spec(volume: Volume, volume_type: VolumeType | None) -> dict[str, Any]:
    """Return what the scheduler needs to know of a volume."""
    return {
        "volume_id": volume.id,
        "volume_properties": {
            "id": volume.id,
            "size": volume.size,
            "host": volume.host,
            "availability_zone": volume.availability_zone,
            "project_id": volume.project_id,
            "user_id": volume.user_id,
            "status": volume.status,
            "display_name": volume.display_name,
            "volume_type_id": volume.volume_type_id,
            "multiattach": volume.multiattach,
        },
        "volume_type": {
            "id": volume_type.id,
            "name": volume_type.name,
            "extra_specs": dict(volume_type.extra_specs),
        }
        if volume_type
        else {},
    }


def extract(volume: Volume, request: Mapping[str, Any]) -> VolumeSpec:
    """Return how a volume is made.

    :param request: the request spec; where it was lost, the database knows all the same
    :raises InvalidVolume: the volume was to be made of an image, and nobody knows which
    """
    if volume.migration_status:
        return VolumeSpec(type=RAW)  # a move's target, which is filled by the move
    if volume.snapshot_id:
        return VolumeSpec(type=SNAP, snapshot_id=volume.snapshot_id)
    if volume.source_volid:
        return VolumeSpec(type=SOURCE_VOL, source_volid=volume.source_volid)
    image_id = request.get("image_id")
    if not image_id and not request:
        of_image = volume_glance_metadata.get(volume.id)
        image_id = of_image.get("image_id")
        if of_image and not image_id:
            raise exception.InvalidVolume(
                reason=f"the metadata of volume {volume.id} does not name its image any more."
            )
    if image_id:
        return VolumeSpec(type=IMAGE, image_id=image_id)
    return VolumeSpec(type=RAW)
