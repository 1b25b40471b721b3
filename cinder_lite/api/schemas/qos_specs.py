# SPDX-License-Identifier: Apache-2.0
"""Bodies of /qos-specs."""

from __future__ import annotations

from cinder_lite.api.schemas import common
from cinder_lite.api.validation import Body

CREATE = Body(
    {
        0: common.envelope(
            "qos_specs",
            {
                "type": "object",
                "properties": {"name": {"type": "string"}},
                "required": ["name"],
                "additionalProperties": True,
            },
        )
    }
)

UPDATE = Body(
    {
        0: common.envelope(
            "qos_specs",
            {
                "type": "object",
                "patternProperties": {
                    common.METADATA_KEY: {"type": ["string", "null"], "maxLength": 255}
                },
                "additionalProperties": False,
            },
        )
    }
)

DELETE_KEYS = Body(
    {
        0: common.envelope(
            "keys",
            {
                "type": "array",
                "items": {"type": "string", "minLength": 1, "maxLength": 255},
                "uniqueItems": True,
            },
        )
    }
)
