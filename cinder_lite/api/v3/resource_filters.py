# SPDX-License-Identifier: Apache-2.0
"""/resource_filters: by what lists may be filtered (since 3.33)."""

from __future__ import annotations

from typing import Any

from cinder_lite.api import resource_filters
from cinder_lite.api.request import Request


def index(request: Request) -> dict[str, Any]:
    """Return the filters of all resources, or of one."""
    asked = request.query.get("resource")
    return {
        "resource_filters": [
            {"resource": resource, "filters": names}
            for resource, names in resource_filters.configured().items()
            if not asked or asked == resource
        ]
    }
