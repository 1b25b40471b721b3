# SPDX-License-Identifier: Apache-2.0
"""/types: create, list, show, change and delete volume types."""

from __future__ import annotations

import ast
from typing import Any

from oslo_config import cfg

from cinder_lite import exception
from cinder_lite.api import faults, paging, resource_filters, validation
from cinder_lite.api.request import Request
from cinder_lite.api.v3.volumes import default_type
from cinder_lite.api.views import volume_types as views
from cinder_lite.db import volume_types
from cinder_lite.objects import VolumeType

CONF = cfg.CONF

_SORT_KEYS = frozenset({"id", "name", "description", "is_public", "created_at", "updated_at"})
_GENERAL_FILTERS = 52
_FILTERS = frozenset({"name", "description", "extra_specs"})


def index(request: Request) -> dict[str, Any]:
    """Return a page of the types that the caller may see; by default the public ones."""
    page = paging.parse(request, _SORT_KEYS, {})
    context = request.context
    is_public = _is_public(request.query.get("is_public", "true")) if context.is_admin else None
    found = _filtered(request, volume_types.listing(context, is_public))
    found = paging.cut(found, page)
    answer: dict[str, Any] = {"volume_types": [views.show(request, kind) for kind in found]}
    following = paging.next_link(request, page, [kind.id for kind in found])
    if following is not None:
        answer["volume_type_links"] = following
    return answer


def _is_public(text: str) -> bool | None:
    """Return which types are asked for: None for both public and private ones."""
    if text.lower() == "none":
        return None
    try:
        return validation.boolean(text, "is_public")
    except faults.BadRequest:
        raise faults.BadRequest(f"Invalid is_public filter [{text}]") from None


def _filtered(request: Request, found: list[VolumeType]) -> list[VolumeType]:
    filters = {key: v for key, v in request.query.items() if key not in paging.PARAMETERS}
    if not request.context.is_admin:
        if request.minor < _GENERAL_FILTERS:
            return found
        resource_filters.check("volume_type", filters, request.minor)
        filters.pop("all_tenants", None)
    for name, value in filters.items():
        if name == "is_public":
            continue
        if name not in _FILTERS:
            return []
        if name == "extra_specs":
            wanted = _dictionary(value)
            found = [k for k in found if wanted.items() <= views.extra_specs(request, k).items()]
        else:
            found = [kind for kind in found if getattr(kind, name) == value]
    return found


def _dictionary(text: str) -> dict[str, str]:
    try:
        pairs = ast.literal_eval(text[:4096])
        return {str(key): str(value) for key, value in pairs.items()}
    except (ValueError, SyntaxError, TypeError, AttributeError, MemoryError, RecursionError):
        raise faults.BadRequest("The filter extra_specs must be a dictionary.") from None


def show(request: Request, type_id: str) -> dict[str, Any]:
    """Return one type; the id ``default`` means the type of volumes that name none."""
    if type_id == "default":
        kind = default_type(request)
        if kind is None:
            raise exception.NotFound("Default volume type can not be found.")
        return {"volume_type": views.show(request, kind, with_access=False)}
    return {"volume_type": views.show(request, volume_types.get(request.context, type_id))}


def create(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Create a type, public unless asked otherwise."""
    given = body["volume_type"]
    _check_name(given["name"])
    kind = volume_types.create(
        {
            "name": given["name"],
            "description": given.get("description"),
            "is_public": validation.boolean(
                given.get("os-volume-type-access:is_public", True), "is_public"
            ),
        },
        given.get("extra_specs", {}),
    )
    return {"volume_type": views.changed(kind, with_access=True)}


def _check_name(name: str) -> None:
    if not name.strip():
        raise faults.BadRequest("The 'name' of a volume type can not be empty.")


def update(request: Request, body: dict[str, Any], type_id: str) -> dict[str, Any]:
    """Change a type's name, description or whether it is public."""
    given = {key: value for key, value in body["volume_type"].items() if value is not None}
    if not given:
        raise faults.BadRequest(
            "Specify volume type name, description, is_public or a combination thereof."
        )
    if "name" in given:
        _check_name(given["name"])
    if "is_public" in given:
        given["is_public"] = validation.boolean(given["is_public"], "is_public")
    volume_types.get(request.context, type_id)
    volume_types.update(type_id, given)
    kind = volume_types.get(request.context, type_id)
    return {"volume_type": views.changed(kind, with_access=False)}


def delete(request: Request, type_id: str) -> None:
    """Delete a type that no volume has."""
    kind = volume_types.get(request.context, type_id)
    if kind.name == CONF.default_volume_type:
        raise exception.CannotDeleteDefaultVolumeType(volume_type_id=type_id)
    volume_types.destroy(type_id)
