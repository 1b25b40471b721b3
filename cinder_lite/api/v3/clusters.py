# SPDX-License-Identifier: Apache-2.0
"""/clusters: this service has none, and says so to whoever names one."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception
from cinder_lite.api import validation
from cinder_lite.api.request import Request

_REPLICATION = 26
_FILTERS = frozenset({"name", "binary", "is_up", "disabled", "num_hosts", "num_down_hosts"})
_REPLICATION_FILTERS = frozenset({"replication_status", "frozen", "active_backend_id"})


def index(request: Request) -> dict[str, Any]:
    """Return the empty list.

    :raises InvalidInput: the query filters by something that clusters do not have
    """
    known = _FILTERS | (_REPLICATION_FILTERS if request.minor >= _REPLICATION else frozenset())
    unknown = [name for name in request.query if name not in known]
    if unknown:
        raise exception.InvalidInput(reason=f"Invalid filter keys: {', '.join(unknown)}")
    for name in ("disabled", "is_up"):
        if name in request.query:
            validation.boolean(request.query[name], name)
    return {"clusters": []}


def show(request: Request, name: str) -> None:
    """Say that there is no such cluster."""
    raise exception.ClusterNotFound(id=name)


def change(request: Request, body: dict[str, Any]) -> None:
    """Say that there is no such cluster to enable or disable."""
    raise exception.ClusterNotFound(id=body["name"])
