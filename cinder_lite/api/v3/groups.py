# SPDX-License-Identifier: Apache-2.0
"""/groups: volumes that are looked after together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cinder_lite import exception, policy
from cinder_lite.api import deps, faults, paging, resource_filters, validation
from cinder_lite.api.request import Request
from cinder_lite.api.views import groups as views
from cinder_lite.db import group_snapshots, group_types, groups, pages, volume_types
from cinder_lite.group import api as group_api
from cinder_lite.objects import Group, GroupType, VolumeType
from cinder_lite.policies import groups as rules
from cinder_lite.volume.create.request import CreateRequest, zones_of

_LIST_VOLUME = 25


def find(request: Request, group_id: str, rule: str = rules.GET) -> Group:
    """Return the group that a URL names.

    :param rule: what the caller must be allowed to do with it
    :raises GroupNotFound: there is none that the caller may see
    """
    group = groups.get(request.context, group_id.lower())
    policy.authorize(request.context, rules.GET, group.project_id)
    if rule != rules.GET:
        policy.authorize(request.context, rule, group.project_id)
    return group


def check_generic(group_type_id: str | None) -> None:
    """Pass what is no consistency group: those have an API of their own.

    :raises BadRequest: it is one
    """
    if group_type_id is not None and group_type_id == group_types.consistency_group_type():
        raise faults.BadRequest(
            f"Group type {group_type_id} is that of consistency groups, which only their own API "
            "(/consistencygroups and /cgsnapshots) works on."
        )


# --- reading ---------------------------------------------------------------------------------


def show(request: Request, group_id: str) -> dict[str, Any]:
    """Return one group."""
    group = find(request, group_id)
    check_generic(group.group_type_id)
    return {"group": views.detail(request, group, _members(request, [group]))}


def index(request: Request) -> dict[str, Any]:
    """Return a page of groups, each with its id and name."""
    answer, found = _page(request)
    return {"groups": [views.summary(group) for group in found], **answer}


def detail(request: Request) -> dict[str, Any]:
    """Return a page of groups in full."""
    answer, found = _page(request)
    members = _members(request, found)
    return {"groups": [views.detail(request, group, members) for group in found], **answer}


def _members(request: Request, found: list[Group]) -> dict[str, list[str]] | None:
    """Return the volumes of groups if they are asked for."""
    if request.minor < _LIST_VOLUME:
        return None
    if not validation.boolean(request.query.get("list_volume", "false"), "list_volume"):
        return None
    return groups.volume_ids([group.id for group in found])


def _page(request: Request) -> tuple[dict[str, Any], list[Group]]:
    """Return the links to the page that follows, and the groups without consistency groups."""
    page = paging.parse(request, groups.FILTERS, {})
    filters = _filters(request, "group")
    filters.pop("list_volume", None)
    found = query(request, filters, page)
    following = paging.next_link(request, page, [group.id for group in found])
    links = {"group_links": following} if following is not None else {}
    hidden = group_types.consistency_group_type() if found else None
    return links, [group for group in found if hidden is None or group.group_type_id != hidden]


def _filters(request: Request, resource: str) -> dict[str, str]:
    """Return the filters of a list.

    :raises BadRequest: one of them is not for members
    """
    filters = {k: v for k, v in request.query.items() if k not in paging.PARAMETERS}
    plain = [name for name in filters if name != "list_volume"]
    if request.minor >= resource_filters.GENERAL and not request.context.is_admin:
        resource_filters.check(resource, plain, request.minor)
        filters.pop("all_tenants", None)
    return filters


def query(request: Request, filters: dict[str, str], page: paging.Page) -> list[Group]:
    """Return the groups of a page; for an administrator ``all_tenants`` means every project's."""
    context = request.context
    # Whatever its value is: as in Cinder.
    every = context.is_admin and filters.pop("all_tenants", None) is not None
    if not every:
        filters.pop("project_id", None)
    window = pages.Window(page.sort, page.limit, page.offset, page.marker)
    if not page.limit:
        return []
    return groups.listing(None if every else context.project_id, filters, window)


# --- writing ---------------------------------------------------------------------------------


def create(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Create an empty group; the scheduler finds its backend after the answer."""
    given = body["group"]
    kind = _type(request, given["group_type"].strip())
    check_generic(kind.id)
    group = make(
        request,
        given,
        kind,
        [volume_types.find(request.context, name) for name in given["volume_types"]],
    )
    return {"group": views.summary(group)}


def _type(request: Request, name_or_id: str) -> GroupType:
    if not validation.is_uuid_like(name_or_id):
        return group_types.get_by_name(request.context, name_or_id)
    try:
        return group_types.get(request.context, name_or_id.lower())
    except exception.GroupTypeNotFound as unknown:
        try:
            return group_types.get_by_name(request.context, name_or_id)
        except exception.GroupTypeNotFoundByName:
            raise unknown from None


def make(
    request: Request, given: dict[str, Any], kind: GroupType, allowed: list[VolumeType]
) -> Group:
    """Create a group of a type for volumes of some types."""
    zone = given.get("availability_zone")
    asked = CreateRequest(availability_zone=zone.strip() if zone else None)
    try:
        (zone,) = zones_of(asked, None)
    except exception.NotFound as unknown:
        raise faults.BadRequest(unknown.msg) from None
    return group_api.create(
        request.context,
        deps.volume_api().scheduler_rpcapi,
        name=stripped(given.get("name")),
        description=stripped(given.get("description")),
        group_type=kind,
        volume_types=allowed,
        availability_zone=zone,
    )


def stripped(text: str | None) -> str | None:
    """Return a text without blanks around it."""
    return text.strip() if text else text


def update(request: Request, body: dict[str, Any], group_id: str) -> None:
    """Change a group's name, description or volumes."""
    group = find(request, group_id, rules.UPDATE)
    check_generic(group.group_type_id)
    change(group, body["group"])


def change(group: Group, given: dict[str, Any]) -> None:
    """Change a group as a body asks for."""
    group_api.update(
        group,
        name=stripped(given.get("name")),
        description=stripped(given.get("description")),
        add=_ids(given.get("add_volumes")),
        remove=_ids(given.get("remove_volumes")),
    )


def _ids(text: str | None) -> list[str]:
    """Return the ids of a text that names them with commas between."""
    return list(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))


def remove(request: Request, group: Group, *, with_volumes: bool) -> None:
    """Delete a group."""
    group_api.delete(
        request.context, deps.volume_api().volume_rpcapi, group, with_volumes=with_volumes
    )


def copy(
    request: Request,
    given: dict[str, Any],
    snapshot_id: str | None,
    source_id: str | None,
    check: Callable[[str | None], None],
) -> Group:
    """Create a group with the data of a group snapshot, or of a group.

    :param check: is given the source's group type
    """
    context = request.context
    policy.authorize(context, rules.CREATE)
    rpcapi = deps.volume_api().volume_rpcapi
    words = {key: stripped(given.get(key)) for key in ("name", "description")}
    if snapshot_id:
        taken = group_snapshots.get(context, snapshot_id.lower())
        check(taken.group_type_id)
        return group_api.copy_group_snapshot(context, rpcapi, taken, **words)
    source = find(request, str(source_id))
    check(source.group_type_id)
    return group_api.copy_group(context, rpcapi, source, **words)
