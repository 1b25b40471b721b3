# SPDX-License-Identifier: Apache-2.0
"""/messages: what became of requests that were answered before they were done (since 3.3)."""

from __future__ import annotations

from typing import Any

from cinder_lite import message, policy
from cinder_lite.api import paging, resource_filters
from cinder_lite.api.request import Request
from cinder_lite.api.views import common
from cinder_lite.db import messages
from cinder_lite.objects import Message
from cinder_lite.policies import messages as rules

_PAGES = 5
_SORT_KEYS = frozenset(messages.FIELDS)


def index(request: Request) -> dict[str, Any]:
    """Return a page of messages, newest first; before 3.5 neither pages nor filters exist."""
    context = request.context
    if request.minor < _PAGES:
        return {"messages": [_view(request, one) for one in messages.listing(context, {})]}
    page = paging.parse(request, _SORT_KEYS, {})
    filters = {k: v for k, v in request.query.items() if k not in paging.PARAMETERS}
    if request.minor >= resource_filters.GENERAL and not context.is_admin:
        resource_filters.check("message", sorted(filters), request.minor)
    found: list[Message] = []
    if page.limit and filters.keys() <= _SORT_KEYS - {"created_at", "expires_at"}:
        found = messages.listing(
            context,
            filters,
            sort=page.sort,
            limit=page.limit,
            offset=page.offset,
            marker=page.marker,
        )
    answer: dict[str, Any] = {"messages": [_view(request, one) for one in found]}
    following = paging.next_link(request, page, [one.id for one in found])
    if following is not None:
        answer["messages_links"] = following
    return answer


def show(request: Request, message_id: str) -> dict[str, Any]:
    """Return one message."""
    found = messages.get(request.context, message_id)
    policy.authorize(request.context, rules.GET, found.project_id)
    return {"message": _view(request, found)}


def delete(request: Request, message_id: str) -> None:
    """Remove one message."""
    found = messages.get(request.context, message_id)
    policy.authorize(request.context, rules.DELETE, found.project_id)
    messages.destroy(found.id)


def _view(request: Request, one: Message) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": one.id,
        "event_id": one.event_id,
        "user_message": message.text(one),
        "message_level": one.message_level,
        "created_at": common.time(one.created_at),
        "guaranteed_until": common.time(one.expires_at),
        "request_id": one.request_id,
        "links": common.links(request, "messages", one.id),
    }
    if one.resource_type:
        answer["resource_type"] = one.resource_type
    if one.resource_uuid:
        answer["resource_uuid"] = one.resource_uuid
    return answer
