# SPDX-License-Identifier: Apache-2.0
"""/os-volume-transfer and /volume-transfers: volumes that change hands.

The two are one resource. The older one knows no pages and offers a volume with its snapshots; the
newer one has pages from microversion 3.59 and ``no_snapshots`` from 3.55.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oslo_config import cfg
from oslo_utils import strutils

from cinder_lite import policy, transfer
from cinder_lite.api import paging, validation
from cinder_lite.api.request import Request
from cinder_lite.api.v3.volumes import visible
from cinder_lite.api.views import volume_transfers as views
from cinder_lite.db import pages, transfers, volumes
from cinder_lite.objects import Transfer
from cinder_lite.policies import volume_transfers as rules

CONF = cfg.CONF

_PAGES = 59
_ENCRYPTED = 70
_NAMES = {"name": "display_name"}
_OLDEST_FIRST = (("created_at", "asc"),)

View = Callable[[Request, Transfer], dict[str, Any]]


def index_old(request: Request) -> dict[str, Any]:
    """Return offers, each with its volume and name: /os-volume-transfer."""
    return _listing(request, views.summary, paged=False)


def detail_old(request: Request) -> dict[str, Any]:
    """Return offers in full: /os-volume-transfer/detail."""
    return _listing(request, views.detail, paged=False)


def index(request: Request) -> dict[str, Any]:
    """Return a page of offers, each with its volume and name."""
    return _listing(request, views.summary, paged=request.minor >= _PAGES)


def detail(request: Request) -> dict[str, Any]:
    """Return a page of offers in full."""
    return _listing(request, views.detail, paged=request.minor >= _PAGES)


def _listing(request: Request, view: View, *, paged: bool) -> dict[str, Any]:
    paging.bounds(request)  # Also without pages: a wrong limit or offset is refused.
    page = paging.parse(request, transfers.SORT_KEYS, _NAMES) if paged else None
    context = request.context
    filters = {_NAMES.get(name, name): value for name, value in request.query.items()}
    every = strutils.bool_from_string(filters.pop("all_tenants", "false"))
    project = None if every and context.is_admin else context.project_id
    if page is None:
        # Without pages, limit and its like are filters, and of none of them is there a column.
        window = pages.Window(sort=_OLDEST_FIRST, limit=CONF.osapi_max_limit)
    else:
        filters = {k: v for k, v in filters.items() if k not in paging.PARAMETERS}
        window = pages.Window(page.sort, page.limit, page.offset, page.marker)
    wanted = filters.pop("project_id", None)
    if project is None:
        project = wanted
    found = transfers.listing(project, filters, window) if window.limit else []
    answer: dict[str, Any] = {"transfers": [view(request, each) for each in found]}
    if page is not None:
        following = paging.next_link(request, page, [each.id for each in found])
        if following is not None:
            answer["transfers_links"] = following
    return answer


def show(request: Request, transfer_id: str) -> dict[str, Any]:
    """Return one offer."""
    return {"transfer": views.detail(request, transfers.get(request.context, transfer_id))}


def create_old(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Offer a volume with its snapshots: /os-volume-transfer."""
    return _create(request, body["transfer"], allow_encrypted=False)


def create(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Offer a volume."""
    return _create(request, body["transfer"], allow_encrypted=request.minor >= _ENCRYPTED)


def _create(request: Request, given: dict[str, Any], *, allow_encrypted: bool) -> dict[str, Any]:
    name = given.get("name")
    volume = visible(request, given["volume_id"])
    policy.authorize(request.context, rules.CREATE, volume.project_id)
    made, key = transfer.create(
        request.context,
        volume,
        name.strip() if name is not None else None,
        no_snapshots=validation.boolean(given.get("no_snapshots", False), "no_snapshots"),
        allow_encrypted=allow_encrypted,
    )
    return {"transfer": views.detail(request, made, key)}


def accept(request: Request, body: dict[str, Any], transfer_id: str) -> dict[str, Any]:
    """Take an offered volume for the caller's project."""
    policy.authorize(request.context, rules.ACCEPT)
    taken = transfer.accept(request.context, transfer_id, str(body["accept"]["auth_key"]))
    return {"transfer": views.summary(request, taken)}


def delete(request: Request, transfer_id: str) -> None:
    """Take an offer back."""
    offered = transfers.get(request.context, transfer_id)
    volume = volumes.get(request.context, offered.volume_id)
    policy.authorize(request.context, rules.DELETE, volume.project_id)
    transfer.delete(request.context, offered, volume)
