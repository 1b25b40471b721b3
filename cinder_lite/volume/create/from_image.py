# SPDX-License-Identifier: Apache-2.0
"""A volume made of an image of Glance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import volume_glance_metadata, volumes
from cinder_lite.image import checks, signatures
from cinder_lite.image.glance import ImageService
from cinder_lite.objects import Volume
from cinder_lite.volume import image_data
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.create import ending, image_cache, image_location
from cinder_lite.volume.create.progress import Progress
from cinder_lite.volume.create.spec import VolumeSpec

LOG = logging.getLogger(__name__)
CONF = cfg.CONF


def from_image(
    backend: Backend,
    context: RequestContext,
    volume: Volume,
    volume_spec: VolumeSpec,
    progress: Progress,
) -> dict[str, Any]:
    """Make a volume of an image: the driver's own clone of it, or its bytes.

    :param progress: told of the download, the conversion and the copy onto the volume

    :raises ImageNotFound: it is gone
    :raises ImageUnacceptable: it can not become a volume
    """
    service = ImageService(context)
    image = service.located(_described(service, context, volume, str(volume_spec.image_id)))
    checks.check_description(image, volume.size)
    update, cloned = None, False
    # A clone would hold what the image holds, and a signature is of the data that Glance sends.
    if not volume.encryption_key_id and not signatures.is_checked(image):
        place = _location(image)
        update, cloned = backend.driver.clone_image(context, volume, place, image, service)
    if not cloned:
        update, cloned = image_location.clone(backend, context, volume, image, progress)
    if not cloned:
        update, cloned = image_cache.clone(backend, context, volume, image, service, progress)
    if not cloned:
        update = _copied(backend, context, volume, image, service, progress)
    return {**(update or {}), "bootable": True}


def _described(
    service: ImageService, context: RequestContext, volume: Volume, image_id: str
) -> dict[str, Any]:
    """Return an image's description, if the volume's project may use the image.

    A creation that is taken up again has no user's token any more. What asks in its place may see
    more than the user, and the note of the image could have been changed by the user since.

    :raises ImageRightsLost: nobody is left who may read the image for the volume
    """
    try:
        image = service.show(image_id)
    except (exception.ImageNotAuthorized, exception.GlanceConnectionFailed) as error:
        away = isinstance(error, exception.GlanceConnectionFailed) and CONF.glance_api_servers
        if context.auth_token or service.own or away:
            raise
        raise exception.ImageRightsLost(image_id=image_id, volume_id=volume.id) from error
    if service.own and not service.is_visible_to(image, volume.project_id):
        raise exception.ImageNotFound(image_id=image_id)
    return image


def _copied(
    backend: Backend,
    context: RequestContext,
    volume: Volume,
    image: dict[str, Any],
    service: ImageService,
    progress: Progress,
) -> dict[str, Any]:
    """Make an empty volume and fill it with an image's bytes."""
    update = backend.driver.create_volume(volume) or {}
    downloading = {"status": states.DOWNLOADING, **update}
    if not volumes.conditional_update(volume.id, downloading, ending.being_made_here(volume)):
        raise exception.InvalidVolume(reason=f"volume {volume.id} is no longer being created.")
    made = volume.replace(**update)
    image_data.write(backend, context, made, image, service, fresh=True, progress=progress)
    if noted := signatures.noted(image):
        volume_glance_metadata.update(volume.id, noted)
    return update


def _location(image: Mapping[str, Any]) -> tuple[str | None, list[Any]]:
    """Return where the image's data is, as drivers are told: its direct URL, and all locations."""
    return image.get("direct_url"), list(image.get("locations") or [])
