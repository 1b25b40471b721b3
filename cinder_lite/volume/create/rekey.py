# SPDX-License-Identifier: Apache-2.0
"""A key of its own for a clone: whoever has the source's key opens the clone no more.

A clone begins with its source's header, and so with a copy of its source's key. The header is
rewritten for a new one; the data stays as it is. As in Cinder this is for clones of volumes, and
for devices only: a volume that is a file keeps the copy.
"""

from __future__ import annotations

import os
import stat
from typing import Any

from oslo_log import log as logging

from cinder_lite import exception, keymgr
from cinder_lite.context import RequestContext
from cinder_lite.objects import Volume
from cinder_lite.volume import encryption, encryptors
from cinder_lite.volume.backend import Backend

LOG = logging.getLogger(__name__)

_FORMATS = ("luks", "luks2")


def rekey(backend: Backend, context: RequestContext, volume: Volume) -> dict[str, Any]:
    """Give a new clone a key of its own.

    :param volume: the clone, whose key is a copy of its source's
    :returns: columns of the volume's row to change
    :raises KeyManagerFailed, EncryptorFailed: it can not be done; the clone is as it was
    """
    old_id = volume.encryption_key_id
    found = encryption.of_type(volume.volume_type_id)
    path = _device_of(backend, volume)
    if old_id is None or found is None or path is None or not encryptors.has_cryptsetup():
        return {}
    if not encryptors.is_front_end(volume) or encryptors.provider_of(found) not in _FORMATS:
        return {}
    new_id = keymgr.create(context, found)
    try:
        # One that was never used gets its header with its first use.
        if encryptors.is_formatted(path):
            keys = [keymgr.read(context, key_id) for key_id in (old_id, new_id)]
            encryptors.change_key(volume, path, *keys)
    except exception.CinderLiteException:
        keymgr.delete(context, new_id, f"volume {volume.id}")
        raise
    keymgr.delete(context, old_id, f"the source of volume {volume.id}, of which it was a copy,")
    LOG.info("Volume %s: has the key %s in place of its source's", volume.id, new_id)
    return {"encryption_key_id": new_id}


def _device_of(backend: Backend, volume: Volume) -> str | None:
    """Return the path of a volume's device on this node, None where it has none."""
    try:
        path = backend.driver.local_path(volume)
    except NotImplementedError:
        return None
    return path if _is_device(path) else None


def _is_device(path: str) -> bool:
    return stat.S_ISBLK(os.stat(path).st_mode)
