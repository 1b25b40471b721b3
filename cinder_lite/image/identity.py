# SPDX-License-Identifier: Apache-2.0
"""As whom Glance is called: with the token of a request, or as the user of ``[glance]``."""

from __future__ import annotations

import threading
from typing import Any

from oslo_config import cfg

from cinder_lite import exception, service_auth
from cinder_lite.conf import nova as options
from cinder_lite.conf.image import GROUP
from cinder_lite.context import RequestContext

CONF = cfg.CONF

_lock = threading.Lock()
_sessions: dict[str, Any] = {}


def has_user() -> bool:
    """Tell whether ``[glance]`` names a user."""
    return service_auth.has_user(GROUP)


def headers(context: RequestContext, *, own: bool) -> dict[str, str]:
    """Return the headers that say who asks.

    Where ``[service_user] send_service_user_token`` is set, a service token goes with the token of
    a request: Glance then takes a token that has run out during a long transfer.

    :param own: ask as the user of ``[glance]``
    :raises GlanceConnectionFailed: Keystone gives that user no token
    """
    found = {"X-Auth-Token": _token(GROUP) if own else context.auth_token or ""}
    if not own and context.auth_token and CONF.service_user.send_service_user_token:
        found["X-Service-Token"] = _token(options.SERVICE_USER)
    if context.request_id:
        found["X-OpenStack-Request-ID"] = context.global_request_id or context.request_id
    return {name: value for name, value in found.items() if value}


def endpoint(context: RequestContext, *, own: bool) -> str | None:
    """Return Glance's URL in the catalogue of who asks, None where it is not in there."""
    kind, name, interface = (CONF.glance_catalog_info.split(":") + ["", ""])[:3]
    if own:
        found: str | None = _asked(
            GROUP,
            lambda session: session.get_endpoint(
                service_type=kind,
                service_name=name or None,
                interface=interface.removesuffix("URL"),
                region_name=CONF.glance.region_name,
            ),
        )
        return found
    for service in context.service_catalog:
        if service.get("type") == kind and service.get("name", name) == name:
            for one in service.get("endpoints", ()):
                if one.get(interface):
                    return str(one[interface])
    return None


def forget() -> None:
    """Forget the sessions: after a reload of the options, and in tests."""
    with _lock:
        _sessions.clear()


def _token(group: str) -> str:
    return str(_asked(group, lambda session: session.get_token()))


def _asked(group: str, ask: Any) -> Any:
    """Ask Keystone something as the user of a section."""
    from keystoneauth1 import exceptions

    try:
        return ask(_session(group))
    except exceptions.ClientException as error:
        raise exception.GlanceConnectionFailed(
            reason=f"Keystone does not serve the user of section [{group}]: {error}"
        ) from error


def _session(group: str) -> Any:
    plugin = service_auth.of_section(group)
    with _lock:
        if group not in _sessions:
            from keystoneauth1 import loading

            _sessions[group] = loading.load_session_from_conf_options(CONF, group, auth=plugin)
        return _sessions[group]
