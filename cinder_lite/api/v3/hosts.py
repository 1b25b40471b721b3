# SPDX-License-Identifier: Apache-2.0
"""/os-hosts: the services again, and what one host holds."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception
from cinder_lite.api import deps
from cinder_lite.api.request import Request
from cinder_lite.api.views import services as views
from cinder_lite.db import volume_views
from cinder_lite.db.services import VOLUME


def index(request: Request) -> dict[str, Any]:
    """Return all services as hosts."""
    found = deps.volume_api().services(request.context)
    return {"hosts": [views.host(service) for service in found]}


def show(request: Request, host: str) -> dict[str, Any]:
    """Return the number and size of a host's volumes, in all and for each project."""
    if not deps.volume_api().services(request.context, host=host.partition("#")[0]):
        raise exception.ServiceNotFound(service_id=VOLUME, host=host)
    totals = volume_views.totals_of_host(host)
    whole = ("(total)", sum(t[1] for t in totals), sum(t[2] for t in totals))
    return {"host": [_resource(host, *total) for total in (whole, *totals)]}


def _resource(host: str, project: str, volumes: int, gigabytes: int) -> dict[str, Any]:
    return {
        "resource": {
            "host": host,
            "project": project,
            "volume_count": str(volumes),
            "total_volume_gb": str(gigabytes),
            "snapshot_count": "0",
            "total_snapshot_gb": "0",
        }
    }
