# SPDX-License-Identifier: Apache-2.0
"""Bodies of POST /volume-transfers and /os-volume-transfer."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.schemas import common
from cinder_lite.api.validation import Body

_OFFER: dict[str, Any] = {
    "volume_id": common.UUID,
    "name": {"oneOf": [{"type": "string", "format": "name"}, {"type": "null"}]},
}


def _create(**further: dict[str, Any]) -> dict[str, Any]:
    return common.envelope(
        "transfer",
        {
            "type": "object",
            "properties": {**_OFFER, **further},
            "required": ["volume_id"],
            "additionalProperties": False,
        },
    )


CREATE_OLD = Body({0: _create()})
"""/os-volume-transfer takes no more at any microversion."""

CREATE = Body({0: _create(), 55: _create(no_snapshots=common.BOOLEAN)})

ACCEPT = Body(
    {
        0: common.envelope(
            "accept",
            {
                "type": "object",
                "properties": {"auth_key": {"type": ["string", "integer"]}},
                "required": ["auth_key"],
                "additionalProperties": False,
            },
        )
    }
)
