# SPDX-License-Identifier: Apache-2.0
"""/os-availability-zone: the zones that there are, by the volume services in them."""

from __future__ import annotations

from typing import Any

from cinder_lite.api import deps
from cinder_lite.api.request import Request
from cinder_lite.db.services import VOLUME


def index(request: Request) -> dict[str, Any]:
    """Return every zone; one is available while a service in it is enabled."""
    zones: dict[str, bool] = {}
    for service in deps.volume_api().services(request.context, binary=VOLUME):
        name = service.availability_zone
        if name is not None:
            zones[name] = zones.get(name, False) or not service.disabled
    return {
        "availabilityZoneInfo": [
            {"zoneName": name, "zoneState": {"available": available}}
            for name, available in sorted(zones.items())
        ]
    }
