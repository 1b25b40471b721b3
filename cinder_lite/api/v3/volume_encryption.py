# SPDX-License-Identifier: Apache-2.0
"""/volumes/{id}/encryption: how a volume is encrypted, which Nova asks before it attaches one."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception, policy
from cinder_lite.api.request import Request
from cinder_lite.api.v3.volumes import visible
from cinder_lite.db import type_encryption
from cinder_lite.policies import volume_attributes as rules

_OF_TYPE = ("control_location", "cipher", "key_size", "provider")
"""What the volume's type says of its encryption."""


def index(request: Request, volume_id: str) -> dict[str, Any]:
    """Return what is to be known; of a volume that is not encrypted, the key's id is null."""
    volume = visible(request, volume_id)
    policy.authorize(request.context, rules.ENCRYPTION, volume.project_id)
    known: dict[str, Any] = {"encryption_key_id": volume.encryption_key_id}
    of_type = type_encryption.get(volume.volume_type_id) if volume.volume_type_id else None
    if of_type is not None:
        known |= {name: of_type[name] for name in _OF_TYPE}
    return known


def show(request: Request, volume_id: str, key: str) -> bytes | None:
    """Return one value as plain text, as Cinder does; nothing where it is null."""
    known = index(request, volume_id)
    if key not in known:
        raise exception.NotFound(f"Volume {volume_id} has no encryption key named {key}.")
    return str(known[key]).encode() if known[key] is not None else None
