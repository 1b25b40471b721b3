# SPDX-License-Identifier: Apache-2.0
"""What a request may start between a volume and an image: the rules, and a cast."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, keymgr, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import volume_glance_metadata as db_metadata
from cinder_lite.db import volumes
from cinder_lite.image import checks, metadata, signatures
from cinder_lite.image.glance import ImageService
from cinder_lite.objects import Volume
from cinder_lite.volume.rpcapi import VolumeAPI

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_LOCKED = (states.MAINTENANCE, states.UPLOADING)
_NAMESPACES = ("os_glance", signatures.PREFIX, signatures.VERIFIED)
"""How names begin of what an image made of a volume never inherits."""
_RAW_ONLY = "images are not converted here; the only disk_format is raw."
_NOT_MOVING = cond.In(
    "the volume is moving to another backend (migration_status is {volume.migration_status}).",
    "migration_status",
    states.MIGRATION_IDLE,
)


class Images:
    """Image metadata, uploads and reimaging.

    :param rpcapi: returns the volume services' client
    """

    def __init__(self, rpcapi: Callable[[], VolumeAPI]) -> None:
        self._rpcapi = rpcapi

    # --- metadata ----------------------------------------------------------------------------

    def image_metadata(self, volume: Volume) -> dict[str, str]:
        """Return a volume's image metadata.

        :raises GlanceMetadataNotFound: there is none
        """
        found = db_metadata.get(volume.id)
        if not found:
            raise exception.GlanceMetadataNotFound(id=volume.id)
        return found

    def set_image_metadata(self, volume: Volume, items: Mapping[str, str]) -> dict[str, str]:
        """Set items of a volume's image metadata and return all of it.

        :raises InvalidVolume: the volume is locked
        """
        _check_unlocked(volume)
        return db_metadata.update(volume.id, items)

    def unset_image_metadata(self, volume: Volume, key: str) -> None:
        """Remove an item.

        :raises GlanceMetadataNotFound: there is no such item
        :raises InvalidVolume: the volume is locked
        """
        _check_unlocked(volume)
        db_metadata.remove(volume.id, key)

    def set_bootable(self, volume: Volume, *, bootable: bool) -> None:
        """Say whether a server can boot from a volume."""
        volumes.update(volume.id, {"bootable": bootable})

    # --- from a volume to an image -----------------------------------------------------------

    def copy_volume_to_image(
        self, context: RequestContext, volume: Volume, asked: Mapping[str, Any], *, force: bool
    ) -> dict[str, Any]:
        """Register an image and have the volume's host fill it.

        An image of an encrypted volume holds what the volume holds, and names a key of its own,
        which goes with it.

        :param asked: the image's attributes
        :param force: also while the volume is in use, if ``enable_force_upload`` allows it
        :returns: what the request is answered with
        :raises InvalidVolume: the volume's state forbids it
        :raises InvalidInput: the volume is encrypted, and the image is to be anything but raw
        :raises KeyManagerFailed: the image can not have the volume's key
        """
        if volume.encryption_key_id is not None:
            _check_raw(volume, asked)
        if CONF.image_conversion_disable and asked["disk_format"] != checks.RAW:
            raise exception.ImageConversionNotAllowed(image_id=asked["name"], reason=_RAW_ONLY)
        free = [states.AVAILABLE]
        if force and CONF.enable_force_upload:
            free.append(states.IN_USE)
        _mark(volume, states.UPLOADING, free, "uploaded")
        key: dict[str, str] = {}
        image: dict[str, Any] | None = None
        try:
            key = _key_of_image(context, volume)
            image = ImageService(context).create({**_properties(volume), **asked, **key})
            self._rpcapi().copy_volume_to_image(context, volume, image)
        except Exception:
            _unmark(volume, states.UPLOADING)
            if key and image is None:  # otherwise it is the image's, and goes with that
                keymgr.delete(context, key[metadata.KEY], "an image that was not made")
            raise
        LOG.info("Volume %s: upload to image %s asked for", volume.id, image["id"])
        return _answer(volume, image)

    # --- from an image to a volume -----------------------------------------------------------

    def reimage(
        self, context: RequestContext, volume: Volume, image_id: str, *, reserved: bool
    ) -> None:
        """Have the volume's host write an image over the volume.

        :param reserved: also when the volume is reserved for a server
        :raises InvalidVolume: the volume's state forbids it
        :raises ImageUnacceptable, InvalidInput: the image does not fit
        """
        free = [states.AVAILABLE, states.ERROR, *([states.RESERVED] if reserved else [])]
        if not volume.host:
            raise exception.InvalidVolume(reason=f"volume {volume.id} has no data on any backend.")
        _mark(volume, states.DOWNLOADING, free, "reimaged")
        try:
            image = ImageService(context).show(image_id)
            checks.check_description(image, volume.size)
            if volume.encryption_key_id is not None and image.get(metadata.KEY):
                raise exception.ImageUnacceptable(
                    image_id=image_id,
                    reason=f"it is encrypted with a key that volume {volume.id} does not have.",
                )
            self._rpcapi().reimage(context, volume, image)
        except Exception:
            _unmark(volume, states.DOWNLOADING)
            raise
        LOG.info("Volume %s: writing image %s over it asked for", volume.id, image_id)


def _check_unlocked(volume: Volume) -> None:
    if volume.status in _LOCKED:
        raise exception.InvalidVolume(
            reason=f"the image metadata of volume {volume.id} can not be changed while its status "
            f"is {volume.status}."
        )


def _mark(volume: Volume, status: str, free: Sequence[str], what: str) -> None:
    """Set a volume's status if it is one of ``free``, and keep the one before."""
    named = " or ".join(free)
    rules = [
        cond.In(f"its status must be {named}, but is {{volume.status}}.", "status", free),
        _NOT_MOVING,
    ]
    values = {"previous_status": volumes.column("status"), "status": status}
    if volumes.conditional_update(volume.id, values, rules):
        return
    reasons = volumes.refusals(volume.id, rules)
    raise exception.InvalidVolume(
        reason=f"volume {volume.id} can not be {what}: "
        + (" Also, ".join(reasons) or "it is being changed by other requests; try again.")
    )


def _unmark(volume: Volume, status: str) -> None:
    """Give a volume the status that it had before."""
    marked = cond.In("", "status", (status,))
    before = volumes.column("previous_status")
    volumes.conditional_update(volume.id, {"status": before}, [marked])


def _properties(volume: Volume) -> dict[str, str]:
    """Return the properties that an image of a volume inherits from the volume's image.

    Its key and its signature are not among them: those are that image's own.
    """
    reserved = (*_NAMESPACES, *CONF.reserved_image_namespaces)
    core = {*CONF.glance_core_properties, metadata.KEY, metadata.KEY_POLICY}
    return {
        name: value
        for name, value in db_metadata.get(volume.id).items()
        if name not in core and not name.startswith(reserved)
    }


def _check_raw(volume: Volume, asked: Mapping[str, Any]) -> None:
    """Let an encrypted volume become a raw image only: nobody converts what nobody can read."""
    wanted = {"disk_format": checks.RAW, "container_format": "bare"}
    if any(asked.get(name) != value for name, value in wanted.items()):
        raise exception.InvalidInput(
            reason=f"volume {volume.id} is encrypted, and can become an image only with the "
            "disk_format raw and the container_format bare, which are the defaults."
        )


def _key_of_image(context: RequestContext, volume: Volume) -> dict[str, str]:
    """Return the properties of an encrypted volume's image: a copy of its key, and its fate."""
    if volume.encryption_key_id is None:
        return {}
    key_id = keymgr.clone(context, volume.encryption_key_id)
    return {metadata.KEY: key_id, metadata.KEY_POLICY: "on_image_deletion"}


def _answer(volume: Volume, image: Mapping[str, Any]) -> dict[str, Any]:
    updated = volume.updated_at
    answer = {
        "id": volume.id,
        "updated_at": updated.isoformat() if updated else None,
        "status": states.UPLOADING,
        "display_description": volume.display_description,
        "size": volume.size,
        "image_id": image["id"],
        "container_format": image.get("container_format"),
        "disk_format": image.get("disk_format"),
        "image_name": image.get("name"),
    }
    return answer | {name: image[name] for name in ("protected", "visibility") if name in image}
