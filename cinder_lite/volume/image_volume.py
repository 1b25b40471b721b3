# SPDX-License-Identifier: Apache-2.0
"""An upload that sends nothing: the volume is cloned, and Glance told that its data is the clone.

The clone is a volume of its own, read-only and named after the image: of the project that uploads,
whose quota counts it, or of the internal one. Glance deletes it with the image.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import (
    snapshots,
    volume_admin_metadata,
    volume_metadata,
    volume_types,
    volumes,
)
from cinder_lite.image import checks, locations
from cinder_lite.image.glance import ImageService
from cinder_lite.objects import Volume, utcnow
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.create.image_location import OWNER

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

IMAGE = "glance_image_id"
"""Metadata of an image's volume: the image. It is there before Glance is told of the volume."""
STORE = "image_service:store_id"
"""Extra spec: Glance's name of the store whose images are volumes of the type."""
PREFIX = "image-"
"""Of the names of images' volumes; the image's id follows."""
_PATIENCE = 60.0
"""Seconds in which Glance should have looked at a location."""
_LONGEST_PAUSE = 2.0


def register(
    backend: Backend,
    context: RequestContext,
    volume: Volume,
    image: Mapping[str, Any],
    service: ImageService,
) -> bool:
    """Make a registered image active by giving it a clone of a volume.

    :param image: its description: ``id``, ``disk_format`` and ``container_format``
    :returns: False where the bytes must be sent: nothing is left of the attempt
    :raises ImageNotFound: the image was deleted meanwhile; nothing is left
    :raises GlanceConnectionFailed: nobody knows whether Glance has taken the clone, so it stays
    """
    if not backend.configuration.image_upload_use_cinder_backend:
        return False
    if not checks.is_bare(image):
        LOG.debug("Image %s: its data is sent, as it is not bare and raw", image["id"])
        return False
    if volume.encryption_key_id:
        LOG.debug("Image %s: its data is sent, as volume %s is encrypted", image["id"], volume.id)
        return False
    try:
        row = _row(backend, context, volume, image)
    except exception.OverQuota as refusal:
        LOG.warning("Image %s: its data is sent: %s", image["id"], refusal.msg)
        return False
    with backend.claims(row.id):
        try:
            _fill(backend, volume, row)
            volume_metadata.write(row.id, {IMAGE: str(image["id"])}, (), whole=False)
        except (NotImplementedError, exception.CinderLiteException) as error:
            LOG.warning("Image %s: volume %s is not cloned: %s", image["id"], volume.id, error)
            remove(backend, row)
            return False
        try:
            taken = _registered(service, str(image["id"]), row.id, _store(context, volume))
        except exception.ImageNotFound:
            remove(backend, row)
            raise
        if not taken:
            remove(backend, row)
            return False
    LOG.info("Image %s: volume %s is its data", image["id"], row.id)
    return True


def _row(
    backend: Backend, context: RequestContext, volume: Volume, image: Mapping[str, Any]
) -> Volume:
    """Create the row of an image's volume."""
    project, user = context.project_id, context.user_id
    internal = CONF.cinder_internal_tenant_project_id
    if backend.configuration.image_upload_use_internal_tenant and internal:
        project, user = internal, CONF.cinder_internal_tenant_user_id
    return volumes.create(
        {
            "project_id": project,
            "user_id": user,
            "host": volume.host,
            "size": volume.size,
            "status": states.CREATING,
            "attach_status": states.DETACHED,
            "availability_zone": volume.availability_zone,
            "volume_type_id": volume.volume_type_id,
            "display_name": f"{PREFIX}{image['id']}",
            "source_volid": volume.id,
            "bootable": volume.bootable,
            "multiattach": False,
            "use_quota": True,
        },
        metadata={OWNER: str(context.project_id)},
    )


def _fill(backend: Backend, volume: Volume, row: Volume) -> None:
    """Clone the volume; the clone is available then, and nobody may write to it."""
    with backend.uses.shared(volume.id):
        update = backend.driver.create_cloned_volume(row, volume) or {}
    snapshots.copy_image_metadata_to_volume(row.id, from_volume=volume.id)
    volume_admin_metadata.update(row.id, {"readonly": "True"})
    now = {"status": states.AVAILABLE, "launched_at": utcnow(), **backend.marks(), **update}
    volumes.update(row.id, now)


def _store(context: RequestContext, volume: Volume) -> str | None:
    if not volume.volume_type_id:
        return None
    found = volume_types.get(context.elevated(), volume.volume_type_id)
    store: str | None = found.extra_specs.get(STORE)
    return store


def _registered(service: ImageService, image_id: str, volume_id: str, store: str | None) -> bool:
    """Tell Glance of an image's volume; False where it does not take it."""
    url = locations.volume_url(volume_id, store)
    try:
        service.add_location(image_id, url, {"store": store} if store else {})
    except exception.GlanceConnectionFailed as error:
        LOG.warning("Image %s: it is not known whether Glance took %s: %s", image_id, url, error)
    except exception.CinderLiteException as refusal:
        LOG.warning("Image %s: Glance does not take %s: %s", image_id, url, refusal)
        return False
    return _becomes_active(service, image_id)


def _becomes_active(service: ImageService, image_id: str) -> bool:
    """Wait until Glance has looked at an image's location; False where it refuses it."""
    deadline, pause = time.monotonic() + _PATIENCE, 0.1
    while (now := service.show(image_id)).get("status") != "active":
        if now.get("status") == "queued" and not now.get("os_glance_import_task"):
            LOG.warning("Image %s: Glance leaves it queued", image_id)
            return False
        if time.monotonic() > deadline:
            LOG.warning("Image %s: Glance still looks at its volume", image_id)
            break
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    return True


def undo(backend: Backend, volume: Volume) -> None:
    """Remove the clone of an upload that was interrupted before Glance was told of it."""
    for row in volumes.for_host(backend.service_host, source_volid=volume.id):
        if not (row.display_name or "").startswith(PREFIX):
            continue
        noted = volume_metadata.get(row.id)
        if OWNER in noted and IMAGE not in noted:
            LOG.warning("Volume %s: was to be an image's, is removed", row.id)
            remove(backend, row)


def remove(backend: Backend, row: Volume) -> None:
    """Remove an image's volume, data first; what fails is tried again by the periodic work.

    Who clones it at this moment is waited for; nobody begins to, as it is marked before.
    """
    with backend.claims(row.id):  # the periodic work has others to do meanwhile
        volumes.update(row.id, {"status": states.DELETING})
        try:
            with backend.uses.alone(row.id):
                backend.driver.delete_volume(row)
        except Exception:
            LOG.exception("Volume %s of an image could not be removed", row.id)
            return
        volumes.destroy(row.id)
