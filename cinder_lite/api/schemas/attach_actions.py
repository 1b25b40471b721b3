# SPDX-License-Identifier: Apache-2.0
"""Bodies of the actions that attach and detach a volume."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.schemas import common
from cinder_lite.api.validation import Body

_UUID: dict[str, Any] = {"type": "string", "format": "uuid"}


def _object(name: str, properties: dict[str, Any], required: list[str], **more: Any) -> Body:
    content: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
        **more,
    }
    if not required:
        del content["required"]
    return Body({0: common.envelope(name, content)})


def anything(name: str) -> Body:
    """Return the body of an action whose content is not looked at, as in Cinder."""
    return Body({0: common.envelope(name, {})})


ATTACH = _object(
    "os-attach",
    {
        "instance_uuid": _UUID,
        "mountpoint": {"type": "string", "minLength": 1, "maxLength": 255},
        "host_name": {"type": "string", "maxLength": 255},
        "mode": {"type": "string", "enum": ["rw", "ro"]},
    },
    ["mountpoint"],
    anyOf=[{"required": ["instance_uuid"]}, {"required": ["host_name"]}],
)
DETACH = _object("os-detach", {"attachment_id": common.UUID_OR_NULL}, [], type=["object", "null"])
FORCE_DETACH = _object(
    "os-force_detach",
    {
        "connector": {"type": ["string", "object", "null"]},
        "attachment_id": common.TEXT_OR_NULL,
    },
    [],
)
INITIALIZE = _object(
    "os-initialize_connection", {"connector": {"type": ["object", "string"]}}, ["connector"]
)
TERMINATE = _object(
    "os-terminate_connection",
    {"connector": {"type": ["string", "object", "null"]}},
    ["connector"],
)
READONLY = _object("os-update_readonly_flag", {"readonly": common.BOOLEAN}, ["readonly"])
