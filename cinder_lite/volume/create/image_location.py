# SPDX-License-Identifier: Apache-2.0
"""A volume cloned of the volume that holds its image's data: Glance is asked for no byte.

Glance's cinder store keeps images as volumes, and an upload may leave one behind
(:mod:`cinder_lite.volume.image_volume`). Whoever may write an image's locations could name any
volume there, so a volume counts as an image's only if the image's owner owns it, or its metadata
``image_owner`` says so: nobody but its own project writes that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import volume_metadata, volumes
from cinder_lite.image import checks, locations, signatures
from cinder_lite.objects import Volume
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.create.progress import Progress
from cinder_lite.volume.drivers.base import ModelUpdate

LOG = logging.getLogger(__name__)

OWNER = "image_owner"
"""Metadata of a volume that holds an image's data: the project of the image."""


def clone(
    backend: Backend,
    context: RequestContext,
    volume: Volume,
    image: Mapping[str, Any],
    progress: Progress,
) -> tuple[ModelUpdate, bool]:
    """Make a volume by cloning the volume that holds its image, if that is on this backend.

    :param image: its description with its locations
    :returns: a model update and True; ``(None, False)`` where there is no such volume: nothing
        was made then, and a debug line says why
    """
    reason = _not_as_it_is(volume, image)
    if reason is not None:
        LOG.debug("Volume %s: image %s is not cloned: %s", volume.id, image["id"], reason)
        return None, False
    for volume_id in locations.volume_ids(image):
        with backend.uses.shared(volume_id):
            holder = _holder(context, volume, image, volume_id)
            if holder is None:
                continue
            try:
                told = progress.of("copying")
                update = backend.driver.create_cloned_volume(volume, holder, told)
            except (NotImplementedError, exception.CinderLiteException) as error:
                LOG.debug("Volume %s: volume %s is not cloned: %s", volume.id, volume_id, error)
                continue
        LOG.info("Volume %s: cloned of %s, which is image %s", volume.id, volume_id, image["id"])
        return update, True
    return None, False


def _not_as_it_is(volume: Volume, image: Mapping[str, Any]) -> str | None:
    """Tell why an image's data is not what a volume of it holds, None where it is."""
    if not locations.allowed(locations.CINDER):
        return "allowed_direct_url_schemes does not have cinder."
    if volume.encryption_key_id:
        return "the volume is encrypted."
    if not checks.is_bare(image):
        return f"it is {image.get('container_format')}/{image.get('disk_format')}, not bare/raw."
    if signatures.is_checked(image):
        return "it is signed, and a signature is of the data that Glance sends."
    return None


def _holder(
    context: RequestContext, volume: Volume, image: Mapping[str, Any], volume_id: str
) -> Volume | None:
    """Return a volume that holds an image's data, None where it must not be cloned."""
    try:
        holder = volumes.get(context.elevated(), volume_id)
    except exception.VolumeNotFound:
        reason: str | None = "there is no such volume."
    else:
        reason = _must_not_be_cloned(holder, volume, image)
        if reason is None:
            return holder
    told = (volume.id, volume_id, image["id"], reason)
    LOG.debug("Volume %s: volume %s of image %s is not cloned: %s", *told)
    return None


def _must_not_be_cloned(holder: Volume, volume: Volume, image: Mapping[str, Any]) -> str | None:
    owners = (holder.project_id, volume_metadata.get(holder.id).get(OWNER))
    if not image.get("owner") or image["owner"] not in owners:
        return "it is not the image's owner's."
    if holder.host != volume.host:
        return f"it is on {holder.host}."
    if holder.status not in (states.AVAILABLE, states.IN_USE):
        return f"its status is {holder.status}."
    if holder.migration_status not in states.MIGRATION_IDLE:
        return "it is moving."
    if holder.encryption_key_id:
        return "it is encrypted."
    if holder.size > volume.size:
        return f"it has {holder.size} GiB, and the volume is to have {volume.size}."
    return None
