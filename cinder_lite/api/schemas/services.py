# SPDX-License-Identifier: Apache-2.0
"""Bodies of PUT /os-services/…."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.validation import Body

_HOST: dict[str, Any] = {"type": ["string", "null"], "minLength": 1, "maxLength": 255}
_NAME: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 255}
_REASON: dict[str, Any] = {**_NAME, "format": "disabled_reason"}


def _body(**further: dict[str, Any]) -> Body:
    return Body(
        {
            0: {
                "type": "object",
                "properties": {"host": _HOST, "binary": _NAME, "service": _NAME, **further},
                "anyOf": [{"required": ["binary"]}, {"required": ["service"]}],
                "additionalProperties": False,
            }
        }
    )


CHANGE = _body()
CHANGE_WITH_REASON = _body(disabled_reason=_REASON)

HOST = Body(
    {
        0: {
            "type": "object",
            "properties": {
                "host": _HOST,
                "cluster": _HOST,
                "backend_id": {"type": ["string", "null"], "maxLength": 255},
            },
            "additionalProperties": False,
        }
    }
)
