# SPDX-License-Identifier: Apache-2.0
"""/group_snapshots: a snapshot of every volume of a group, as one thing."""

from __future__ import annotations

import dataclasses
from typing import Any

from cinder_lite import policy
from cinder_lite.api import deps, paging, resource_filters, validation
from cinder_lite.api.request import Request
from cinder_lite.api.schemas import groups as schemas
from cinder_lite.api.v3 import groups as generic
from cinder_lite.api.v3.group_actions import named
from cinder_lite.api.views import groups as views
from cinder_lite.db import group_snapshots, group_types, groups, pages
from cinder_lite.group import snapshots as snapshot_api
from cinder_lite.objects import Group, GroupSnapshot
from cinder_lite.policies import group_snapshots as rules

_PAGES = 29


def find(request: Request, group_snapshot_id: str, rule: str = rules.GET) -> GroupSnapshot:
    """Return the group snapshot that a URL names.

    :param rule: what the caller must be allowed to do with it
    :raises GroupSnapshotNotFound: there is none that the caller may see
    """
    taken = group_snapshots.get(request.context, group_snapshot_id.lower())
    policy.authorize(request.context, rules.GET, taken.project_id)
    if rule != rules.GET:
        policy.authorize(request.context, rule, taken.project_id)
    return taken


def show(request: Request, group_snapshot_id: str) -> dict[str, Any]:
    """Return one group snapshot."""
    taken = find(request, group_snapshot_id)
    generic.check_generic(taken.group_type_id)
    return {"group_snapshot": views.snapshot_detail(request, taken)}


def index(request: Request) -> dict[str, Any]:
    """Return group snapshots, each with its id and name; in pages from 3.29 on."""
    answer, found = _page(request)
    return {"group_snapshots": [views.snapshot_summary(taken) for taken in found], **answer}


def detail(request: Request) -> dict[str, Any]:
    """Return group snapshots in full; in pages from 3.29 on."""
    answer, found = _page(request)
    shown = [views.snapshot_detail(request, taken) for taken in found]
    return {"group_snapshots": shown, **answer}


def _page(request: Request) -> tuple[dict[str, Any], list[GroupSnapshot]]:
    """Return the links to the page that follows, and the snapshots of no consistency group."""
    links: dict[str, Any] = {}
    if request.minor < _PAGES:
        # What the query asks for is not looked at.
        found = group_snapshots.listing(request.context.project_id, {}, pages.Window())
    else:
        page = paging.parse(request, group_snapshots.FILTERS, {})
        found = _query(request, page)
        following = paging.next_link(request, page, [taken.id for taken in found])
        if following is not None:
            links["group_snapshot_links"] = following
    hidden = group_types.consistency_group_type() if found else None
    return links, [t for t in found if hidden is None or t.group_type_id != hidden]


def _query(request: Request, page: paging.Page) -> list[GroupSnapshot]:
    context = request.context
    filters = {k: v for k, v in request.query.items() if k not in paging.PARAMETERS}
    if request.minor >= resource_filters.GENERAL and not context.is_admin:
        resource_filters.check("group_snapshot", filters, request.minor)
        filters.pop("all_tenants", None)
    # Whatever its value is: as in Cinder.
    every = context.is_admin and filters.pop("all_tenants", None) is not None
    if not every:
        filters.pop("project_id", None)
    window = pages.Window(page.sort, page.limit, page.offset, page.marker)
    if not page.limit:
        return []
    return group_snapshots.listing(None if every else context.project_id, filters, window)


def create(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Make a snapshot of every volume of a group; its backend does so after the answer."""
    given = body["group_snapshot"]
    group = generic.find(request, given["group_id"])
    generic.check_generic(group.group_type_id)
    taken = make(request, group, given)
    return {"group_snapshot": views.snapshot_created(taken)}


def make(request: Request, group: Group, given: dict[str, Any]) -> GroupSnapshot:
    """Make a snapshot of a group as a body asks for."""
    policy.authorize(request.context, rules.CREATE, group.project_id)
    return snapshot_api.create(
        request.context,
        deps.volume_api().volume_rpcapi,
        group,
        name=given.get("name"),
        description=given.get("description"),
    )


def delete(request: Request, group_snapshot_id: str) -> None:
    """Delete a group snapshot; its backend removes it after the answer."""
    taken = find(request, group_snapshot_id, rules.DELETE)
    generic.check_generic(taken.group_type_id)
    remove(request, taken)


def remove(request: Request, taken: GroupSnapshot) -> None:
    """Delete a group snapshot."""
    group = groups.get(request.context.elevated(), taken.group_id)
    snapshot_api.delete(request.context, deps.volume_api().volume_rpcapi, taken, group)


@dataclasses.dataclass(frozen=True, slots=True)
class _Reset:
    """The only action: reset_status."""

    body: validation.Body
    since: int


ACTIONS = {"reset_status": _Reset(schemas.RESET_STATUS, 19)}


def act(request: Request, group_snapshot_id: str) -> None:
    """Write a group snapshot's status."""
    _, _, content = named(request, ACTIONS)
    taken = find(request, group_snapshot_id, rules.RESET_STATUS)
    snapshot_api.reset_status(taken, content["status"].lower())
