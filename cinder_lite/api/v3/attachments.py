# SPDX-License-Identifier: Apache-2.0
"""/attachments: who uses which volume."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception, policy, states
from cinder_lite.api import deps, faults, paging, resource_filters
from cinder_lite.api.request import Request
from cinder_lite.api.schemas import attachments as bodies
from cinder_lite.api.v3.volumes import visible
from cinder_lite.api.views import attachments as views
from cinder_lite.db import pages
from cinder_lite.db import volume_attachments as db
from cinder_lite.objects import Attachment
from cinder_lite.policies import attachments as rules

_MODE = 54
_FILTERS = {
    "volume_id": "volume_id",
    "instance_id": "instance_uuid",
    "status": "attach_status",
    "attach_status": "attach_status",
}
"""What a list may be filtered by, and the columns. In Cinder ``status`` finds nothing."""


def _found(request: Request, attachment_id: str) -> Attachment:
    return db.get(request.context, attachment_id.lower())


# --- reading ---------------------------------------------------------------------------------


def show(request: Request, attachment_id: str) -> dict[str, Any]:
    """Return one attachment."""
    return {"attachment": views.detail(_found(request, attachment_id))}


def index(request: Request) -> dict[str, Any]:
    """Return a page of attachments, without their connections."""
    return {"attachments": [views.summary(one) for one in _listing(request)]}


def detail(request: Request) -> dict[str, Any]:
    """Return a page of attachments in full."""
    return {"attachments": [views.detail(one) for one in _listing(request)]}


def _listing(request: Request) -> list[Attachment]:
    context = request.context
    page = paging.parse(request, db.SORT_KEYS, {})
    query = {k: v for k, v in request.query.items() if k not in paging.PARAMETERS}
    every = query.pop("all_tenants", None) is not None and context.is_admin
    if not context.is_admin:
        if request.minor >= resource_filters.GENERAL:
            resource_filters.check("attachment", query, request.minor)
        else:
            query = {name: value for name, value in query.items() if name in _FILTERS}
    # Without all_tenants the list is of the caller's project, whatever project_id says.
    named = query.pop("project_id", None)
    project_id = (named or None) if every else context.project_id
    filters: dict[str, str] = {}
    for name, value in query.items():
        bare = name.removesuffix("~")
        if bare not in _FILTERS:
            return []
        filters[_FILTERS[bare] + name[len(bare) :]] = value
    if page.limit == 0:
        return []
    window = pages.Window(page.sort, page.limit, page.offset, page.marker)
    try:
        return db.listing(project_id, filters, window)
    except pages.MarkerNotFound:
        raise exception.VolumeAttachmentNotFound(filter=f"marker = {page.marker}") from None


# --- writing ---------------------------------------------------------------------------------


def create(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Promise a volume to a server or host; with a connector, let it in too."""
    asked = body["attachment"]
    context = request.context
    volume = visible(request, asked["volume_uuid"])
    policy.authorize(context, rules.CREATE, volume.project_id)
    if volume.multiattach and volume.bootable and volume.status == states.IN_USE:
        policy.authorize(context, rules.MULTIATTACH_BOOTABLE, volume.project_id)
    attachment = deps.volume_api().attachments.create(
        context,
        volume,
        asked.get("instance_uuid"),
        asked.get("connector"),
        asked.get("mode") if request.minor >= _MODE else None,
    )
    return {"attachment": views.detail(attachment)}


def update(request: Request, body: dict[str, Any], attachment_id: str) -> dict[str, Any]:
    """Let in the node that a connector names."""
    attachment = _found(request, attachment_id)
    policy.authorize(request.context, rules.UPDATE, attachment.project_id)
    connector = body["attachment"]["connector"]
    updated = deps.volume_api().attachments.update(request.context, attachment, connector)
    return {"attachment": views.detail(updated)}


def delete(request: Request, attachment_id: str) -> dict[str, Any]:
    """End an attachment; returns those of the volume that remain."""
    attachment = _found(request, attachment_id)
    policy.authorize(request.context, rules.DELETE, attachment.project_id)
    remaining = deps.volume_api().attachments.delete(request.context, attachment)
    return {"attachments": [views.summary(one) for one in remaining]}


ACTIONS = {"os-complete": bodies.COMPLETE}


def action(request: Request, attachment_id: str) -> None:
    """Do os-complete, the only action: record that the node has connected."""
    body = request.document()
    if not isinstance(body, dict) or len(body) != 1 or "os-complete" not in body:
        raise faults.BadRequest(
            "There is no such action: the body must be an object with the one key os-complete."
        )
    bodies.COMPLETE.check(body, request.minor)
    attachment = _found(request, attachment_id)
    policy.authorize(request.context, rules.COMPLETE, attachment.project_id)
    deps.volume_api().attachments.complete(request.context, attachment)
