# SPDX-License-Identifier: Apache-2.0
"""An image's bytes brought into a volume, through this node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oslo_log import log as logging

from cinder_lite.context import RequestContext
from cinder_lite.image import fetch, signatures
from cinder_lite.image.glance import ImageService
from cinder_lite.objects import Volume
from cinder_lite.volume import connections, image_encryption
from cinder_lite.volume.backend import Backend

LOG = logging.getLogger(__name__)

_MIB = 1024**2


def write(
    backend: Backend,
    context: RequestContext,
    volume: Volume,
    image: Mapping[str, Any],
    service: ImageService,
    *,
    fresh: bool,
    progress: fetch.Activities | None = None,
) -> None:
    """Fill a volume with an image: by the driver's own means, or as raw bytes through this node.

    A plain image is encrypted for a volume that is.

    :param fresh: the volume has just been made, and nobody has written to it
    :param progress: tells of ``downloading``, ``converting`` and ``copying``
    :raises CinderLiteException: the image can not be had, or is refused, or could not be written
    """
    encrypted = image_encryption.is_needed(volume, image)
    # A driver would write what it is given, as it is.
    if not encrypted and not signatures.is_checked(image):
        try:
            backend.driver.copy_image_to_volume(context, volume, service, image["id"])
            return
        except NotImplementedError:
            pass
    stats = backend.driver.get_volume_stats()
    with (
        fetch.raw_image(
            service,
            image,
            volume.size,
            owner=backend.service_host,
            verifier=signatures.verifier(context, image),
            progress=progress,
        ) as raw,
        connections.attached(
            backend,
            context,
            volume,
            protocol=stats.get("storage_protocol"),
            remote=False,
        ) as attached,
    ):
        report = progress.of("copying") if progress is not None else None
        if encrypted:
            result = image_encryption.write(
                backend,
                context,
                volume,
                raw,
                attached.path,
                image_id=image["id"],
                progress=report,
            )
        else:
            result = backend.copy(
                raw.path,
                attached.path,
                raw.size // _MIB,
                sparse=fresh and bool(stats.get("sparse_copy_volume")),
                progress=report,
            )
    LOG.info("Volume %s: filled with image %s: %s", volume.id, image["id"], result)
