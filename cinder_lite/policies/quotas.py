# SPDX-License-Identifier: Apache-2.0
"""Rules of quotas and quota classes."""

from __future__ import annotations

from cinder_lite.policies.base import ADMIN_API, READER, rule

SHOW = "volume_extension:quotas:show"
UPDATE = "volume_extension:quotas:update"
DELETE = "volume_extension:quotas:delete"
CLASS_GET = "volume_extension:quota_classes:get"
CLASS_UPDATE = "volume_extension:quota_classes:update"

_SET = "/os-quota-sets/{project_id}"
_CLASS = "/os-quota-class-sets/{name}"

RULES = [
    rule(SHOW, READER, "Show a project's quotas.", f"GET {_SET}", f"GET {_SET}/defaults"),
    rule(UPDATE, ADMIN_API, "Set a project's quotas.", f"PUT {_SET}"),
    rule(DELETE, ADMIN_API, "Remove a project's own quotas.", f"DELETE {_SET}"),
    rule(CLASS_GET, ADMIN_API, "Show the quotas of a class.", f"GET {_CLASS}"),
    rule(CLASS_UPDATE, ADMIN_API, "Set the quotas of a class.", f"PUT {_CLASS}"),
]
