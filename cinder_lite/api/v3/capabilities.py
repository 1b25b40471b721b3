# SPDX-License-Identifier: Apache-2.0
"""/capabilities/{host}: what a backend can do, asked of its volume service."""

from __future__ import annotations

from typing import Any

from cinder_lite.api import deps
from cinder_lite.api.request import Request

FIELDS = (
    "vendor_name",
    "volume_backend_name",
    "pool_name",
    "driver_version",
    "storage_protocol",
    "display_name",
    "description",
    "visibility",
)
"""What is told as the backend reports it, null where it does not."""


def show(request: Request, host: str) -> dict[str, Any]:
    """Return what a backend can do; of a node with several backends, the first."""
    name, found = deps.volume_api().administration.capabilities(request.context, host)
    protocol = found.get("storage_protocol")
    if isinstance(protocol, list):
        # Names of one protocol, the preferred one first.
        found = {**found, "storage_protocol": protocol[0] if protocol else None}
    return {
        "namespace": f"OS::Storage::Capabilities::{name}",
        **{field: found.get(field) for field in FIELDS},
        "replication_targets": found.get("replication_targets", []),
        "properties": found.get("properties"),
    }
