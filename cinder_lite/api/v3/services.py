# SPDX-License-Identifier: Apache-2.0
"""/os-services: list services, let the scheduler use them or not."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception
from cinder_lite.api import deps
from cinder_lite.api.request import Request
from cinder_lite.api.views import services as views
from cinder_lite.volume import services

_CLUSTERS = 26


def index(request: Request) -> dict[str, Any]:
    """Return the services, all or those of one host or binary."""
    query = request.query
    found = deps.volume_api().services(
        request.context, host=query.get("host"), binary=query.get("binary")
    )
    return {"services": [views.show(service, request.minor) for service in found]}


def enable(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Let the scheduler use a service."""
    return _change(request, body, disabled=False)


def disable(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Keep the scheduler from using a service."""
    return _change(request, body, disabled=True)


def disable_log_reason(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Keep the scheduler from using a service, and say why."""
    answer = _change(request, body, disabled=True, reason=body.get("disabled_reason"))
    return {**answer, "disabled_reason": body.get("disabled_reason")}


def _change(
    request: Request, body: dict[str, Any], *, disabled: bool, reason: str | None = None
) -> dict[str, Any]:
    host = body.get("host")
    if not host:
        raise exception.InvalidInput(reason="Host field is missing.")
    binary = body.get("binary", "")
    deps.volume_api().set_service_disabled(
        request.context,
        host,
        binary or body.get("service", ""),
        disabled=disabled,
        reason=reason,
    )
    return {
        "host": host,
        "service": body.get("service", ""),
        "binary": binary,
        "status": "disabled" if disabled else "enabled",
        "disabled": disabled,
    }


def freeze(request: Request, body: dict[str, Any]) -> None:
    """Let the scheduler leave a host alone, until it is thawed."""
    services.change_frozen(_host_or_cluster(request, body), frozen=True)


def thaw(request: Request, body: dict[str, Any]) -> None:
    """Let the scheduler use a frozen host again."""
    services.change_frozen(_host_or_cluster(request, body), frozen=False)


def failover(request: Request, body: dict[str, Any]) -> None:
    """Refuse to fail a host over: no backend of this service is replicated."""
    services.failover(_host_or_cluster(request, body), body.get("backend_id"))


def _host_or_cluster(request: Request, body: dict[str, Any]) -> str:
    """Return the host of a body.

    :raises InvalidInput: it has none, or names a cluster, of which there are none
    """
    host = str(body.get("host") or "")
    cluster = body.get("cluster") if request.minor >= _CLUSTERS else None
    if bool(host) == bool(cluster):
        raise exception.InvalidInput(
            reason="One and only one of cluster and host must be set."
            if request.minor >= _CLUSTERS
            else "Host field is missing."
        )
    if cluster:
        raise exception.InvalidInput(
            reason=f"Cluster {cluster} could not be found: this service has no clusters."
        )
    return host


def set_log(request: Request, body: dict[str, Any]) -> None:
    """Set the levels of loggers in the services that are up."""
    deps.volume_api().administration.set_log_levels(
        request.context,
        body.get("binary"),
        body.get("server"),
        body.get("prefix"),
        body.get("level"),
    )


def get_log(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Return the levels of loggers in the services that are up."""
    found = deps.volume_api().administration.get_log_levels(
        request.context, body.get("binary"), body.get("server"), body.get("prefix")
    )
    return {"log_levels": [levels._asdict() for levels in found]}
