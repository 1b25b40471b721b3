# SPDX-License-Identifier: Apache-2.0
"""Rules of the attachments resource."""

from __future__ import annotations

from cinder_lite.policies.base import MEMBER, rule

CREATE = "volume:attachment_create"
UPDATE = "volume:attachment_update"
DELETE = "volume:attachment_delete"
COMPLETE = "volume:attachment_complete"
MULTIATTACH_BOOTABLE = "volume:multiattach_bootable_volume"

_ONE = "/attachments/{attachment_id}"

RULES = [
    rule(CREATE, MEMBER, "Create an attachment.", "POST /attachments"),
    rule(UPDATE, MEMBER, "Say how an attachment connects.", f"PUT {_ONE}"),
    rule(DELETE, MEMBER, "End an attachment.", f"DELETE {_ONE}"),
    rule(COMPLETE, MEMBER, "Record that an attachment has connected.", f"POST {_ONE}/action"),
    rule(
        MULTIATTACH_BOOTABLE,
        MEMBER,
        "Attach a bootable volume that is in use once more.",
        "POST /attachments",
    ),
]
