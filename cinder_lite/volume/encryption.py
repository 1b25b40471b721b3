# SPDX-License-Identifier: Apache-2.0
"""How a volume is encrypted: what its type says, and whose key it has."""

from __future__ import annotations

from typing import Any

from oslo_log import log as logging

from cinder_lite import keymgr
from cinder_lite.context import RequestContext
from cinder_lite.db import encryption_keys, type_encryption
from cinder_lite.objects import Volume

LOG = logging.getLogger(__name__)

COLUMNS = ("provider", "cipher", "key_size", "control_location")
"""Columns of a type's encryption that say how its data is encrypted."""


def of_type(type_id: str | None) -> dict[str, Any] | None:
    """Return how a type's volumes are encrypted, None where they are not."""
    row = type_encryption.get(type_id) if type_id else None
    return {name: row[name] for name in COLUMNS} if row is not None else None


def differs(one_type_id: str | None, other_type_id: str | None) -> bool:
    """Tell whether data of a volume of one type is of no use to a volume of the other."""
    if one_type_id == other_type_id:
        return False
    return of_type(one_type_id) != of_type(other_type_id)


def forget_key(context: RequestContext, volume: Volume) -> None:
    """Delete the key of a volume that goes, unless another volume or a snapshot has it, too.

    What fails is logged: the volume goes all the same.
    """
    key_id = volume.encryption_key_id
    if key_id is None:
        return
    try:
        if encryption_keys.is_named(key_id, besides=volume.id):
            LOG.info("Volume %s: its key %s is another volume's, too", volume.id, key_id)
            return
    except Exception:
        LOG.exception("Volume %s: its key %s stays: who has it is unknown", volume.id, key_id)
        return
    keymgr.delete(context, key_id, f"volume {volume.id}")
