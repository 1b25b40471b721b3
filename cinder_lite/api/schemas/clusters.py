# SPDX-License-Identifier: Apache-2.0
"""Bodies of PUT /clusters/…."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.validation import Body


def _body(**further: dict[str, Any]) -> Body:
    return Body(
        {
            0: {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "minLength": 1, "maxLength": 255},
                    "binary": {"type": ["string", "null"], "maxLength": 255},
                    **further,
                },
                "required": ["name"],
                "additionalProperties": False,
            }
        }
    )


ENABLE = _body()
DISABLE = _body(disabled_reason={"type": ["string", "null"], "format": "disabled_reason"})
