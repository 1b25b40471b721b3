# SPDX-License-Identifier: Apache-2.0
"""Bodies of /os-quota-sets and /os-quota-class-sets; the handlers know the resources."""

from __future__ import annotations

from cinder_lite.api.schemas import common
from cinder_lite.api.validation import Body

UPDATE = Body({0: common.envelope("quota_set", {"type": "object", "minProperties": 1})})

UPDATE_CLASS = Body(
    {
        0: common.envelope(
            "quota_class_set",
            {
                "type": "object",
                "patternProperties": {
                    r"^[a-zA-Z0-9-_:. ]{1,300}$": {
                        "type": ["integer", "string"],
                        "pattern": "^[0-9]{1,9}$",
                        "minimum": -1,
                        "maximum": 2**31 - 1,
                    }
                },
                "additionalProperties": False,
            },
        )
    }
)
