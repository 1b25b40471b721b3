# SPDX-License-Identifier: Apache-2.0
"""What all views share: times as Cinder writes them, and links."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cinder_lite.api.request import Request


def time(value: datetime.datetime | None) -> str | None:
    """Return a time in ISO 8601 with microseconds and without a zone; it is UTC."""
    return value.strftime("%Y-%m-%dT%H:%M:%S.%f") if value is not None else None


def links(request: Request, collection: str, key: str) -> list[dict[str, str]]:
    """Return the links of one thing to itself.

    :param collection: the first word of its path, e.g. ``volumes``
    :param key: its id
    """
    own, bookmark = request.links
    return [
        {"rel": "self", "href": f"{own}{collection}/{key}"},
        {"rel": "bookmark", "href": f"{bookmark}{collection}/{key}"},
    ]
