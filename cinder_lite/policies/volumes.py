# SPDX-License-Identifier: Apache-2.0
"""Rules of volumes."""

from __future__ import annotations

from cinder_lite.policies.base import ADMIN_API, MEMBER, READER, rule

CREATE = "volume:create"
CREATE_FROM_IMAGE = "volume:create_from_image"
MULTIATTACH = "volume:multiattach"
GET = "volume:get"
GET_ALL = "volume:get_all"
UPDATE = "volume:update"
DELETE = "volume:delete"
FORCE_DELETE = "volume:force_delete"

RULES = [
    rule(CREATE, MEMBER, "Create a volume.", "POST /volumes"),
    rule(CREATE_FROM_IMAGE, MEMBER, "Create a volume of an image.", "POST /volumes"),
    rule(MULTIATTACH, MEMBER, "Create a volume of a multiattach type.", "POST /volumes"),
    rule(GET, READER, "Show a volume.", "GET /volumes/{volume_id}"),
    rule(
        GET_ALL,
        READER,
        "List volumes, or their sum.",
        "GET /volumes",
        "GET /volumes/detail",
        "GET /volumes/summary",
    ),
    rule(UPDATE, MEMBER, "Change a volume's name or description.", "PUT /volumes/{volume_id}"),
    rule(DELETE, MEMBER, "Delete a volume.", "DELETE /volumes/{volume_id}"),
    rule(
        FORCE_DELETE,
        ADMIN_API,
        "Delete a volume whatever its status.",
        "DELETE /volumes/{volume_id}?force=true",
    ),
]
