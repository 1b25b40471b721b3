# SPDX-License-Identifier: Apache-2.0
"""What calls about quotas, services, hosts, clusters, backups and messages answer."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.answers.shape import (
    BOOLEAN,
    COUNT,
    INTEGER,
    LIMIT,
    LINKS,
    OBJECT,
    TEXT,
    TEXT_OR_NULL,
    TIME,
    TIME_OR_NULL,
    UUID,
    Shape,
    array,
    either,
    holding,
    one_of,
    page,
    since,
    sometimes,
)
from cinder_lite.api.v3 import capabilities, limits
from cinder_lite.db import quotas

_UP = one_of("up", "down")
_ENABLED = one_of("enabled", "disabled")

# --- services, hosts, zones, pools -----------------------------------------------------------

_SERVICE = Shape(
    "service",
    {
        "binary": TEXT,
        "host": TEXT,
        "zone": TEXT_OR_NULL,
        "status": _ENABLED,
        "state": _UP,
        "updated_at": TIME_OR_NULL,
        "cluster": since(7, TEXT_OR_NULL),
        "disabled_reason": TEXT_OR_NULL,
        # The others have only volume services.
        "backend_state": sometimes(_UP, 49),
        "replication_status": sometimes(TEXT_OR_NULL),
        "active_backend_id": sometimes(TEXT_OR_NULL),
        "frozen": sometimes(BOOLEAN),
    },
)
_SERVICE_CHANGE: dict[str, Any] = {
    "host": TEXT,
    "service": TEXT,
    "binary": TEXT,
    "status": _ENABLED,
    "disabled": BOOLEAN,
}
_SERVICE_CHANGED = Shape("service-changed", _SERVICE_CHANGE)
_LOG_LEVELS = Shape(
    "log-levels",
    {
        "binary": TEXT,
        "host": TEXT,
        "levels": {"type": "object", "additionalProperties": TEXT},
    },
)
_HOST = Shape(
    "host",
    {
        "host_name": TEXT,
        "service": TEXT,
        "zone": TEXT_OR_NULL,
        "service-status": one_of("available", "unavailable"),
        "service-state": _ENABLED,
        "last-update": TIME_OR_NULL,
    },
)
_NUMBER: dict[str, Any] = {"type": "string", "pattern": "^[0-9]+$"}
_RESOURCE = Shape(
    "host-resource",
    {
        "host": TEXT,
        "project": TEXT,
        "volume_count": _NUMBER,
        "total_volume_gb": _NUMBER,
        "snapshot_count": _NUMBER,
        "total_snapshot_gb": _NUMBER,
    },
)
_ZONE = Shape("availability-zone", {"zoneName": TEXT, "zoneState": holding("available", BOOLEAN)})
_POOL = Shape("pool", {"name": TEXT, "capabilities": sometimes(OBJECT)})
_CAPABILITIES = Shape(
    "capabilities",
    {
        "namespace": TEXT,
        **dict.fromkeys(
            capabilities.FIELDS,
            TEXT_OR_NULL,
        ),
        "replication_targets": array({}),
        "properties": {"type": ["object", "null"]},
    },
)
_CLEANED = Shape(
    "service-told", {"id": INTEGER, "host": TEXT, "binary": TEXT, "cluster_name": TEXT_OR_NULL}
)

# --- quotas ----------------------------------------------------------------------------------

_RESOURCES = (*quotas.RESOURCES, quotas.PER_VOLUME)
_USAGE = Shape("quota-usage", {"limit": LIMIT, "in_use": COUNT, "reserved": COUNT})


def _quotas(name: str, of_each: Any, *, with_id: bool) -> Any:
    """Return the schema of limits: of the resources that there are and, besides, of each type."""
    return {
        "title": name,
        "type": "object",
        "required": [*_RESOURCES, *(["id"] if with_id else [])],
        "properties": {"id": TEXT} if with_id else {},
        "additionalProperties": of_each,
    }


_OF_PROJECT = either(
    _quotas("limits", LIMIT, with_id=True),
    _quotas("limits and usage", _USAGE, with_id=True),
)
_LIMITS = Shape(
    "limits",
    {
        "rate": array({}),
        "absolute": Shape(
            "absolute-limits",
            {
                **dict.fromkeys(limits.MOST, LIMIT),
                **dict.fromkeys(limits.USED, sometimes(COUNT)),
            },
        ),
    },
)

# --- the rest --------------------------------------------------------------------------------

_MESSAGE = Shape(
    "message",
    {
        "id": UUID,
        "event_id": TEXT,
        "user_message": TEXT,
        "message_level": TEXT,
        "created_at": TIME,
        "guaranteed_until": TIME_OR_NULL,
        "request_id": TEXT_OR_NULL,
        "links": LINKS,
        "resource_type": sometimes(TEXT),
        "resource_uuid": sometimes(TEXT),
    },
)
_EXTENSION = Shape(
    "extension",
    {"name": TEXT, "alias": TEXT, "description": TEXT, "updated": TEXT, "links": array({})},
)
_FILTERS = Shape("resource-filters", {"resource": TEXT, "filters": array(TEXT)})

_QUOTAS = "/os-quota-sets/{project_id}"
_CLASS = "/os-quota-class-sets/{name}"

ANSWERS: dict[tuple[str, str], Any] = {
    ("GET", "/limits"): holding("limits", _LIMITS),
    ("GET", _QUOTAS): holding("quota_set", _OF_PROJECT),
    ("PUT", _QUOTAS): holding("quota_set", _quotas("limits", LIMIT, with_id=False)),
    ("GET", f"{_QUOTAS}/defaults"): holding("quota_set", _quotas("limits", LIMIT, with_id=True)),
    ("GET", _CLASS): holding("quota_class_set", _quotas("limits", LIMIT, with_id=True)),
    ("PUT", _CLASS): holding("quota_class_set", _quotas("limits", LIMIT, with_id=False)),
    ("GET", "/os-services"): holding("services", array(_SERVICE)),
    ("PUT", "/os-services/enable"): _SERVICE_CHANGED,
    ("PUT", "/os-services/disable"): _SERVICE_CHANGED,
    ("PUT", "/os-services/disable-log-reason"): Shape(
        "service-disabled", {**_SERVICE_CHANGE, "disabled_reason": TEXT}
    ),
    ("PUT", "/os-services/get-log"): holding("log_levels", array(_LOG_LEVELS)),
    ("GET", "/os-availability-zone"): holding("availabilityZoneInfo", array(_ZONE)),
    ("GET", "/os-hosts"): holding("hosts", array(_HOST)),
    ("GET", "/os-hosts/{host}"): holding("host", array(holding("resource", _RESOURCE))),
    ("PUT", "/os-hosts/{host}"): either(
        Shape("host-changed", {"host": TEXT, "status": _ENABLED}), Shape("", {})
    ),
    ("GET", "/scheduler-stats/get_pools"): holding("pools", array(_POOL)),
    ("GET", "/capabilities/{host}"): _CAPABILITIES,
    # This service has no clusters and no backups.
    ("GET", "/clusters"): holding("clusters", {"type": "array", "maxItems": 0}),
    ("GET", "/clusters/detail"): holding("clusters", {"type": "array", "maxItems": 0}),
    ("GET", "/backups"): page("backups", False, counted=True),
    ("GET", "/backups/detail"): page("backups", False, counted=True),
    ("POST", "/workers/cleanup"): Shape(
        "", {"cleaning": array(_CLEANED), "unavailable": array(_CLEANED)}
    ),
    ("GET", "/messages"): page("messages", _MESSAGE, "messages_links"),
    ("GET", "/messages/{message_id}"): holding("message", _MESSAGE),
    ("GET", "/extensions"): holding("extensions", array(_EXTENSION)),
    ("GET", "/extensions/{alias}"): holding("extension", _EXTENSION),
    ("GET", "/resource_filters"): holding("resource_filters", array(_FILTERS)),
    ("GET", "/openapi"): {
        "type": "object",
        "required": ["openapi", "info", "paths", "components"],
        "properties": {"openapi": TEXT, "info": OBJECT, "paths": OBJECT, "components": OBJECT},
    },
}
