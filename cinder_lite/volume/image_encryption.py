# SPDX-License-Identifier: Apache-2.0
"""A plain image brought into an encrypted volume.

Through dm-crypt where this node has it. A volume that is a file, and whatever is on a node without
dm-crypt, gets a LUKS volume that qemu-img has made.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from cinder_lite import exception, keymgr
from cinder_lite.context import RequestContext
from cinder_lite.image import fetch, luks, metadata
from cinder_lite.objects import Volume
from cinder_lite.volume import encryption, encryptors
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.copy import CopyResult, Report, copier

_MIB = 1024**2
_GIB = 1024**3


def is_needed(volume: Volume, image: Mapping[str, Any]) -> bool:
    """Tell whether an image must be encrypted for a volume.

    The data of an image that names a key is encrypted already, and the volume has a copy of that
    key.
    """
    if volume.encryption_key_id is None or image.get(metadata.KEY):
        return False
    return encryptors.is_front_end(volume)


def write(
    backend: Backend,
    context: RequestContext,
    volume: Volume,
    raw: fetch.RawImage,
    path: Any,
    *,
    image_id: str,
    progress: Report | None,
) -> CopyResult:
    """Write a plain image into an encrypted volume, flushed when this returns.

    :param path: of the volume's device, or file, on this node
    :raises ImageUnacceptable: it does not fit beside the header
    :raises EncryptorFailed, KeyManagerFailed: the volume can not be opened
    """
    if not isinstance(path, str):
        raise exception.EncryptorFailed(
            volume_id=volume.id, reason="it has no path, so that no image can be encrypted for it."
        )
    found = encryption.of_type(volume.volume_type_id) or {}
    simple = encryptors.provider_of(found) == "luks"
    if simple and (os.path.isfile(path) or encryptors.obstacle() is not None):
        return _by_qemu(
            backend, context, volume, raw, path, found, image_id=image_id, progress=progress
        )
    with encryptors.opened(backend, context, volume, path) as plain:
        _check_room(image_id, raw.size, copier.size_of(plain) or 0)
        # What was never written reads as anything but zero: every byte is written.
        return backend.copy(raw.path, plain, raw.size // _MIB, progress=progress)


def _by_qemu(
    backend: Backend,
    context: RequestContext,
    volume: Volume,
    raw: fetch.RawImage,
    path: str,
    found: Mapping[str, Any],
    *,
    image_id: str,
    progress: Report | None,
) -> CopyResult:
    key = keymgr.read(context, str(volume.encryption_key_id))
    with fetch.workspace(backend.service_host) as directory:
        fetch.check_room(image_id, raw.size)
        made = os.path.join(directory, "encrypted")
        luks.encrypt(raw.path, made, size=raw.size, key=key, encryption=found, image_id=image_id)
        size = os.stat(made).st_size
        _check_room(image_id, size, volume.size * _GIB)
        rounded = -(-size // _MIB) * _MIB
        os.truncate(made, rounded)
        return backend.copy(made, path, rounded // _MIB, progress=progress)


def _check_room(image_id: str, needed: int, room: int) -> None:
    if needed > room:
        raise exception.ImageUnacceptable(
            image_id=image_id,
            reason=f"{needed} bytes are needed for it in an encrypted volume, whose LUKS header "
            f"takes room, and there are {room}.",
        )
