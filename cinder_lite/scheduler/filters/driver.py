# SPDX-License-Identifier: Apache-2.0
"""Let a backend's own ``filter_function`` decide."""

from __future__ import annotations

from typing import Any

from cinder_lite.scheduler.filters import BaseHostFilter, FilterProperties, expression
from cinder_lite.scheduler.host_state import HostState, protocol_variants

_STATS = (
    "host",
    "cluster_name",
    "backend_id",
    "volume_backend_name",
    "vendor_name",
    "driver_version",
    "storage_protocol",
    "QoS_support",
    "total_capacity_gb",
    "allocated_capacity_gb",
    "free_capacity_gb",
    "reserved_percentage",
)


class DriverFilter(BaseHostFilter):
    """Refuse pools whose ``filter_function`` is false, or can not be worked out.

    The function may name ``stats``, ``capabilities``, ``volume``, ``extra`` and ``qos`` values, as
    in Cinder; :mod:`cinder_lite.scheduler.filters.expression` describes the language.
    """

    def refusal(self, host_state: HostState, filter_properties: FilterProperties) -> str | None:
        """Return a sentence why a pool may not take the volume, None where it may."""
        function = host_state.capabilities.get("filter_function")
        if function is None:
            return None
        function = str(function)
        # Whichever of its names a protocol is compared by, the comparison should hold.
        uses_protocol = "storage_protocol" in function
        protocols = protocol_variants(host_state.storage_protocol) if uses_protocol else (None,)
        try:
            if any(
                expression.evaluate(function, variables(host_state, filter_properties, protocol))
                for protocol in protocols
            ):
                return None
        except expression.ExpressionError as error:
            return f"its filter_function '{function}' can not be worked out: {error}"
        return f"its filter_function '{function}' is false for this volume"


def variables(
    host_state: HostState, filter_properties: FilterProperties, protocol: str | None = None
) -> dict[str, dict[str, Any]]:
    """Return what a backend's function may name, by group.

    :param protocol: the name to use for the pool's storage protocol, None for the reported one
    """
    stats = {name: getattr(host_state, name) for name in _STATS}
    capabilities = dict(host_state.capabilities)
    if protocol is not None:
        stats["storage_protocol"] = capabilities["storage_protocol"] = protocol
    volume_type = filter_properties.get("volume_type") or {}
    spec = filter_properties.get("request_spec") or {}
    return {
        "stats": stats,
        "capabilities": capabilities,
        "extra": volume_type.get("extra_specs") or {},
        "volume": spec.get("volume_properties") or {},
        "qos": filter_properties.get("qos_specs") or {},
    }
