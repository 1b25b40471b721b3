# SPDX-License-Identifier: Apache-2.0
"""Keep a volume in its availability zone."""

from __future__ import annotations

from cinder_lite.scheduler.filters import BaseHostFilter, FilterProperties
from cinder_lite.scheduler.host_state import HostState


class AvailabilityZoneFilter(BaseHostFilter):
    """Refuse backends of other zones than the volume's.

    ``availability_zones`` of the request (what a type allows) goes before the volume's own zone;
    without either, every zone will do.
    """

    def refusal(self, host_state: HostState, filter_properties: FilterProperties) -> str | None:
        """Return a sentence why a pool may not take the volume, None where it may."""
        spec = filter_properties.get("request_spec") or {}
        zone = host_state.service.get("availability_zone")
        allowed = spec.get("availability_zones")
        if allowed:
            if zone in allowed:
                return None
            return f"it is in availability zone {zone}, the volume may be in {', '.join(allowed)}"
        wanted = filter_properties.get("availability_zone")
        if not wanted or wanted == zone:
            return None
        return f"it is in availability zone {zone}, the volume in {wanted}"
