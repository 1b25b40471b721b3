# SPDX-License-Identifier: Apache-2.0
"""Rules of backups, of which this service has none."""

from __future__ import annotations

from cinder_lite.policies.base import ADMIN_API, MEMBER, READER, rule

GET_ALL = "backup:get_all"
GET = "backup:get"
CREATE = "backup:create"
UPDATE = "backup:update"
DELETE = "backup:delete"
RESTORE = "backup:restore"
IMPORT = "backup:backup-import"
EXPORT = "backup:export-import"

_ONE = "/backups/{backup_id}"

RULES = [
    rule(GET_ALL, READER, "List backups.", "GET /backups", "GET /backups/detail"),
    rule(GET, READER, "Show a backup.", f"GET {_ONE}"),
    rule(CREATE, MEMBER, "Create a backup.", "POST /backups"),
    rule(UPDATE, MEMBER, "Change a backup.", f"PUT {_ONE}"),
    rule(DELETE, MEMBER, "Delete a backup.", f"DELETE {_ONE}"),
    rule(RESTORE, MEMBER, "Restore a backup.", f"POST {_ONE}/restore"),
    rule(IMPORT, ADMIN_API, "Import a backup.", "POST /backups/import_record"),
    rule(EXPORT, ADMIN_API, "Export a backup.", f"GET {_ONE}/export_record"),
]
