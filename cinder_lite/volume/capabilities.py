# SPDX-License-Identifier: Apache-2.0
"""What a backend can do, as GET /capabilities/{host} tells: names and shape are Cinder's."""

from __future__ import annotations

from typing import Any

from cinder_lite.volume.backend import Backend

_PROPERTIES = {
    "thin_provisioning": ("Thin Provisioning", "Volumes take room as they are written."),
    "compression": ("Compression", "Data is compressed."),
    "qos": ("QoS", "Limits of a type are kept."),
    "replication_enabled": ("Replication", "Volumes are replicated."),
}
"""Titles and descriptions of the extra specs that a type may use, by name."""

_FIELDS = (
    "vendor_name",
    "volume_backend_name",
    "driver_version",
    "storage_protocol",
    "pool_name",
    "display_name",
    "description",
    "visibility",
)


def describe(backend: Backend) -> dict[str, Any]:
    """Return what a backend can do, without asking its storage anew."""
    stats = backend.driver.get_volume_stats(refresh=False)
    return {
        **{name: stats.get(name) for name in _FIELDS},
        "replication_targets": [],
        "properties": {
            name: {"title": title, "description": description, "type": "boolean"}
            for name, (title, description) in _PROPERTIES.items()
        },
    }
