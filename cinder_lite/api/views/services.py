# SPDX-License-Identifier: Apache-2.0
"""What a service looks like in answers."""

from __future__ import annotations

import datetime
from typing import Any

from cinder_lite.api.views import common
from cinder_lite.db.services import VOLUME
from cinder_lite.objects import Service

_CLUSTERS = 7
_BACKEND_STATE = 49


def show(service: Service, minor: int) -> dict[str, Any]:
    """Return a service as GET /os-services lists it."""
    is_volume = service.binary == VOLUME
    state = "up" if service.is_up else "down"
    answer: dict[str, Any] = {
        "binary": service.binary,
        "host": service.host,
        "zone": service.availability_zone,
        "status": "disabled" if service.disabled else "enabled",
        "state": state,
        "updated_at": common.time(_changed(service)),
    }
    if is_volume and minor >= _BACKEND_STATE:
        answer["backend_state"] = state
    if minor >= _CLUSTERS:
        answer["cluster"] = service.cluster_name
    answer["disabled_reason"] = service.disabled_reason
    if is_volume:
        answer["replication_status"] = service.replication_status
        answer["active_backend_id"] = service.active_backend_id
        answer["frozen"] = service.frozen
    return answer


def _changed(service: Service) -> datetime.datetime | None:
    """Return when a service was heard of, or changed by somebody if that was later."""
    times = [time for time in (service.updated_at, service.modified_at) if time is not None]
    return max(times, default=None)


def host(service: Service) -> dict[str, Any]:
    """Return a service as GET /os-hosts lists it."""
    return {
        "host_name": service.host,
        "service": service.binary,
        "zone": service.availability_zone,
        "service-status": "available" if service.is_up else "unavailable",
        "service-state": "disabled" if service.disabled else "enabled",
        "last-update": common.time(service.updated_at),
    }
