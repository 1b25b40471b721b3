# SPDX-License-Identifier: Apache-2.0
"""A volume's data brought into an image, and an image's over a volume, on the volume's host."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, message, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import volume_glance_metadata, volumes
from cinder_lite.image import checks, fetch, metadata, qemu, signatures
from cinder_lite.image.glance import ImageService
from cinder_lite.image.streams import Outgoing
from cinder_lite.objects import Volume
from cinder_lite.volume import connections, image_data, image_volume, server_events
from cinder_lite.volume.backend import Backend

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_GIB = 1024**3
_UPLOADING = cond.In("", "status", (states.UPLOADING,))
_DOWNLOADING = cond.In("", "status", (states.DOWNLOADING,))


# --- upload ----------------------------------------------------------------------------------


def upload(
    backend: Backend, context: RequestContext, volume_id: str, image: dict[str, Any]
) -> None:
    """Fill a registered image with a volume's data; the volume is then as it was before.

    Nobody waits for an answer: a failure is logged, a message is left, the image is deleted.

    :param image: its description: ``id`` and ``disk_format``
    """
    volume = volumes.get(context.elevated(), volume_id)
    if volume.status != states.UPLOADING:
        LOG.warning("Volume %s: not uploaded, its status is %s", volume_id, volume.status)
        return
    service = ImageService(context)
    try:
        if not backend.driver.initialized:
            raise exception.DriverNotInitialized(driver=type(backend.driver).__name__)
        _upload(backend, context, volume, image, service)
        LOG.info("Volume %s: uploaded to image %s", volume_id, image["id"])
    except Exception as error:
        LOG.exception("Volume %s: not uploaded to image %s", volume_id, image["id"])
        message.create(
            context,
            message.Action.COPY_VOLUME_TO_IMAGE,
            volume_id,
            error=error,
            detail=message.Detail.FAILED_TO_UPLOAD_VOLUME,
            project_id=volume.project_id,
        )
        _forget_image(service, image["id"], error)
    finally:
        finish_upload(volume)


def finish_upload(volume: Volume) -> None:
    """Give a volume the status that it had before its upload."""
    status = volume.previous_status if volume.previous_status else states.AVAILABLE
    volumes.conditional_update(volume.id, {"status": status}, [_UPLOADING])


def _forget_image(service: ImageService, image_id: str, error: Exception) -> None:
    """Delete an image that did not become whole."""
    try:
        if service.show(image_id).get("status") in ("queued", "saving"):
            service.delete(image_id)
    except exception.CinderLiteException as failure:
        LOG.warning("Image %s could not be removed: %s", image_id, failure.msg)


def _upload(
    backend: Backend,
    context: RequestContext,
    volume: Volume,
    image: dict[str, Any],
    service: ImageService,
) -> None:
    if image_volume.register(backend, context, volume, image, service):
        return
    try:
        backend.driver.copy_volume_to_image(context, volume, service, image)
        return
    except NotImplementedError:
        pass
    disk_format = image.get("disk_format") or checks.RAW
    extents = _extents(backend, volume)
    with _readable(backend, context, volume, extents) as path:
        if disk_format == checks.RAW:
            with Outgoing(path, volume.size * _GIB, extents) as body:
                service.upload(image["id"], body)
            return
        with fetch.workspace(backend.service_host) as directory:
            made = os.path.join(directory, "converted")
            qemu.convert(
                path,
                checks.RAW,
                made,
                checks.qemu_format(disk_format),
                size=volume.size * _GIB,
                image_id=image["id"],
            )
            with Outgoing(made, os.stat(made).st_size) as body:
                service.upload(image["id"], body)


def _extents(backend: Backend, volume: Volume) -> list[tuple[int, int]] | None:
    """Return which parts of a volume hold data, None where all of it is to be read.

    Asked before the volume is connected, as a driver may know it only of one that nobody has open.
    """
    if volume.attach_status == states.ATTACHED:
        return None
    return backend.driver.mapped_extents(volume)


@contextlib.contextmanager
def _readable(
    backend: Backend,
    context: RequestContext,
    volume: Volume,
    extents: Sequence[tuple[int, int]] | None,
) -> Iterator[str]:
    """Yield a path of the volume's data that this process may open.

    :param extents: what of it is read to make a copy
    """
    stats = backend.driver.get_volume_stats()
    protocol = stats.get("storage_protocol")
    with connections.attached(
        backend, context, volume, protocol=protocol, remote=False
    ) as attached:
        path = str(attached.path)
        if os.access(path, os.R_OK):
            yield path
            return
        # A device that only root may open: qemu-img and Glance get a sparse copy of it.
        with fetch.workspace(backend.service_host) as directory:
            copied = os.path.join(directory, "volume")
            with open(copied, "xb") as file:
                file.truncate(volume.size * _GIB)
            backend.copy(path, copied, volume.size * 1024, sparse=True, extents=extents)
            yield copied


def settle(backend: Backend, context: RequestContext, volume: Volume) -> None:
    """End an upload or a reimaging whose service was killed, or whose message was lost.

    An upload has not touched the volume, but may have begun to clone it. A volume over which an
    image was being written holds half of it.
    """
    if volume.status == states.UPLOADING:
        LOG.warning("Volume %s: its upload was interrupted", volume.id)
        image_volume.undo(backend, volume)
        finish_upload(volume)
    elif volume.status == states.DOWNLOADING and volume.launched_at is not None:
        LOG.warning("Volume %s: writing an image over it was interrupted", volume.id)
        _end_reimage(context, volume, succeeded=False)


# --- reimage ---------------------------------------------------------------------------------


def reimage(
    backend: Backend, context: RequestContext, volume_id: str, image: Mapping[str, Any]
) -> None:
    """Write an image over a volume; the volume is then as it was before, or in error.

    :param image: its description
    """
    volume = volumes.get(context.elevated(), volume_id)
    if volume.status != states.DOWNLOADING:
        LOG.warning("Volume %s: not reimaged, its status is %s", volume_id, volume.status)
        return
    try:
        if not backend.driver.initialized:
            raise exception.DriverNotInitialized(driver=type(backend.driver).__name__)
        service = ImageService(context)
        image_data.write(
            backend, context, volume, service.located(dict(image)), service, fresh=False
        )
        noted = {**metadata.of_image(image), **signatures.noted(image)}
        volume_glance_metadata.replace(volume_id, noted)
    except Exception as error:
        LOG.exception("Volume %s: image %s could not be written over it", volume_id, image["id"])
        message.create(
            context,
            message.Action.REIMAGE_VOLUME,
            volume_id,
            error=error,
            project_id=volume.project_id,
        )
        _end_reimage(context, volume, succeeded=False)
        return
    _end_reimage(context, volume, succeeded=True)
    LOG.info("Volume %s: image %s is written over it", volume_id, image["id"])


def _end_reimage(context: RequestContext, volume: Volume, *, succeeded: bool) -> None:
    """Give a volume its status after a reimaging, and tell the server that waits for that."""
    before = volume.previous_status or states.AVAILABLE
    values = {"status": before, "bootable": True} if succeeded else {"status": states.ERROR}
    ended = volumes.conditional_update(volume.id, values, [_DOWNLOADING])
    if ended and before == states.RESERVED:
        server_events.send(
            context,
            volume,
            lambda nova, servers: nova.reimage_volume(
                context, servers, volume.id, succeeded=succeeded
            ),
            message.Action.REIMAGE_VOLUME,
            message.Detail.REIMAGE_VOLUME_FAILED,
        )
