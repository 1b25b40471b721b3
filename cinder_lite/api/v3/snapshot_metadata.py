# SPDX-License-Identifier: Apache-2.0
"""/snapshots/{id}/metadata: what a tenant notes on a snapshot."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception, policy
from cinder_lite.api import faults
from cinder_lite.api.request import Request
from cinder_lite.api.v3 import snapshots
from cinder_lite.db import snapshots as db_snapshots
from cinder_lite.objects import Snapshot
from cinder_lite.policies import snapshots as rules


def index(request: Request, snapshot_id: str) -> dict[str, Any]:
    """Return a snapshot's metadata."""
    return {"metadata": _read(request, snapshot_id, rules.GET_METADATA)[1]}


def show(request: Request, snapshot_id: str, key: str) -> dict[str, Any]:
    """Return one item."""
    metadata = _read(request, snapshot_id, rules.GET_METADATA)[1]
    _check_key(metadata, snapshot_id, key)
    return {"meta": {key: metadata[key]}}


def create(request: Request, body: dict[str, Any], snapshot_id: str) -> dict[str, Any]:
    """Set items and leave the others."""
    snapshot, metadata = _read(request, snapshot_id, rules.UPDATE_METADATA)
    return {"metadata": _write(snapshot, {**metadata, **body["metadata"]})}


def replace(request: Request, body: dict[str, Any], snapshot_id: str) -> dict[str, Any]:
    """Set the whole metadata."""
    snapshot, _ = _read(request, snapshot_id, rules.UPDATE_METADATA)
    return {"metadata": _write(snapshot, body["metadata"])}


def update(request: Request, body: dict[str, Any], snapshot_id: str, key: str) -> dict[str, Any]:
    """Set one item."""
    if key not in body["meta"]:
        raise faults.BadRequest("Request body and URI mismatch: they name different keys.")
    snapshot, metadata = _read(request, snapshot_id, rules.UPDATE_METADATA)
    _write(snapshot, {**metadata, **body["meta"]})
    return {"meta": body["meta"]}


def delete(request: Request, snapshot_id: str, key: str) -> None:
    """Remove one item."""
    snapshot, metadata = _read(request, snapshot_id, rules.DELETE_METADATA)
    _check_key(metadata, snapshot_id, key)
    _write(snapshot, {k: v for k, v in metadata.items() if k != key})


def _read(request: Request, snapshot_id: str, rule: str) -> tuple[Snapshot, dict[str, str]]:
    snapshot = snapshots.visible(request, snapshot_id)
    policy.authorize(request.context, rule, snapshot.project_id)
    return snapshot, db_snapshots.metadata(snapshot.id)


def _write(snapshot: Snapshot, metadata: dict[str, str]) -> dict[str, str]:
    db_snapshots.replace_metadata(snapshot.id, metadata)
    return metadata


def _check_key(metadata: dict[str, str], snapshot_id: str, key: str) -> None:
    if key not in metadata:
        raise exception.SnapshotMetadataNotFound(snapshot_id=snapshot_id, metadata_key=key)
