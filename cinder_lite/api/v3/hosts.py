# SPDX-License-Identifier: Apache-2.0
"""/os-hosts: the services again, and what one host holds."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception
from cinder_lite.api import deps, faults
from cinder_lite.api.request import Request
from cinder_lite.api.views import services as views
from cinder_lite.db import host_totals
from cinder_lite.db.services import VOLUME
from cinder_lite.objects import Service


def index(request: Request) -> dict[str, Any]:
    """Return the services that are enabled as hosts; ``zone`` leaves those of one zone."""
    return {"hosts": [views.host(service) for service in _listed(request)]}


def _listed(request: Request) -> list[Service]:
    zone = request.query.get("zone")
    found = deps.volume_api().services(request.context)
    return [
        one for one in found if not one.disabled and (not zone or one.availability_zone == zone)
    ]


def show(request: Request, host: str) -> dict[str, Any]:
    """Return number and size of what a host holds, in all and for each project.

    :raises ServiceNotFound: no volume service that is enabled has this name
    """
    found = deps.volume_api().services(request.context, host=host, binary=VOLUME)
    enabled = [service.host for service in found if not service.disabled]
    if not enabled:
        raise exception.ServiceNotFound(service_id=VOLUME, host=host)
    totals = host_totals.of(enabled[0])
    whole = host_totals.Total(
        "(total)",
        sum(total.volumes for total in totals),
        sum(total.gigabytes for total in totals),
        sum(total.snapshots for total in totals),
        sum(total.snapshot_gigabytes for total in totals),
    )
    return {"host": [_resource(host, total) for total in (whole, *totals)]}


def update(request: Request, body: dict[str, Any], host: str) -> dict[str, Any]:
    """Let the scheduler use the services of a host, or not.

    :raises HostNotFound: no service that is enabled has this name
    """
    mine = [service for service in _listed(request) if service.host == host]
    if not mine:
        raise exception.HostNotFound(host=host)
    wanted = None
    for key, value in body.items():
        if key.lower().strip() != "status":
            raise faults.BadRequest(f"Invalid update setting: '{key}'")
        wanted = str(value).lower().strip()
        if wanted not in ("enable", "disable"):
            raise faults.BadRequest(f"Invalid status: '{value}'")
    if wanted is None:
        return {}
    for service in mine:
        deps.volume_api().set_service_disabled(
            request.context, host, service.binary, disabled=wanted == "disable"
        )
    return {"host": host, "status": f"{wanted}d"}


def _resource(host: str, total: host_totals.Total) -> dict[str, Any]:
    return {
        "resource": {
            "host": host,
            "project": total.project_id,
            "volume_count": str(total.volumes),
            "total_volume_gb": str(total.gigabytes),
            "snapshot_count": str(total.snapshots),
            "total_snapshot_gb": str(total.snapshot_gigabytes),
        }
    }
