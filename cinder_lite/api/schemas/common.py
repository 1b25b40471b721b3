# SPDX-License-Identifier: Apache-2.0
"""Parts that the schemas share; what they accept is what Cinder accepts."""

from __future__ import annotations

from typing import Any

BOOLEAN: dict[str, Any] = {
    "type": ["boolean", "string"],
    "enum": [
        True,
        "True",
        "TRUE",
        "true",
        "1",
        "ON",
        "On",
        "on",
        "YES",
        "Yes",
        "yes",
        "y",
        "t",
        False,
        "False",
        "FALSE",
        "false",
        "0",
        "OFF",
        "Off",
        "off",
        "NO",
        "No",
        "no",
        "n",
        "f",
    ],
}
"""A boolean or one of the words for it."""

TEXT_OR_NULL: dict[str, Any] = {"type": ["string", "null"]}

DESCRIPTION: dict[str, Any] = {"type": ["string", "null"], "maxLength": 255}

NAME_OR_NULL: dict[str, Any] = {"type": ["string", "null"], "maxLength": 255}

UUID: dict[str, Any] = {"type": "string", "format": "uuid"}

UUID_OR_NULL: dict[str, Any] = {"oneOf": [UUID, {"type": "null"}]}

METADATA_KEY = "^[a-zA-Z0-9-_:. /]{1,255}$"

METADATA: dict[str, Any] = {
    "type": "object",
    "patternProperties": {METADATA_KEY: {"type": "string", "maxLength": 255}},
    "additionalProperties": False,
}


def envelope(name: str, content: dict[str, Any], **others: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of ``{name: content}``.

    :param others: further keys that may stand beside it
    """
    return {
        "type": "object",
        "properties": {name: content, **others},
        "required": [name],
        "additionalProperties": False,
    }
