# SPDX-License-Identifier: Apache-2.0
"""/types/{id}/extra_specs: what a type asks of a backend."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception
from cinder_lite.api import faults
from cinder_lite.api.request import Request
from cinder_lite.api.views import volume_types as views
from cinder_lite.db import volume_types, volume_views
from cinder_lite.objects import VolumeType

_TRUE = "<is> True"


def index(request: Request, type_id: str) -> dict[str, Any]:
    """Return a type's extra specs, as far as the caller may see them."""
    kind = volume_types.get(request.context, type_id)
    return {"extra_specs": views.extra_specs(request, kind)}


def show(request: Request, type_id: str, key: str) -> dict[str, Any]:
    """Return one extra spec."""
    specs = views.extra_specs(request, volume_types.get(request.context, type_id))
    if key not in specs:
        raise exception.VolumeTypeExtraSpecsNotFound(volume_type_id=type_id, extra_specs_key=key)
    return {key: specs[key]}


def create(request: Request, body: dict[str, Any], type_id: str) -> dict[str, Any]:
    """Set extra specs and leave the others."""
    kind = _changeable(request, type_id)
    together = {**kind.extra_specs, **body["extra_specs"]}
    if together.get("multiattach") == together.get("cacheable") == _TRUE:
        raise faults.BadRequest("A type can not be both cacheable and multiattach.")
    volume_types.update_extra_specs(type_id, body["extra_specs"])
    return {"extra_specs": body["extra_specs"]}


def update(request: Request, body: dict[str, Any], type_id: str, key: str) -> dict[str, Any]:
    """Set one extra spec."""
    if key not in body:
        raise faults.BadRequest("Request body and URI mismatch: they name different keys.")
    _changeable(request, type_id)
    volume_types.update_extra_specs(type_id, body)
    return body


def delete(request: Request, type_id: str, key: str) -> None:
    """Remove one extra spec."""
    _changeable(request, type_id)
    volume_types.delete_extra_spec(type_id, key)


def _changeable(request: Request, type_id: str) -> VolumeType:
    """Pass a type that exists and that no volume has.

    Volumes were placed by what their type asked for when they were made.
    """
    kind = volume_types.get(request.context, type_id)
    if volume_views.type_in_use(type_id):
        raise faults.BadRequest(
            "Volume Type is currently in use: its extra specs can not be changed."
        )
    return kind
