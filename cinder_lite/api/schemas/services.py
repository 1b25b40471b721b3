# SPDX-License-Identifier: Apache-2.0
"""Bodies of PUT /os-services/…."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.validation import Body

_HOST: dict[str, Any] = {
    "type": ["string", "null"],
    "minLength": 1,
    "maxLength": 255,
    "pattern": r"^[a-zA-Z0-9-._#@:/+\[\]]*$",
}
_OPTIONAL: dict[str, Any] = {"type": ["string", "null"], "maxLength": 255}
_NAME: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 255}
_REASON: dict[str, Any] = {**_NAME, "format": "disabled_reason"}


def _body(**further: dict[str, Any]) -> Body:
    return Body(
        {
            0: {
                "type": "object",
                "properties": {
                    "host": _HOST,
                    "binary": _NAME,
                    "service": _NAME,
                    "cluster": _OPTIONAL,
                    **further,
                },
                "anyOf": [{"required": ["binary"]}, {"required": ["service"]}],
                "additionalProperties": False,
            }
        }
    )


CHANGE = _body()
CHANGE_WITH_REASON = _body(disabled_reason=_REASON)


def _properties(**given: dict[str, Any]) -> Body:
    return Body({0: {"type": "object", "properties": given, "additionalProperties": False}})


_BINARY: dict[str, Any] = {
    "type": "string",
    "enum": ["cinder-scheduler", "cinder-volume", "cinder-backup", "cinder-api", "", "*"],
}

FREEZE = _properties(host=_HOST, cluster=_OPTIONAL)
FAILOVER = _properties(host=_HOST, cluster=_OPTIONAL, backend_id=_OPTIONAL)
GET_LOG = _properties(binary=_BINARY, server=_OPTIONAL, prefix=_OPTIONAL)
SET_LOG = _properties(
    binary=_BINARY,
    server=_OPTIONAL,
    prefix=_OPTIONAL,
    level={"type": ["string", "null"]},
)

HOST_UPDATE = Body(
    {
        0: {
            "type": "object",
            "properties": {"status": {"type": "string", "enum": ["enable", "disable"]}},
            "additionalProperties": {"type": "string"},
        }
    }
)
