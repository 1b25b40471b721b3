# SPDX-License-Identifier: Apache-2.0
"""/os-services: list services, let the scheduler use them or not."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception
from cinder_lite.api import deps, faults
from cinder_lite.api.request import Request
from cinder_lite.api.views import services as views


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


def not_supported(request: Request, body: dict[str, Any]) -> None:
    """Refuse to freeze, thaw or fail a host over: they are for replicated backends."""
    raise faults.BadRequest(
        "Invalid input received: no backend of this service is replicated, so a host can not be "
        "frozen, thawed or failed over."
    )
