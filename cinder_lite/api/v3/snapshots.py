# SPDX-License-Identifier: Apache-2.0
"""/snapshots: create, list, show, change and delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cinder_lite import exception, policy
from cinder_lite.api import deps, faults, microversions, paging, snapshot_filters, validation
from cinder_lite.api.request import Request
from cinder_lite.api.v3 import volumes
from cinder_lite.api.views import snapshots as views
from cinder_lite.db import pages, snapshot_views
from cinder_lite.db import snapshots as db_snapshots
from cinder_lite.objects import Snapshot
from cinder_lite.policies import snapshots as rules

_SORT_BY_NAME = 30
_IN_USE = 66

View = Callable[[Request, Snapshot, Mapping[str, str]], dict[str, Any]]


def visible(request: Request, snapshot_id: str) -> Snapshot:
    """Return the snapshot that a URL names.

    :raises SnapshotNotFound: there is none that the caller may see
    :raises PolicyNotAuthorized: the caller may not look at it
    """
    try:
        snapshot = db_snapshots.get(request.context, snapshot_id.lower())
    except exception.SnapshotNotFound:
        raise exception.SnapshotNotFound(snapshot_id=snapshot_id) from None
    policy.authorize(request.context, rules.GET, snapshot.project_id)
    return snapshot


# --- reading ---------------------------------------------------------------------------------


def show(request: Request, snapshot_id: str) -> dict[str, Any]:
    """Return one snapshot."""
    snapshot = visible(request, snapshot_id)
    metadata = db_snapshots.metadata(snapshot.id)
    return {"snapshot": views.extended(request, snapshot, metadata)}


def index(request: Request) -> dict[str, Any]:
    """Return a page of snapshots without details."""
    return _listing(request, views.summary)


def detail(request: Request) -> dict[str, Any]:
    """Return a page of snapshots in full."""
    return _listing(request, views.extended)


def _listing(request: Request, view: View) -> dict[str, Any]:
    names = {"name": "display_name"} if request.minor >= _SORT_BY_NAME else {}
    page = paging.parse(request, snapshot_views.SORT_KEYS, names)
    with_count = request.query.get("with_count")
    counted = (
        with_count is not None
        and request.minor >= microversions.WITH_COUNT
        and validation.boolean(with_count, "with_count")
    )
    query = snapshot_filters.parse(request)
    window = pages.Window(page.sort, page.limit, page.offset, page.marker)
    found = snapshot_views.listing(query, window) if page.limit else []
    answer: dict[str, Any] = {"snapshots": [view(request, *each) for each in found]}
    following = paging.next_link(request, page, [snapshot.id for snapshot, _ in found])
    if following is not None:
        answer["snapshots_links"] = following
    if counted:
        answer["count"] = snapshot_views.count(query)
    return answer


# --- writing ---------------------------------------------------------------------------------


def create(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Create a snapshot; the volume's backend makes it after the answer."""
    asked = body["snapshot"]
    if asked["volume_id"] is None:
        raise exception.VolumeNotFound(volume_id=None)
    volume = volumes.visible(request, asked["volume_id"])
    force = validation.boolean(asked.get("force", False), "force")
    in_use = request.minor >= _IN_USE
    if in_use and "force" in asked and not force:
        raise faults.BadRequest(
            "Since microversion 3.66 a volume that is in use can always be snapshotted, so "
            "'force' must be left out; true is passed over, false is refused."
        )
    name = asked.get("name", asked.get("display_name"))
    metadata = asked.get("metadata") or {}
    policy.authorize(request.context, rules.CREATE, volume.project_id)
    snapshot = deps.volume_api().create_snapshot(
        request.context,
        volume,
        validation.short_text(name, "name"),
        validation.short_text(asked.get("description"), "description"),
        metadata,
        allow_in_use=force or in_use,
    )
    return {"snapshot": views.detail(request, snapshot, metadata)}


def update(request: Request, body: dict[str, Any], snapshot_id: str) -> dict[str, Any]:
    """Change a snapshot's name or description."""
    given = body["snapshot"]
    values: dict[str, Any] = {}
    for key in ("name", "description"):
        for spelling in (f"display_{key}", key):
            if spelling in given:
                values[f"display_{key}"] = validation.short_text(given[spelling], key)
    snapshot = visible(request, snapshot_id)
    policy.authorize(request.context, rules.UPDATE, snapshot.project_id)
    changed = deps.volume_api().update_snapshot(request.context, snapshot, values)
    return {"snapshot": views.detail(request, changed, db_snapshots.metadata(snapshot.id))}


def delete(request: Request, snapshot_id: str) -> None:
    """Delete a snapshot; the volume's backend removes it after the answer."""
    snapshot = visible(request, snapshot_id)
    policy.authorize(request.context, rules.DELETE, snapshot.project_id)
    deps.volume_api().delete_snapshot(request.context, snapshot)
