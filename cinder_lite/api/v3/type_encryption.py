# SPDX-License-Identifier: Apache-2.0
"""/types/{id}/encryption: how the volumes of a type are encrypted.

As in Cinder the last word of the URL is the key to show for GET, and means nothing for PUT and
DELETE, which concern the type's one encryption.
"""

from __future__ import annotations

from typing import Any

from cinder_lite import exception
from cinder_lite.api import faults
from cinder_lite.api.request import Request
from cinder_lite.api.views import common
from cinder_lite.db import type_encryption, volume_types, volume_views

_COLUMNS = ("provider", "cipher", "key_size", "control_location")


def index(request: Request, type_id: str) -> dict[str, Any]:
    """Return a type's encryption; nothing where there is none."""
    volume_types.get(request.context, type_id)
    return _view(type_id)


def show(request: Request, type_id: str, key: str) -> dict[str, Any]:
    """Return one value of a type's encryption."""
    volume_types.get(request.context, type_id)
    values = _view(type_id)
    if key not in values:
        raise exception.VolumeTypeEncryptionNotFound(type_id=type_id)
    return {key: values[key]}


def create(request: Request, body: dict[str, Any], type_id: str) -> dict[str, Any]:
    """Encrypt the volumes of a type that no volume has yet."""
    given = _given(body)
    _unused(type_id, "create")
    volume_types.get(request.context, type_id)
    encryption_id = type_encryption.create(type_id, _columns(given))
    return {"encryption": {**given, "volume_type_id": type_id, "encryption_id": encryption_id}}


def update(request: Request, body: dict[str, Any], type_id: str, key: str) -> dict[str, Any]:
    """Change the encryption of a type that no volume has."""
    given = _given(body)
    volume_types.get(request.context, type_id)
    _unused(type_id, "update")
    type_encryption.update(type_id, _columns(given))
    return {"encryption": given}


def delete(request: Request, type_id: str, key: str) -> None:
    """Remove the encryption of a type that no volume has."""
    _unused(type_id, "delete")
    type_encryption.destroy(type_id)


def _given(body: dict[str, Any]) -> dict[str, Any]:
    given = dict(body["encryption"])
    if given.get("key_size") is not None:
        given["key_size"] = int(given["key_size"])
    return given


def _columns(given: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept; whatever else the body holds is only repeated in the answer."""
    return {name: given[name] for name in _COLUMNS if name in given}


def _unused(type_id: str, verb: str) -> None:
    if volume_views.type_in_use(type_id):
        raise faults.BadRequest(f"Cannot {verb} encryption specs. Volume type in use.")


def _view(type_id: str) -> dict[str, Any]:
    row = type_encryption.get(type_id)
    if row is None:
        return {}
    return {
        "encryption_id": row["encryption_id"],
        "cipher": row["cipher"],
        "key_size": row["key_size"],
        "provider": row["provider"],
        "control_location": row["control_location"],
        "volume_type_id": row["volume_type_id"],
        "deleted_at": None,
        "deleted": False,
        "created_at": common.time(row["created_at"]),
        "updated_at": common.time(row["updated_at"]),
    }
