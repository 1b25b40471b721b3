# SPDX-License-Identifier: Apache-2.0
"""/volumes: create, list, show, change, delete, and their sum."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception, policy
from cinder_lite.api import deps, faults, microversions, paging, validation, volume_filters
from cinder_lite.api.request import Request
from cinder_lite.api.v3 import volume_sources
from cinder_lite.api.views import volumes as views
from cinder_lite.db import volume_types, volume_views, volumes
from cinder_lite.objects import Volume, VolumeType
from cinder_lite.policies import volumes as rules
from cinder_lite.volume.create.request import CreateRequest
from cinder_lite.volume.create.request import default_type as type_by_default

_SORT_NAMES = {"name": "display_name", "description": "display_description"}
_HINTS = "OS-SCH-HNT:scheduler_hints"
_FORCE_DELETE = 23
_SOURCES = ("snapshot_id", "source_volid", "backup_id")


def visible(request: Request, volume_id: str) -> Volume:
    """Return the volume that a URL names.

    :raises VolumeNotFound: there is none that the caller may see
    """
    volume = volumes.get(request.context, volume_id.lower())
    if not request.context.is_admin and volume_views.is_temporary(volume):
        raise exception.VolumeNotFound(volume_id=volume_id)
    return volume


# --- reading ---------------------------------------------------------------------------------


def show(request: Request, volume_id: str) -> dict[str, Any]:
    """Return one volume."""
    row = _row(request, volume_id)
    view = views.detail(request)
    return {"volume": view(row, *views.link_beginnings(request))}


def _row(request: Request, volume_id: str) -> volume_views.Row:
    context = request.context
    project = None if context.is_admin else context.project_id
    try:
        row = volume_views.show(volume_id.lower(), project, hide_temporary=not context.is_admin)
    except exception.VolumeNotFound:
        raise exception.VolumeNotFound(volume_id=volume_id) from None
    policy.authorize(context, rules.GET, row[volume_views.INDEX["project_id"]])
    return row


def index(request: Request) -> dict[str, Any]:
    """Return a page of volumes, each with its id and name."""
    return _listing(request, views.summary, brief=True)


def detail(request: Request) -> dict[str, Any]:
    """Return a page of volumes in full."""
    return _listing(request, views.detail(request), brief=False)


def _listing(request: Request, view: views.View, *, brief: bool) -> dict[str, Any]:
    page = paging.parse(request, volume_views.SORT_KEYS, _SORT_NAMES)
    query = _query(request, page, brief)
    rows = volume_views.listing(query) if page.limit else []
    own, bookmark = views.link_beginnings(request)
    answer: dict[str, Any] = {"volumes": [view(row, own, bookmark) for row in rows]}
    following = paging.next_link(request, page, [row[0] for row in rows])
    if following is not None:
        answer["volumes_links"] = following
    with_count = request.query.get("with_count")
    if (
        with_count is not None
        and request.minor >= microversions.WITH_COUNT
        and validation.boolean(with_count, "with_count")
    ):
        answer["count"] = volume_views.count(query)
    return answer


def _query(request: Request, page: paging.Page, brief: bool) -> volume_views.Query:
    context = request.context
    asked = request.query.get("all_tenants")
    every = context.is_admin and asked is not None and validation.boolean(asked, "all_tenants")
    return volume_views.Query(
        project_id=None if every else context.project_id,
        hide_temporary=not context.is_admin,
        conditions=volume_filters.parse(request, all_projects=bool(every)),
        sort=page.sort,
        limit=page.limit,
        offset=page.offset,
        marker=page.marker,
        brief=brief,
    )


def summary(request: Request) -> dict[str, Any]:
    """Return the number of volumes, their GiB and their metadata."""
    context = request.context
    asked = request.query.get("all_tenants")
    every = context.is_admin and asked is not None and validation.boolean(asked, "all_tenants")
    number, size, metadata = volume_views.summary(
        volume_views.Query(
            project_id=None if every else context.project_id, hide_temporary=not context.is_admin
        )
    )
    answer: dict[str, Any] = {"total_count": number, "total_size": size}
    if request.minor >= microversions.VOLUMES_SUMMARY_METADATA:
        answer["metadata"] = metadata
    return {"volume-summary": answer}


# --- writing ---------------------------------------------------------------------------------


def create(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Create a volume; its backend makes it after the answer."""
    volume = body["volume"]
    size = _size(volume)
    name = validation.short_text(volume.get("name", volume.get("display_name")), "name")
    description = validation.short_text(
        volume.get("description", volume.get("display_description")), "description"
    )
    _refuse_multiattach(volume)
    metadata = volume.get("metadata") or {}
    named = volume.get("volume_type")
    asked = CreateRequest(
        size=size,
        name=name,
        description=description,
        volume_type=_type(request, named) if named else None,
        availability_zone=volume.get("availability_zone"),
        metadata=metadata,
        scheduler_hints=body.get(_HINTS) or {},
        **volume_sources.read(request, volume),
    )
    created, volume_type = deps.volume_api().create(request.context, asked)
    row = volume_views.row_of(created, volume_type.name if volume_type else None, metadata)
    view = views.detail(request, with_attributes=False)
    return {"volume": view(row, *views.link_beginnings(request))}


def _size(volume: dict[str, Any]) -> int | None:
    """Return the size asked for, GiB; None where the source has one."""
    value = volume.get("size")
    if value is None and any(volume.get(source) for source in _SOURCES):
        return None
    if value is None:
        raise faults.BadRequest("The volume's size is missing: give it in GiB.")
    size = int(value)
    if not 1 <= size < 2**31:
        bound = (
            "less than the minimum of 1" if size < 1 else "greater than the maximum of 2147483647"
        )
        raise faults.BadRequest(
            f"Invalid input for field/attribute size. Value: {value}. {size} is {bound}"
        )
    return size


def _type(request: Request, name_or_id: str) -> VolumeType:
    """Return the type that a request names."""
    context = request.context
    if validation.is_uuid(name_or_id):
        return volume_types.get(context, name_or_id.lower())
    return volume_types.get_by_name(context, name_or_id)


def default_type(request: Request) -> VolumeType | None:
    """Return the type of volumes that name none, None where there is none."""
    return type_by_default(request.context)


def _refuse_multiattach(volume: dict[str, Any]) -> None:
    if "multiattach" in volume and validation.boolean(volume["multiattach"], "multiattach"):
        raise faults.BadRequest(
            "A volume is made multiattach by its type: choose a type with the extra spec "
            "multiattach='<is> True' and leave the parameter multiattach out."
        )


def update(request: Request, body: dict[str, Any], volume_id: str) -> dict[str, Any]:
    """Change a volume's name, description or metadata."""
    volume = visible(request, volume_id)
    policy.authorize(request.context, rules.UPDATE, volume.project_id)
    given = body["volume"]
    values: dict[str, Any] = {}
    for key in ("name", "description"):
        for spelling in (f"display_{key}", key):
            if spelling in given:
                values[f"display_{key}"] = validation.short_text(given[spelling], key)
    deps.volume_api().update(request.context, volume, values, given.get("metadata"))
    row = volume_views.show(volume.id, None, hide_temporary=False)
    view = views.detail(request, with_attributes=False)
    return {"volume": view(row, *views.link_beginnings(request))}


def delete(request: Request, volume_id: str) -> None:
    """Delete a volume; its backend removes it after the answer."""
    query = request.query
    cascade = validation.boolean(query.get("cascade", "false"), "cascade")
    force = False
    if request.minor >= _FORCE_DELETE:
        force = validation.boolean(query.get("force", "false"), "force")
    volume = visible(request, volume_id)
    policy.authorize(request.context, rules.DELETE, volume.project_id)
    if force:
        policy.authorize(request.context, rules.FORCE_DELETE, volume.project_id)
    deps.volume_api().delete(request.context, volume, force=force, cascade=cascade)
