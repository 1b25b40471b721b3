# SPDX-License-Identifier: Apache-2.0
"""/consistencygroups and /cgsnapshots: the older names of groups and their snapshots.

They work on groups: those that they create are of the group type ``default_cgsnapshot_type``, of
which /groups will not speak, and their lists show every group. There are no policies or quotas of
their own, as there are none in Cinder any more.
"""

from __future__ import annotations

from typing import Any

from cinder_lite import exception
from cinder_lite.api import faults, paging, validation
from cinder_lite.api.request import Request
from cinder_lite.api.schemas import groups as schemas
from cinder_lite.api.v3 import group_snapshots as snapshots
from cinder_lite.api.v3 import groups as generic
from cinder_lite.api.views import groups as views
from cinder_lite.db import group_snapshots, group_types, groups, pages, volume_types
from cinder_lite.policies import group_snapshots as snapshot_rules
from cinder_lite.policies import groups as rules

_BLANK = 6
_NOTHING = "Name, description, add_volumes, and remove_volumes can not be all empty."


def show(request: Request, group_id: str) -> dict[str, Any]:
    """Return one group."""
    return {"consistencygroup": views.consistency_group(generic.find(request, group_id))}


def index(request: Request) -> dict[str, Any]:
    """Return a page of groups, each with its id and name."""
    return _listing(request, views.summary)


def detail(request: Request) -> dict[str, Any]:
    """Return a page of groups in full."""
    return _listing(request, views.consistency_group)


def _listing(request: Request, view: Any) -> dict[str, Any]:
    page = paging.parse(request, groups.FILTERS, {})
    filters = {k: v for k, v in request.query.items() if k not in paging.PARAMETERS}
    found = generic.query(request, filters, page)
    answer: dict[str, Any] = {"consistencygroups": [view(group) for group in found]}
    following = paging.next_link(request, page, [group.id for group in found])
    if following is not None:
        answer["consistencygroup_links"] = following
    return answer


def create(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Create an empty group of the type of consistency groups."""
    given = body["consistencygroup"]
    names = [name for name in (given["volume_types"] or "").rstrip(",").split(",") if name]
    if not names:
        raise faults.BadRequest("volume_types must be provided to create a consistency group.")
    try:
        kind = group_types.get_by_name(request.context.elevated(), group_types.CONSISTENCY_GROUPS)
    except exception.GroupTypeNotFoundByName as missing:
        raise faults.BadRequest(f"{missing.msg} An administrator has deleted it.") from None
    allowed = [volume_types.find(request.context, name) for name in names]
    group = generic.make(request, given, kind, allowed)
    return {"consistencygroup": views.summary(group)}


def create_from_src(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Create a group with the data of another one, or of a group's snapshot."""
    given = body["consistencygroup-from-src"]
    snapshot_id, source_id = given.get("cgsnapshot_id"), given.get("source_cgid")
    if bool(snapshot_id) == bool(source_id):
        raise faults.BadRequest(
            "One of 'cgsnapshot_id' and 'source_cgid' must be provided to create a consistency "
            "group from a source, and not both."
        )
    group = generic.copy(request, given, snapshot_id, source_id, lambda _: None)
    return {"consistencygroup": views.summary(group)}


def update(request: Request, body: dict[str, Any], group_id: str) -> None:
    """Change a group's name, description or volumes."""
    group = generic.find(request, group_id, rules.UPDATE)
    given = body["consistencygroup"]
    words = [generic.stripped(given.get(key)) for key in ("name", "description")]
    lists = [given.get(key) for key in ("add_volumes", "remove_volumes")]
    # From 3.6 on, a name or description may be made blank.
    named = [word is not None for word in words] if request.minor >= _BLANK else words
    if not any((*named, *lists)):
        raise faults.BadRequest(_NOTHING)
    generic.change(group, given)


def delete(request: Request, group_id: str) -> None:
    """Delete a group; with ``force`` its volumes too. The body may be left out."""
    body = request.document() if request.has_body else None
    schemas.CG_DELETE.check(body, request.minor)
    force = ((body or {}).get("consistencygroup") or {}).get("force", False)
    group = generic.find(request, group_id, rules.DELETE)
    generic.remove(request, group, with_volumes=validation.boolean(force, "force"))


# --- snapshots -------------------------------------------------------------------------------


def snapshots_show(request: Request, cgsnapshot_id: str) -> dict[str, Any]:
    """Return one group's snapshot."""
    return {"cgsnapshot": views.cgsnapshot(snapshots.find(request, cgsnapshot_id))}


def snapshots_index(request: Request) -> dict[str, Any]:
    """Return the caller's snapshots of groups, each with its id and name."""
    return {"cgsnapshots": [views.snapshot_summary(each) for each in _limited(request)]}


def snapshots_detail(request: Request) -> dict[str, Any]:
    """Return the caller's snapshots of groups in full."""
    return {"cgsnapshots": [views.cgsnapshot(each) for each in _limited(request)]}


def _limited(request: Request) -> list[Any]:
    limit, offset = paging.bounds(request)
    window = pages.Window(limit=limit or pages.Window().limit, offset=offset)
    return group_snapshots.listing(request.context.project_id, {}, window)


def snapshots_create(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Make a snapshot of every volume of a group."""
    given = body["cgsnapshot"]
    words = {key: generic.stripped(given.get(key)) for key in ("name", "description")}
    group = generic.find(request, given["consistencygroup_id"])
    return {"cgsnapshot": views.snapshot_summary(snapshots.make(request, group, words))}


def snapshots_delete(request: Request, cgsnapshot_id: str) -> None:
    """Delete a group's snapshot."""
    snapshots.remove(request, snapshots.find(request, cgsnapshot_id, snapshot_rules.DELETE))
