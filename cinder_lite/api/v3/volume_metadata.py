# SPDX-License-Identifier: Apache-2.0
"""/volumes/{id}/metadata: what a tenant notes on a volume.

From microversion 3.15 on the metadata has an ETag, and a change may ask by If-Match that it be
still the one that the caller has read.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from cinder_lite import exception, policy
from cinder_lite.api import faults
from cinder_lite.api.request import Request
from cinder_lite.api.v3.volumes import visible
from cinder_lite.db import volume_metadata
from cinder_lite.objects import Volume
from cinder_lite.policies import volume_metadata as rules
from cinder_lite.volume import metadata as notes

_ETAGS = 15
_TAG = re.compile(r'(?:^|\s)(W/)?"((?:\\"|.)*?)"')
_CHANGED = 412


def index(request: Request, volume_id: str) -> dict[str, Any]:
    """Return a volume's metadata."""
    metadata = _read(request, volume_id, rules.GET)[1]
    if request.minor >= _ETAGS:
        request.answer_headers = (("Etag", _etag(metadata)),)
    return {"metadata": metadata}


def show(request: Request, volume_id: str, key: str) -> dict[str, Any]:
    """Return one item."""
    metadata = _read(request, volume_id, rules.GET)[1]
    if key not in metadata:
        raise exception.VolumeMetadataNotFound(volume_id=volume_id, metadata_key=key)
    return {"meta": {key: metadata[key]}}


def create(request: Request, body: dict[str, Any], volume_id: str) -> dict[str, Any]:
    """Set items and leave the others."""
    volume = _find(request, volume_id, rules.CREATE)
    return {"metadata": notes.write(volume, body["metadata"], whole=False)}


def replace(request: Request, body: dict[str, Any], volume_id: str) -> dict[str, Any] | None:
    """Set the whole metadata."""
    if _is_stale(request, volume_id):
        return None
    volume = _find(request, volume_id, rules.UPDATE)
    return {"metadata": notes.write(volume, body["metadata"], whole=True)}


def update(
    request: Request, body: dict[str, Any], volume_id: str, key: str
) -> dict[str, Any] | None:
    """Set one item."""
    if _is_stale(request, volume_id):
        return None
    if key not in body["meta"]:
        raise faults.BadRequest("Request body and URI mismatch: they name different keys.")
    volume = _find(request, volume_id, rules.UPDATE)
    notes.write(volume, body["meta"], whole=False)
    return {"meta": body["meta"]}


def delete(request: Request, volume_id: str, key: str) -> None:
    """Remove one item."""
    volume, metadata = _read(request, volume_id, rules.GET)
    if key not in metadata:
        raise exception.VolumeMetadataNotFound(volume_id=volume_id, metadata_key=key)
    policy.authorize(request.context, rules.DELETE, volume.project_id)
    notes.remove(volume, key)


def _find(request: Request, volume_id: str, rule: str) -> Volume:
    volume = visible(request, volume_id)
    policy.authorize(request.context, rule, volume.project_id)
    return volume


def _read(request: Request, volume_id: str, rule: str) -> tuple[Volume, dict[str, str]]:
    volume = _find(request, volume_id, rule)
    return volume, volume_metadata.get(volume.id)


def _etag(metadata: dict[str, str]) -> str:
    text = json.dumps({"metadata": metadata})
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _is_stale(request: Request, volume_id: str) -> bool:
    """Tell whether the caller asks for metadata that has changed meanwhile, and answer so."""
    asked = request.environ.get("HTTP_IF_MATCH", "").strip()
    if request.minor < _ETAGS or asked in ("", "*"):
        return False
    found = [tag for weak, tag in _TAG.findall(asked) if not weak]
    metadata = _read(request, volume_id, rules.GET)[1]
    if _etag(metadata) in (found if '"' in asked else [asked]):
        return False
    request.answer_status = _CHANGED
    return True
