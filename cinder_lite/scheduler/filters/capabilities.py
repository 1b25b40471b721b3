# SPDX-License-Identifier: Apache-2.0
"""Give a volume only backends that can do what its type asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cinder_lite.scheduler.filters import BaseHostFilter, FilterProperties, extra_specs_ops
from cinder_lite.scheduler.host_state import HostState, protocol_variants

SCOPE = "capabilities"

_MISSING = object()


class CapabilitiesFilter(BaseHostFilter):
    """Refuse pools whose capabilities do not meet the type's extra specs.

    Keys without a scope and keys of the scope ``capabilities:`` count; further colons go into
    nested capabilities. Keys of other scopes are for drivers and are passed over.
    """

    def refusal(self, host_state: HostState, filter_properties: FilterProperties) -> str | None:
        """Return a sentence why a pool may not take the volume, None where it may."""
        wanted = (filter_properties.get("resource_type") or {}).get("extra_specs") or {}
        for key, requirement in wanted.items():
            path = _path(key)
            if not path:
                continue
            value = _look_up(host_state.capabilities, path)
            if value is _MISSING:
                return f"the volume type asks for {key}={requirement}, which it does not report"
            values = value if isinstance(value, list) else [value]
            if path == ["storage_protocol"]:
                values = [name for one in values for name in protocol_variants(one)]
            if not any(extra_specs_ops.match(one, requirement) for one in values):
                return f"the volume type asks for {key}={requirement}, it reports {value!r}"
        return None


def _path(key: str) -> list[str]:
    """Return the nested names that an extra spec's key stands for; none for a foreign scope."""
    scope, *rest = key.split(":")
    if not rest:
        return [scope]
    return rest if scope == SCOPE else []


def _look_up(capabilities: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = capabilities
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return _MISSING
        value = value[name]
    return value
