# SPDX-License-Identifier: Apache-2.0
"""What a volume keeps of the image that it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cinder_lite.image import signatures

_KEPT = ("checksum", "container_format", "disk_format", "min_disk", "min_ram", "size")
_OWN = frozenset(
    {
        *_KEPT,
        "id",
        "name",
        "status",
        "visibility",
        "protected",
        "owner",
        "owner_id",
        "created_at",
        "updated_at",
        "tags",
        "self",
        "file",
        "schema",
        "direct_url",
        "locations",
        "virtual_size",
        "os_hidden",
        "os_hash_algo",
        "os_hash_value",
        "stores",
    }
)
"""Fields of every image; the others are properties that somebody gave it."""
KEY = "cinder_encryption_key_id"
"""Property of an image of an encrypted volume: its key."""
KEY_POLICY = "cinder_encryption_key_deletion_policy"
"""Property that tells Glance what becomes of that key."""
_RESERVED = ("os_glance_", signatures.VERIFIED)
"""How names of properties begin that Glance keeps for itself, or that are ours to say."""


def of_image(image: Mapping[str, Any]) -> dict[str, str]:
    """Return the metadata of a volume made of an image: its properties, and facts about it."""
    kept = {name: value for name, value in properties_of(image).items() if value is not None}
    kept["image_id"] = image["id"]
    if image.get("name"):
        kept["image_name"] = image["name"]
    kept |= {name: image[name] for name in _KEPT if image.get(name) is not None}
    return {name: str(value) for name, value in kept.items()}


def properties_of(image: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties that somebody gave an image."""
    return {
        name: value
        for name, value in image.items()
        if name not in _OWN and not name.startswith(_RESERVED)
    }
