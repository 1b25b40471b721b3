# SPDX-License-Identifier: Apache-2.0
"""/backups as a cloud without a backup service has them: none, and none can be made."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from cinder_lite import exception, policy
from cinder_lite.api import microversions, paging, resource_filters, validation
from cinder_lite.api.request import Request
from cinder_lite.api.schemas import backups as schemas
from cinder_lite.api.v3.volumes import visible
from cinder_lite.policies import backups as rules

_SORT_KEYS = frozenset(
    {"id", "name", "status", "volume_id", "size", "created_at", "updated_at", "host", "container"}
)
_NAMES = {"display_name": "name"}
_NO_SERVICE = (
    "Service cinder-backup could not be found: this cloud has no backup service, so backups can "
    "be neither made nor imported."
)


def index(request: Request) -> dict[str, Any]:
    """Return the empty list, once everything that was asked for is known to be right."""
    query = request.query
    paging.parse(request, _SORT_KEYS, _NAMES)
    filters = set(query) - paging.PARAMETERS - {"all_tenants", "with_count"}
    if request.minor >= resource_filters.GENERAL and not request.context.is_admin:
        resource_filters.check("backup", sorted(filters), request.minor)
    answer: dict[str, Any] = {"backups": []}
    if request.minor >= microversions.WITH_COUNT and validation.boolean(
        query.get("with_count", "false"), "with_count"
    ):
        answer["count"] = 0
    return answer


def create(request: Request, body: dict[str, Any]) -> None:
    """Refuse to back a volume up that the caller may see.

    :raises ServiceUnavailable: always, where the request is right
    """
    backup = body["backup"]
    for name in ("name", "description"):
        validation.short_text(backup.get(name), name)
    volume = visible(request, backup["volume_id"].lower())
    policy.authorize(request.context, rules.CREATE, volume.project_id)
    raise exception.ServiceUnavailable(_NO_SERVICE)


def import_record(request: Request, body: dict[str, Any]) -> None:
    """Refuse to import a backup.

    :raises InvalidInput: the record is none
    :raises ServiceUnavailable: otherwise
    """
    try:
        base64.b64decode(body["backup-record"]["backup_url"], validate=True).decode()
    except (binascii.Error, ValueError):
        raise exception.InvalidInput(reason="Can't parse backup record.") from None
    raise exception.ServiceUnavailable(_NO_SERVICE)


def missing(request: Request, backup_id: str) -> None:
    """Say that there is no such backup."""
    raise exception.BackupNotFound(backup_id=backup_id)


def missing_for(request: Request, body: dict[str, Any], backup_id: str) -> None:
    """Say that there is no such backup to do with what the body asks."""
    raise exception.BackupNotFound(backup_id=backup_id)


ACTIONS = {"os-reset_status": schemas.RESET_STATUS, "os-force_delete": schemas.FORCE_DELETE}


def action(request: Request, backup_id: str) -> None:
    """Say that there is no such backup to act on, or that there is no such action."""
    body = request.document()
    ACTIONS[validation.check_action(body, ACTIONS)].check(body, request.minor)
    raise exception.BackupNotFound(backup_id=backup_id)
