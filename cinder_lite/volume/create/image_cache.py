# SPDX-License-Identifier: Apache-2.0
"""The image volume cache: a volume of an image, kept on a backend and cloned for the next volume.

Its volumes belong to the internal project and are named after their image; the description holds
the time of the image's last change. There is no list of them besides: whatever the database says
of those volumes is the cache, also after a crash.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import volumes
from cinder_lite.image import metadata
from cinder_lite.image.glance import ImageService
from cinder_lite.objects import Volume, utcnow
from cinder_lite.volume import image_data, image_volume
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.create.progress import Progress
from cinder_lite.volume.drivers.base import ModelUpdate

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

GIB = 1024**3

_lock = threading.Lock()
_makers: dict[tuple[str, str], threading.Lock] = {}
"""By backend and image: who makes the image's volume; the others wait for it."""


def clone(
    backend: Backend,
    context: RequestContext,
    volume: Volume,
    image: Mapping[str, Any],
    service: ImageService,
    progress: Progress,
) -> tuple[ModelUpdate, bool]:
    """Make a volume by cloning its image's volume, which is made first where there is none.

    :param progress: of the volume; told of what is done for the image's, too
    :returns: a model update and True; ``(None, False)`` where the cache can not serve
    """
    if not _serves(backend, volume):
        return None, False
    with _alone(backend, image):
        cached = _find(backend, image)
        if cached is None:
            cached = _make(backend, context, volume, image, service, progress)
    if cached is None or cached.size > volume.size:
        return None, False
    with backend.uses.shared(cached.id):
        if not _is_there(backend, cached.id):  # another image needed its room
            return None, False
        try:
            update = backend.driver.create_cloned_volume(volume, cached, progress.of("copying"))
        except NotImplementedError:
            return None, False
    volumes.update(cached.id, {"updated_at": utcnow()})
    LOG.info("Volume %s: cloned of image %s in the cache", volume.id, image["id"])
    return update, True


def _serves(backend: Backend, volume: Volume) -> bool:
    owner = CONF.cinder_internal_tenant_project_id
    enabled = backend.configuration.image_volume_cache_enabled and owner
    # What the cache holds is plain: a clone of it would not be encrypted.
    return bool(enabled) and volume.project_id != owner and volume.encryption_key_id is None


def _alone(backend: Backend, image: Mapping[str, Any]) -> threading.Lock:
    with _lock:
        return _makers.setdefault((backend.service_host, image["id"]), threading.Lock())


def _cached(backend: Backend) -> list[Volume]:
    """Return the cache's volumes on a backend, the one that was used least recently first."""
    owner = CONF.cinder_internal_tenant_project_id
    found = [
        volume
        for volume in volumes.for_host(backend.service_host, project_id=owner)
        if (volume.display_name or "").startswith(image_volume.PREFIX)
    ]
    return sorted(found, key=lambda one: str(one.updated_at or one.created_at))


def _find(backend: Backend, image: Mapping[str, Any]) -> Volume | None:
    """Return the volume of an image; one of an image that has changed is removed."""
    for volume in _cached(backend):
        if (
            volume.display_name != image_volume.PREFIX + image["id"]
            or volume.status != states.AVAILABLE
        ):
            continue
        if volume.display_description == str(image.get("updated_at")):
            return volume
        image_volume.remove(backend, volume)
    return None


def _is_there(backend: Backend, volume_id: str) -> bool:
    try:
        return volumes.get(backend.context, volume_id).status == states.AVAILABLE
    except exception.VolumeNotFound:
        return False


def _make(
    backend: Backend,
    context: RequestContext,
    volume: Volume,
    image: Mapping[str, Any],
    service: ImageService,
    progress: Progress,
) -> Volume | None:
    """Make the volume of an image.

    :param volume: the one that is to be cloned of it: it names the pool, and the size where the
        image does not tell its own
    :returns: None where there is no room for it in the cache
    :raises CinderLiteException: the image can not be had, or is refused; nothing is left
    """
    size = max(-(-int(image.get("virtual_size") or 0) // GIB), int(image.get("min_disk") or 0))
    size = size or volume.size
    if not _make_room(backend, size):
        return None
    row = volumes.create(
        {
            "project_id": CONF.cinder_internal_tenant_project_id,
            "user_id": CONF.cinder_internal_tenant_user_id,
            "host": volume.host,
            "size": size,
            "status": states.CREATING,
            "attach_status": states.DETACHED,
            "availability_zone": volume.availability_zone,
            "volume_type_id": volume.volume_type_id,
            "display_name": image_volume.PREFIX + image["id"],
            "display_description": str(image.get("updated_at")),
            "bootable": True,
            "multiattach": False,
            "use_quota": False,
        },
        image_metadata=metadata.of_image(image),
    )
    with backend.claims(row.id):
        try:
            update = backend.driver.create_volume(row) or {}
            made = row.replace(**update)
            image_data.write(backend, context, made, image, service, fresh=True, progress=progress)
        except Exception:
            image_volume.remove(backend, row)
            raise
        values = {"status": states.AVAILABLE, "launched_at": utcnow(), **update}
        volumes.update(row.id, values)
    LOG.info("Image %s: kept in the cache of %s as volume %s", image["id"], row.host, row.id)
    return row.replace(**values)


def _make_room(backend: Backend, size: int) -> bool:
    """Remove what was used least recently until there is room; False where there is none."""
    most = backend.configuration.image_volume_cache_max_count
    most_gib = backend.configuration.image_volume_cache_max_size_gb
    if most_gib and size > most_gib:
        return False
    cached = _cached(backend)
    while cached and (
        (most and len(cached) >= most)
        or (most_gib and sum(one.size for one in cached) + size > most_gib)
    ):
        image_volume.remove(backend, cached.pop(0))
    return True
