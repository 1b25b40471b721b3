# SPDX-License-Identifier: Apache-2.0
"""/os-volume-migrations: the record of every move. A resource of ours; Cinder has none like it."""

from __future__ import annotations

from typing import Any

from cinder_lite.api import deps, faults, paging
from cinder_lite.api.request import Request
from cinder_lite.api.views import volume_migrations as views
from cinder_lite.db import volume_migrations

_FILTERS = frozenset({"volume_id", "status", "source_host", "dest_host"})
_PARAMETERS = frozenset({"limit", "marker"})


def index(request: Request) -> dict[str, Any]:
    """Return a page of records, newest first."""
    query = request.query
    unknown = sorted(query.keys() - _FILTERS - _PARAMETERS)
    if unknown:
        raise faults.BadRequest(f"Invalid filters {','.join(unknown)} are found in query options.")
    page = paging.parse(request, ("created_at",), {})
    filters = {key: value for key, value in query.items() if key in _FILTERS}
    found = (
        volume_migrations.listing(filters, limit=page.limit, marker=page.marker)
        if page.limit
        else []
    )
    answer: dict[str, Any] = {"volume_migrations": [views.show(record) for record in found]}
    following = paging.next_link(request, page, [record.id for record in found])
    if following is not None:
        answer["volume_migrations_links"] = following
    return answer


def show(request: Request, migration_id: str) -> dict[str, Any]:
    """Return one record."""
    return {"volume_migration": views.show(volume_migrations.get(migration_id.lower()))}


def abort(request: Request, migration_id: str) -> None:
    """Have a move aborted; its record tells when that is done."""
    deps.volume_api().abort_migration(request.context, migration_id.lower())
