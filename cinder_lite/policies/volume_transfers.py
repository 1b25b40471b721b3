# SPDX-License-Identifier: Apache-2.0
"""Rules of volume transfers."""

from __future__ import annotations

from cinder_lite.policies.base import MEMBER, READER, rule

GET_ALL = "volume:get_all_transfers"
CREATE = "volume:create_transfer"
GET = "volume:get_transfer"
ACCEPT = "volume:accept_transfer"
DELETE = "volume:delete_transfer"

_PATHS = ("/os-volume-transfer", "/volume-transfers")


def _calls(method: str, *ends: str) -> list[str]:
    return [f"{method} {path}{end}" for path in _PATHS for end in ends]


RULES = [
    rule(GET_ALL, READER, "List volume transfers.", *_calls("GET", "", "/detail")),
    rule(CREATE, MEMBER, "Offer a volume to another project.", *_calls("POST", "")),
    rule(GET, READER, "Show a volume transfer.", *_calls("GET", "/{transfer_id}")),
    rule(
        ACCEPT,
        MEMBER,
        "Take a volume that is offered, with its key.",
        *_calls("POST", "/{transfer_id}/accept"),
    ),
    rule(DELETE, MEMBER, "Take an offer back.", *_calls("DELETE", "/{transfer_id}")),
]
