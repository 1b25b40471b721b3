# SPDX-License-Identifier: Apache-2.0
"""Rules of what a volume has to do with images."""

from __future__ import annotations

from cinder_lite.policies.base import ADMIN_API, MEMBER, READER, rule

_CALL = "POST /volumes/{volume_id}/action"
_METADATA = "volume_extension:volume_image_metadata:"

SHOW = "volume:get_volume_image_metadata"
SET = _METADATA + "set"
REMOVE = _METADATA + "remove"
SET_BOOTABLE = "volume_extension:volume_actions:set_bootable"
UPLOAD = "volume_extension:volume_actions:upload_image"
UPLOAD_PUBLIC = "volume_extension:volume_actions:upload_public"
REIMAGE = "volume:reimage"
REIMAGE_RESERVED = "volume:reimage_reserved"

RULES = [
    rule(SHOW, READER, "Show a volume's image metadata (os-show_image_metadata).", _CALL),
    rule(SET, MEMBER, "Set image metadata of a volume (os-set_image_metadata).", _CALL),
    rule(REMOVE, MEMBER, "Remove image metadata of a volume (os-unset_image_metadata).", _CALL),
    rule(SET_BOOTABLE, MEMBER, "Say whether a volume can be booted (os-set_bootable).", _CALL),
    rule(UPLOAD, MEMBER, "Make an image of a volume (os-volume_upload_image).", _CALL),
    rule(
        UPLOAD_PUBLIC, ADMIN_API, "Make a public image of a volume (os-volume_upload_image).", _CALL
    ),
    rule(REIMAGE, MEMBER, "Write an image over a volume (os-reimage).", _CALL),
    rule(
        REIMAGE_RESERVED,
        MEMBER,
        "Write an image over a volume that is reserved for a server (os-reimage).",
        _CALL,
    ),
]
