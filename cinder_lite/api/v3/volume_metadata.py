# SPDX-License-Identifier: Apache-2.0
"""/volumes/{id}/metadata: what a tenant notes on a volume."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception, policy
from cinder_lite.api import deps, faults
from cinder_lite.api.request import Request
from cinder_lite.api.v3.volumes import visible
from cinder_lite.db import volume_metadata
from cinder_lite.objects import Volume
from cinder_lite.policies import volume_metadata as rules


def index(request: Request, volume_id: str) -> dict[str, Any]:
    """Return a volume's metadata."""
    return {"metadata": _read(request, volume_id, rules.GET)[1]}


def show(request: Request, volume_id: str, key: str) -> dict[str, Any]:
    """Return one item."""
    metadata = _read(request, volume_id, rules.GET)[1]
    _check_key(metadata, volume_id, key)
    return {"meta": {key: metadata[key]}}


def create(request: Request, body: dict[str, Any], volume_id: str) -> dict[str, Any]:
    """Set items and leave the others."""
    volume, metadata = _read(request, volume_id, rules.CREATE)
    return {"metadata": _write(request, volume, {**metadata, **body["metadata"]})}


def replace(request: Request, body: dict[str, Any], volume_id: str) -> dict[str, Any]:
    """Set the whole metadata."""
    volume, _ = _read(request, volume_id, rules.UPDATE)
    return {"metadata": _write(request, volume, body["metadata"])}


def update(request: Request, body: dict[str, Any], volume_id: str, key: str) -> dict[str, Any]:
    """Set one item."""
    if key not in body["meta"]:
        raise faults.BadRequest("Request body and URI mismatch: they name different keys.")
    volume, metadata = _read(request, volume_id, rules.UPDATE)
    _write(request, volume, {**metadata, **body["meta"]})
    return {"meta": body["meta"]}


def delete(request: Request, volume_id: str, key: str) -> None:
    """Remove one item."""
    volume, metadata = _read(request, volume_id, rules.DELETE)
    _check_key(metadata, volume_id, key)
    _write(request, volume, {k: v for k, v in metadata.items() if k != key})


def _read(request: Request, volume_id: str, rule: str) -> tuple[Volume, dict[str, str]]:
    volume = visible(request, volume_id)
    policy.authorize(request.context, rule, volume.project_id)
    return volume, volume_metadata.get(volume.id)


def _write(request: Request, volume: Volume, metadata: dict[str, str]) -> dict[str, str]:
    deps.volume_api().update(request.context, volume, {}, metadata)
    return metadata


def _check_key(metadata: dict[str, str], volume_id: str, key: str) -> None:
    if key not in metadata:
        raise exception.VolumeMetadataNotFound(volume_id=volume_id, metadata_key=key)
