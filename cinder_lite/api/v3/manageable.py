# SPDX-License-Identifier: Apache-2.0
"""/manageable_volumes and /manageable_snapshots, and their old names os-…-manage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cinder_lite import exception, policy
from cinder_lite.api import deps, paging, validation
from cinder_lite.api.request import Request
from cinder_lite.api.v3 import volumes
from cinder_lite.api.views import snapshots as snapshot_views
from cinder_lite.api.views import volumes as volume_views
from cinder_lite.db import volume_types
from cinder_lite.db.volume_views import row_of
from cinder_lite.objects import VolumeType
from cinder_lite.policies import manageable as rules

_MIGRATE_CLUSTER = 16
_LIST_CLUSTER = 17
_SORT_KEYS = ("reference", "size")
_BRIEF = ("reference", "size", "safe_to_manage")
_FULL = (*_BRIEF, "reason_not_safe", "cinder_id", "extra_info")
_SOURCE = ("source_reference",)


# --- lists -----------------------------------------------------------------------------------


def volumes_index(request: Request) -> dict[str, Any]:
    """Return what a backend has that could be taken over as a volume."""
    found = deps.volume_api().get_manageable_volumes(request.context, **_window(request))
    return {"manageable-volumes": _view(found, _BRIEF)}


def volumes_detail(request: Request) -> dict[str, Any]:
    """Return it, and why it should not be."""
    found = deps.volume_api().get_manageable_volumes(request.context, **_window(request))
    return {"manageable-volumes": _view(found, _FULL)}


def snapshots_index(request: Request) -> dict[str, Any]:
    """Return what a backend has that could be taken over as a snapshot."""
    found = deps.volume_api().get_manageable_snapshots(request.context, **_window(request))
    return {"manageable-snapshots": _view(found, (*_BRIEF, *_SOURCE))}


def snapshots_detail(request: Request) -> dict[str, Any]:
    """Return it, and why it should not be."""
    found = deps.volume_api().get_manageable_snapshots(request.context, **_window(request))
    return {"manageable-snapshots": _view(found, (*_FULL, *_SOURCE))}


def _view(entries: list[dict[str, Any]], fields: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{field: entry.get(field) for field in fields} for entry in entries]


def _window(request: Request) -> dict[str, Any]:
    """Return the host, and which part of its list is asked for, in which order."""
    host = _host(request, request.query, _LIST_CLUSTER)
    asked = paging.parse(request, _SORT_KEYS, {}, default="reference")
    return {
        "host": host,
        "marker": asked.marker,
        "limit": asked.limit,
        "offset": asked.offset,
        "sort_keys": [key for key, _ in asked.sort],
        "sort_dirs": [direction for _, direction in asked.sort],
    }


def _host(request: Request, given: Mapping[str, Any], clusters_since: int) -> str:
    """Return the host that a request names.

    :raises InvalidInput: it names none, or a cluster, too
    :raises ServiceNotFound: it names a cluster, of which there are none
    """
    host, cluster = given.get("host"), None
    if request.minor >= clusters_since:
        cluster = given.get("cluster")
        if bool(host) == bool(cluster):
            raise exception.InvalidInput(reason="One and only one of cluster and host must be set.")
    elif not host:
        raise exception.InvalidInput(reason="Host field is missing.")
    if cluster:
        raise exception.ServiceNotFound(service_id="cinder-volume", host=cluster)
    return str(host)


# --- taking over -----------------------------------------------------------------------------


def manage_volume(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Take over a volume; its backend does it after the answer."""
    asked = body["volume"]
    kind = _type(request, asked.get("volume_type"))
    metadata = asked.get("metadata") or {}
    try:
        host = _host(request, asked, _MIGRATE_CLUSTER)
        made = deps.volume_api().manage_existing(
            request.context,
            host,
            asked["ref"],
            name=_text(asked.get("name")),
            description=_text(asked.get("description")),
            volume_type=kind,
            metadata=metadata,
            availability_zone=asked.get("availability_zone"),
            bootable=validation.boolean(asked.get("bootable", False), "bootable"),
        )
    except exception.ServiceNotFound as error:
        what = f"Host '{asked['host']}'" if asked.get("host") else f"Cluster '{asked['cluster']}'"
        raise exception.Invalid(f"{what} not found") from error
    row = row_of(made, kind.name if kind else None, metadata)
    # The answer is that of the first microversion, whichever is asked for.
    view = volume_views.detail(request, with_attributes=False, minor=0)
    return {"volume": view(row, *volume_views.link_beginnings(request))}


def _text(value: str | None) -> str | None:
    return value.strip() if value else None


def _type(request: Request, name: str | None) -> VolumeType | None:
    if not name:
        return volumes.default_type(request)
    try:
        return volume_types.find(request.context, name)
    except exception.VolumeTypeNotFound:
        raise exception.InvalidVolumeType(
            reason=f"Cannot find requested '{name}' volume type"
        ) from None


def manage_snapshot(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Take over a snapshot; its volume's backend does it after the answer."""
    asked = body["snapshot"]
    volume = volumes.visible(request, asked["volume_id"])
    policy.authorize(request.context, rules.MANAGE_SNAPSHOT, volume.project_id)
    metadata = asked.get("metadata") or {}
    made = deps.volume_api().manage_existing_snapshot(
        request.context,
        asked["ref"],
        volume,
        name=asked.get("name"),
        description=asked.get("description"),
        metadata=metadata,
    )
    return {"snapshot": snapshot_views.detail(request, made, metadata)}
