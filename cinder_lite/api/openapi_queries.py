# SPDX-License-Identifier: Apache-2.0
"""What a call's URL may say after the question mark, for the OpenAPI description."""

from __future__ import annotations

from typing import Any

from cinder_lite.api import paging, resource_filters
from cinder_lite.api.router import Route

_LISTS = {
    "volumes": "volume",
    "snapshots": "snapshot",
    "backups": "backup",
    "groups": "group",
    "group_snapshots": "group_snapshot",
    "attachments": "attachment",
    "messages": "message",
    "types": "volume_type",
    "qos-specs": None,
    "group_types": None,
    "volume-transfers": None,
    "consistencygroups": None,
    "cgsnapshots": None,
    "os-volume-manage": None,
    "manageable_volumes": None,
    "os-snapshot-manage": None,
    "manageable_snapshots": None,
}
"""Lists that have pages, and what resource_filters calls what is in them."""
_COUNTED = ("volumes", "snapshots", "backups")
_MANAGEABLE = tuple(name for name in _LISTS if "manage" in name)

_QUERIES: dict[tuple[str, str], tuple[str, ...]] = {
    ("DELETE", "/volumes/{volume_id}"): ("cascade", "force"),
    ("GET", "/volumes/summary"): ("all_tenants",),
    ("GET", "/group_types"): ("is_public",),
    ("GET", "/groups/{group_id}"): ("list_volume",),
    ("GET", "/groups/detail"): ("list_volume",),
    ("GET", "/volume-transfers"): ("all_tenants",),
    ("GET", "/volume-transfers/detail"): ("all_tenants",),
    **{("GET", f"/{path}{end}"): ("host",) for path in _MANAGEABLE for end in ("", "/detail")},
    ("GET", "/limits"): ("project_id", "tenant_id"),
    ("GET", "/os-services"): ("host", "binary"),
    ("GET", "/os-hosts"): ("zone",),
    ("GET", "/os-quota-sets/{project_id}"): ("usage",),
    ("GET", "/scheduler-stats/get_pools"): ("detail", "name", "volume_type"),
    ("GET", "/resource_filters"): ("resource",),
    ("DELETE", "/qos-specs/{specs_id}"): ("force",),
    ("GET", "/qos-specs/{specs_id}/associate"): ("vol_type_id",),
    ("GET", "/qos-specs/{specs_id}/disassociate"): ("vol_type_id",),
    ("GET", "/qos-specs"): ("id", "name", "consumer"),
    ("GET", "/os-volume-migrations"): (
        "volume_id",
        "status",
        "source_host",
        "dest_host",
        "limit",
        "marker",
    ),
}
"""What a call's URL may say besides what pages and filters need."""

# all_tenants is text: what somebody says who is no administrator is not looked at, as in Cinder.
_SCHEMAS: dict[str, dict[str, Any]] = {
    "limit": {"type": "integer", "minimum": 0},
    "offset": {"type": "integer", "minimum": 0, "maximum": paging.MOST_OFFSET},
    "sort_dir": {"type": "string", "enum": ["asc", "desc"]},
    "cascade": {"type": "boolean"},
    "force": {"type": "boolean"},
    "consumes_quota": {"type": "boolean"},
    "detail": {"type": "boolean"},
    "list_volume": {"type": "boolean"},
    "usage": {"type": "boolean"},
    "with_count": {"type": "boolean"},
}
_TEXT: dict[str, Any] = {"type": "string"}
_NAMED: dict[str, Any] = {"type": "string", "minLength": 1}


def parameters(route: Route) -> list[dict[str, Any]]:
    """Return the description of what a route's query may hold."""
    names = list(_QUERIES.get((route.method, route.path), ()))
    words = route.path.strip("/").split("/")
    is_list = route.method == "GET" and words[0] in _LISTS and words[1:] in ([], ["detail"])
    if is_list:
        names += sorted(paging.PARAMETERS)
        names += resource_filters.DEFAULT.get(_LISTS[words[0]] or "", ())
        if words[0] in _COUNTED:
            names += ["all_tenants", "with_count"]
    required = [name for name in names if _is_required(name, words[0])]
    return [
        {"name": name, "in": "query", "required": True, "schema": _NAMED}
        if name in required
        else {"name": name, "in": "query", "schema": _SCHEMAS.get(name, _TEXT)}
        for name in dict.fromkeys(names)
    ]


def _is_required(name: str, resource: str) -> bool:
    return name == "vol_type_id" or (name == "host" and resource in _MANAGEABLE)
