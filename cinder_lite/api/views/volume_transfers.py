# SPDX-License-Identifier: Apache-2.0
"""What the offer of a volume looks like in answers."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.request import Request
from cinder_lite.api.views import common
from cinder_lite.objects import Transfer

_SNAPSHOTS = 55
_HISTORY = 57


def summary(request: Request, transfer: Transfer) -> dict[str, Any]:
    """Return what a list without details, and the answer to an acceptance, show."""
    return {
        "id": transfer.id,
        "volume_id": transfer.volume_id,
        "name": transfer.display_name,
        "links": _links(request, transfer),
    }


def detail(request: Request, transfer: Transfer, key: str | None = None) -> dict[str, Any]:
    """Return an offer in full.

    :param key: the offer's key, in the answer to its creation only
    """
    answer: dict[str, Any] = {
        "id": transfer.id,
        "created_at": common.time(transfer.created_at),
        "name": transfer.display_name,
        "volume_id": transfer.volume_id,
    }
    if key is not None:
        answer["auth_key"] = key
    answer["links"] = _links(request, transfer)
    if request.minor >= _SNAPSHOTS:
        answer["no_snapshots"] = transfer.no_snapshots
    if request.minor >= _HISTORY:
        answer["destination_project_id"] = transfer.destination_project_id
        answer["source_project_id"] = transfer.source_project_id
        answer["accepted"] = transfer.accepted
    return answer


def _links(request: Request, transfer: Transfer) -> list[dict[str, str]]:
    """Return the links of an offer; both resources give those of the older one, as Cinder does."""
    own, bookmark = request.links
    return [
        {"rel": "self", "href": f"{own}os-volume-transfer/{transfer.id}"},
        {"rel": "bookmark", "href": f"{bookmark}os-volume-transfer/{transfer.id}"},
    ]
