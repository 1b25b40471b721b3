# SPDX-License-Identifier: Apache-2.0
"""Bodies of the actions on a volume that have to do with images."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.schemas import common
from cinder_lite.api.validation import Body

_METADATA: dict[str, Any] = {
    "type": "object",
    "patternProperties": {common.METADATA_KEY: {"type": "string", "maxLength": 65535}},
    "additionalProperties": False,
}


def _body(name: str, properties: dict[str, Any], *required: str) -> dict[str, Any]:
    content = {"type": "object", "properties": properties, "additionalProperties": False}
    return common.envelope(name, {**content, "required": list(required)})


SHOW_METADATA = Body({0: common.envelope("os-show_image_metadata", {})})
"""What the action carries is not looked at, as in Cinder."""

SET_METADATA = Body({0: _body("os-set_image_metadata", {"metadata": _METADATA}, "metadata")})

UNSET_METADATA = Body(
    {
        0: _body(
            "os-unset_image_metadata",
            {"key": {"type": "string", "minLength": 1, "maxLength": 255}},
            "key",
        )
    }
)

SET_BOOTABLE = Body({0: _body("os-set_bootable", {"bootable": common.BOOLEAN}, "bootable")})

_UPLOAD: dict[str, Any] = {
    "image_name": {"type": "string", "minLength": 1, "maxLength": 255},
    "force": common.BOOLEAN,
    "disk_format": {
        "type": "string",
        "enum": ["raw", "vmdk", "vdi", "qcow2", "vhd", "vhdx", "ploop"],
    },
    "container_format": {"type": ["string", "null"], "minLength": 0, "maxLength": 255},
}

UPLOAD = Body(
    {
        0: _body("os-volume_upload_image", _UPLOAD, "image_name"),
        1: _body(
            "os-volume_upload_image",
            {
                **_UPLOAD,
                "visibility": {
                    "type": "string",
                    "enum": ["community", "public", "private", "shared"],
                },
                "protected": common.BOOLEAN,
            },
            "image_name",
        ),
    }
)

REIMAGE = Body(
    {
        68: _body(
            "os-reimage",
            {"image_id": common.UUID, "reimage_reserved": common.BOOLEAN},
            "image_id",
        )
    }
)
