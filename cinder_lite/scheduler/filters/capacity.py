# SPDX-License-Identifier: Apache-2.0
"""Keep a volume off backends that have no room for it."""

from __future__ import annotations

from cinder_lite.scheduler import capacity
from cinder_lite.scheduler.filters import BaseHostFilter, FilterProperties
from cinder_lite.scheduler.host_state import HostState


class CapacityFilter(BaseHostFilter):
    """Refuse pools whose capacity would be exceeded.

    Differs from Cinder 29 where that would fill storage to the brim: the reserved part is taken off
    what is physically free, and a thin pool with nothing free beyond it takes no more volumes.
    """

    def refusal(self, host_state: HostState, filter_properties: FilterProperties) -> str | None:
        """Return a sentence why a pool may not take the volume, None where it may."""
        size = requested_size(filter_properties)
        if host_state.host == filter_properties.get("vol_exists_on") or not size:
            return None
        free, total = host_state.free_capacity_gb, host_state.total_capacity_gb
        if free is None:
            return "it has not reported its free capacity"
        if isinstance(free, str):
            # Nobody can tell; if the backend is full after all, the next one is tried.
            return None
        if not isinstance(total, float):
            return self._unknown_total(host_state)
        if total <= 0:
            return f"its total capacity is {total:g} GiB"
        thin = capacity.wants_thin(filter_properties) and host_state.thin_provisioning_support
        if thin and host_state.max_over_subscription_ratio < 1:
            return (
                f"its max_over_subscription_ratio is {host_state.max_over_subscription_ratio:g}; "
                "it must be at least 1"
            )
        room = host_state.room(thin=thin)
        return self._compare(host_state, room, size) if room is not None else None

    @staticmethod
    def _unknown_total(host_state: HostState) -> str | None:
        if not host_state.reserved_percentage:
            return None
        return (
            f"it reports its total capacity as {host_state.total_capacity_gb}, so the reserved "
            f"{host_state.reserved_percentage:g} % can not be kept free"
        )

    @staticmethod
    def _compare(host_state: HostState, room: capacity.Room, size: float) -> str | None:
        reserved = f", {room.reserved:g} GiB of them reserved" if room.reserved else ""
        if room.thin and room.physical <= 0:
            return (
                f"its storage is full: {host_state.free_capacity_gb:.2f} of {room.total:.2f} GiB "
                f"are free{reserved}"
            )
        if room.virtual >= size:
            return None
        asked = f"{size:g} GiB are asked for, but {max(room.virtual, 0):.2f} GiB are left"
        provisioned = f"{host_state.provisioned_capacity_gb:.2f} GiB are provisioned"
        if room.thin:
            return (
                f"{asked}: {provisioned} of {room.total:.2f} GiB{reserved}, which may be given "
                f"out {host_state.max_over_subscription_ratio:g} times"
            )
        return (
            f"{asked}: {provisioned} and {host_state.free_capacity_gb:.2f} GiB are free of "
            f"{room.total:.2f} GiB{reserved}"
        )


def requested_size(filter_properties: FilterProperties) -> float:
    """Return how many GiB the request needs; 0 when it takes nothing new."""
    size = float(filter_properties.get("size") or 0)
    new_size = filter_properties.get("new_size")
    return float(new_size) - size if new_size else size
