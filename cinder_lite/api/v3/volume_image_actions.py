# SPDX-License-Identifier: Apache-2.0
"""POST /volumes/{id}/action: what a volume has to do with images."""

from __future__ import annotations

from typing import Any

from cinder_lite import policy
from cinder_lite.api import deps, validation
from cinder_lite.api.request import Request
from cinder_lite.api.schemas import volume_images as schemas
from cinder_lite.api.v3.action import Action, Answer
from cinder_lite.api.views import volume_types as type_views
from cinder_lite.db import volume_types
from cinder_lite.objects import Volume
from cinder_lite.policies import volume_images as rules

_IMAGE_PARAMETERS = 1


def show_image_metadata(request: Request, volume: Volume, _content: Any) -> Answer:
    """Return the metadata of the image that the volume was made of."""
    request.answer_status = 200
    return {"metadata": deps.volume_api().images.image_metadata(volume)}


def set_image_metadata(request: Request, volume: Volume, content: dict[str, Any]) -> Answer:
    """Set items of a volume's image metadata; the others stay."""
    request.answer_status = 200
    written = deps.volume_api().images.set_image_metadata(volume, content["metadata"])
    return {"metadata": written}


def unset_image_metadata(request: Request, volume: Volume, content: dict[str, Any]) -> Answer:
    """Remove an item of a volume's image metadata."""
    request.answer_status = 200
    deps.volume_api().images.unset_image_metadata(volume, content["key"])
    return None


def set_bootable(request: Request, volume: Volume, content: dict[str, Any]) -> Answer:
    """Say whether a server can boot from the volume."""
    request.answer_status = 200
    bootable = validation.boolean(content["bootable"], "bootable")
    deps.volume_api().images.set_bootable(volume, bootable=bootable)
    return None


def upload_image(request: Request, volume: Volume, content: dict[str, Any]) -> Answer:
    """Make an image of the volume."""
    asked = {
        "name": content["image_name"],
        "container_format": content.get("container_format") or "bare",
        "disk_format": content.get("disk_format") or "raw",
    }
    if request.minor >= _IMAGE_PARAMETERS:
        asked["visibility"] = content.get("visibility", "private")
        asked["protected"] = validation.boolean(content.get("protected", False), "protected")
        if asked["visibility"] == "public":
            policy.authorize(request.context, rules.UPLOAD_PUBLIC, volume.project_id)
    force = validation.boolean(content.get("force", False), "force")
    made = deps.volume_api().images.copy_volume_to_image(
        request.context, volume, asked, force=force
    )
    kind = None
    if volume.volume_type_id:
        found = volume_types.get(request.context.elevated(), volume.volume_type_id)
        kind = type_views.show(request, found, with_access=False)
    return {"os-volume_upload_image": {**made, "volume_type": kind}}


def reimage(request: Request, volume: Volume, content: dict[str, Any]) -> Answer:
    """Write an image over the volume."""
    reserved = validation.boolean(content.get("reimage_reserved", False), "reimage_reserved")
    rule = rules.REIMAGE_RESERVED if volume.status == "reserved" else rules.REIMAGE
    policy.authorize(request.context, rule, volume.project_id)
    image_id = content["image_id"].lower()
    deps.volume_api().images.reimage(request.context, volume, image_id, reserved=reserved)
    return None


ACTIONS = {
    "os-show_image_metadata": Action(show_image_metadata, rules.SHOW, schemas.SHOW_METADATA),
    "os-set_image_metadata": Action(set_image_metadata, rules.SET, schemas.SET_METADATA),
    "os-unset_image_metadata": Action(unset_image_metadata, rules.REMOVE, schemas.UNSET_METADATA),
    "os-set_bootable": Action(set_bootable, rules.SET_BOOTABLE, schemas.SET_BOOTABLE),
    "os-volume_upload_image": Action(upload_image, rules.UPLOAD, schemas.UPLOAD),
    "os-reimage": Action(reimage, rules.REIMAGE, schemas.REIMAGE),
}
