# SPDX-License-Identifier: Apache-2.0
"""What calls about snapshots answer, and those about what a backend has to take over."""

from __future__ import annotations

from typing import Any

from cinder_lite.api import microversions
from cinder_lite.api.answers.shape import (
    BOOLEAN,
    COUNT,
    OBJECT,
    TEXT,
    TEXT_OR_NULL,
    TEXTS,
    TIME,
    TIME_OR_NULL,
    UUID,
    UUID_OR_NULL,
    Shape,
    array,
    holding,
    page,
    since,
    sometimes,
)
from cinder_lite.api.answers.volumes import MANAGED, META, METADATA

_GROUP = 14
_USER = 41
_ATTRIBUTES = "os-extended-snapshot-attributes:"

_SUMMARY: dict[str, Any] = {
    "id": UUID,
    "created_at": TIME,
    "updated_at": TIME_OR_NULL,
    "name": TEXT_OR_NULL,
    "description": TEXT_OR_NULL,
    "volume_id": UUID,
    "status": TEXT,
    "size": COUNT,
    "metadata": TEXTS,
}
_WRITTEN: dict[str, Any] = {
    **_SUMMARY,
    "group_snapshot_id": since(_GROUP, UUID_OR_NULL),
    "user_id": since(_USER, TEXT_OR_NULL),
    "consumes_quota": since(microversions.CONSUMES_QUOTA, BOOLEAN),
}

_SNAPSHOT_SUMMARY = Shape("snapshot-summary", _SUMMARY)
_SNAPSHOT_WRITTEN = Shape("snapshot-written", _WRITTEN)
_SNAPSHOT = Shape(
    "snapshot",
    {
        **_WRITTEN,
        _ATTRIBUTES + "progress": sometimes(TEXT_OR_NULL),
        _ATTRIBUTES + "project_id": sometimes(TEXT_OR_NULL),
    },
)

_BRIEF: dict[str, Any] = {"reference": OBJECT, "size": COUNT, "safe_to_manage": BOOLEAN}
_FULL: dict[str, Any] = {
    **_BRIEF,
    "reason_not_safe": TEXT_OR_NULL,
    "cinder_id": UUID_OR_NULL,
    "extra_info": {},
}
_SOURCE: dict[str, Any] = {"source_reference": OBJECT}


def _manageable(key: str, name: str, fields: dict[str, Any]) -> Shape:
    return holding(key, array(Shape(name, fields)))


_VOLUMES = _manageable("manageable-volumes", "manageable-volume-summary", _BRIEF)
_VOLUMES_DETAIL = _manageable("manageable-volumes", "manageable-volume", _FULL)
_SNAPSHOTS = _manageable(
    "manageable-snapshots", "manageable-snapshot-summary", {**_BRIEF, **_SOURCE}
)
_SNAPSHOTS_DETAIL = _manageable("manageable-snapshots", "manageable-snapshot", {**_FULL, **_SOURCE})

_ONE = "/snapshots/{snapshot_id}"
_ITEM = f"{_ONE}/metadata/{{key}}"

ANSWERS: dict[tuple[str, str], Any] = {
    ("GET", "/snapshots"): page("snapshots", _SNAPSHOT_SUMMARY, "snapshots_links", counted=True),
    ("GET", "/snapshots/detail"): page("snapshots", _SNAPSHOT, "snapshots_links", counted=True),
    ("POST", "/snapshots"): holding("snapshot", _SNAPSHOT_WRITTEN),
    ("GET", _ONE): holding("snapshot", _SNAPSHOT),
    ("PUT", _ONE): holding("snapshot", _SNAPSHOT_WRITTEN),
    ("GET", f"{_ONE}/metadata"): METADATA,
    ("POST", f"{_ONE}/metadata"): METADATA,
    ("PUT", f"{_ONE}/metadata"): METADATA,
    ("GET", _ITEM): META,
    ("PUT", _ITEM): META,
}
for _path in ("/os-volume-manage", "/manageable_volumes"):
    ANSWERS |= {
        ("GET", _path): _VOLUMES,
        ("GET", f"{_path}/detail"): _VOLUMES_DETAIL,
        ("POST", _path): holding("volume", MANAGED),
    }
for _path in ("/os-snapshot-manage", "/manageable_snapshots"):
    ANSWERS |= {
        ("GET", _path): _SNAPSHOTS,
        ("GET", f"{_path}/detail"): _SNAPSHOTS_DETAIL,
        ("POST", _path): holding("snapshot", _SNAPSHOT_WRITTEN),
    }
