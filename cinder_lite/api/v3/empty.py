# SPDX-License-Identifier: Apache-2.0
"""Lists of what this service does not have, empty: clients ask for them on their way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cinder_lite.api import microversions, validation
from cinder_lite.api.request import Request
from cinder_lite.api.volume_filters import MEMBER_FILTERS


def listing(name: str) -> Callable[[Request], dict[str, Any]]:
    """Return the handler of an empty list.

    :param name: the key of the list in the answer
    """

    def index(request: Request) -> dict[str, Any]:
        answer: dict[str, Any] = {name: []}
        asked = request.query.get("with_count")
        if (
            asked is not None
            and request.minor >= microversions.WITH_COUNT
            and validation.boolean(asked, "with_count")
        ):
            answer["count"] = 0
        return answer

    return index


def resource_filters(request: Request) -> dict[str, Any]:
    """Return by what lists may be filtered."""
    filters = {
        "volume": list(MEMBER_FILTERS),
        "pool": ["name", "volume_type"],
        "volume_type": ["is_public", "extra_specs"],
    }
    asked = request.query.get("resource")
    return {
        "resource_filters": [
            {"resource": resource, "filters": names}
            for resource, names in filters.items()
            if asked is None or asked == resource
        ]
    }
