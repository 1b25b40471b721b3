# SPDX-License-Identifier: Apache-2.0
"""/group_types: create, list, show, change and delete group types."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception
from cinder_lite.api import faults, paging, validation
from cinder_lite.api.request import Request
from cinder_lite.api.views import group_types as views
from cinder_lite.db import group_types, pages
from cinder_lite.objects import GroupType

LOG = logging.getLogger(__name__)
CONF = cfg.CONF


def index(request: Request) -> dict[str, Any]:
    """Return a page of the types that the caller may see; by default the public ones."""
    page = paging.parse(request, group_types.SORT_KEYS, {})
    context = request.context
    asked = request.query.get("is_public", "true") if context.is_admin else "true"
    is_public = None if asked.lower() == "none" else _is_public(asked)
    window = pages.Window(page.sort, page.limit, page.offset, page.marker)
    found = group_types.listing(context, is_public, window) if page.limit else []
    answer: dict[str, Any] = {"group_types": [views.show(request, kind) for kind in found]}
    following = paging.next_link(request, page, [kind.id for kind in found])
    if following is not None:
        answer["group_type_links"] = following
    return answer


def _is_public(text: str) -> bool:
    try:
        return validation.boolean(text, "is_public")
    except faults.BadRequest:
        raise faults.BadRequest(f"Invalid is_public filter [{text}]") from None


def show(request: Request, group_type_id: str) -> dict[str, Any]:
    """Return one type; the id ``default`` means the one that default_group_type names."""
    if group_type_id != "default":
        kind = group_types.get(request.context, group_type_id)
        return {"group_type": views.show(request, kind)}
    default = _default(request)
    if default is None:
        raise exception.NotFound("Default group type can not be found.")
    return {"group_type": views.show(request, default)}


def _default(request: Request) -> GroupType | None:
    name = CONF.default_group_type
    if name is None:
        return None
    try:
        return group_types.get_by_name(request.context.elevated(), name)
    except exception.GroupTypeNotFoundByName:
        LOG.error("There is no group type %s, which default_group_type names", name)
        return None


def create(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Create a type, public unless asked otherwise."""
    given = body["group_type"]
    kind = group_types.create(
        {
            "name": given["name"],
            "description": given.get("description"),
            "is_public": validation.boolean(given.get("is_public", True), "is_public"),
        },
        given.get("group_specs") or {},
    )
    return {"group_type": views.show(request, kind)}


def update(request: Request, body: dict[str, Any], group_type_id: str) -> dict[str, Any]:
    """Change a type's name, description or whether it is public."""
    given = {key: value for key, value in body["group_type"].items() if value is not None}
    if not given:
        raise faults.BadRequest(
            "Specify group type name, description, is_public or a combination thereof."
        )
    if "name" in given and not given["name"].strip():
        raise faults.BadRequest("The name of a group type can not be empty.")
    if "is_public" in given:
        given["is_public"] = validation.boolean(given["is_public"], "is_public")
    group_types.update(group_type_id, given)
    kind = group_types.get(request.context, group_type_id)
    return {"group_type": views.show(request, kind)}


def delete(request: Request, group_type_id: str) -> None:
    """Delete a type that no group has."""
    group_types.destroy(group_types.get(request.context, group_type_id).id)


# --- specs -----------------------------------------------------------------------------------


def specs_index(request: Request, group_type_id: str) -> dict[str, Any]:
    """Return a type's specs."""
    return {"group_specs": group_types.get(request.context, group_type_id).group_specs}


def specs_show(request: Request, group_type_id: str, key: str) -> dict[str, Any]:
    """Return one spec."""
    specs = group_types.get(request.context, group_type_id).group_specs
    if key not in specs:
        raise exception.GroupTypeSpecsNotFound(group_type_id=group_type_id, group_specs_key=key)
    return {key: specs[key]}


def specs_create(request: Request, body: dict[str, Any], group_type_id: str) -> dict[str, Any]:
    """Set specs and leave the others."""
    kind = group_types.get(request.context, group_type_id)
    group_types.write_specs(kind.id, body["group_specs"])
    return body


def specs_update(
    request: Request, body: dict[str, Any], group_type_id: str, key: str
) -> dict[str, Any]:
    """Set one spec."""
    kind = group_types.get(request.context, group_type_id)
    if key not in body:
        raise faults.BadRequest("Request body and URI mismatch: they name different keys.")
    group_types.write_specs(kind.id, body)
    return body


def specs_delete(request: Request, group_type_id: str, key: str) -> None:
    """Remove one spec."""
    group_types.delete_spec(group_types.get(request.context, group_type_id).id, key)
