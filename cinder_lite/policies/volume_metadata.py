# SPDX-License-Identifier: Apache-2.0
"""Rules of a volume's metadata."""

from __future__ import annotations

from cinder_lite.policies.base import MEMBER, READER, rule

GET = "volume:get_volume_metadata"
CREATE = "volume:create_volume_metadata"
UPDATE = "volume:update_volume_metadata"
DELETE = "volume:delete_volume_metadata"

RULES = [
    rule(
        GET,
        READER,
        "Show a volume's metadata.",
        "GET /volumes/{volume_id}/metadata",
        "GET /volumes/{volume_id}/metadata/{key}",
    ),
    rule(CREATE, MEMBER, "Add metadata to a volume.", "POST /volumes/{volume_id}/metadata"),
    rule(
        UPDATE,
        MEMBER,
        "Replace a volume's metadata, or one item of it.",
        "PUT /volumes/{volume_id}/metadata",
        "PUT /volumes/{volume_id}/metadata/{key}",
    ),
    rule(
        DELETE,
        MEMBER,
        "Remove one item of a volume's metadata.",
        "DELETE /volumes/{volume_id}/metadata/{key}",
    ),
]
