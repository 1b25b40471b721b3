# SPDX-License-Identifier: Apache-2.0
"""oslo.middleware filters that are left out of the pipeline where they would do nothing.

Each of them takes every request apart with WebOb, a tenth of the time of a small request, and by
default neither is switched on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from oslo_config import cfg

CONF = cfg.CONF
Application = Callable[..., Iterable[bytes]]


def http_proxy_to_wsgi(_global_conf: dict[str, str], **_local: str) -> Callable[..., Application]:
    """Return the filter that believes a proxy's headers, for PasteDeploy.

    Switched on by ``[oslo_middleware] enable_proxy_headers_parsing``.
    """

    def wrap(application: Application) -> Application:
        from oslo_middleware import http_proxy_to_wsgi as oslo  # noqa: PLC0415 - brings WebOb

        parser: Any = oslo.HTTPProxyToWSGI(application)
        if CONF.oslo_middleware.enable_proxy_headers_parsing:
            return parser
        return application

    return wrap


def cors(_global_conf: dict[str, str], **_local: str) -> Callable[..., Application]:
    """Return the filter for calls from browsers, for PasteDeploy.

    Switched on by ``[cors] allowed_origin``.
    """

    def wrap(application: Application) -> Application:
        from oslo_middleware import cors as oslo  # noqa: PLC0415 - brings WebOb

        oslo.set_defaults(
            allow_headers=["X-Auth-Token", "Content-Type", "OpenStack-API-Version"],
            expose_headers=["OpenStack-API-Version", "X-OpenStack-Request-ID"],
            allow_methods=["GET", "PUT", "POST", "DELETE"],
        )
        sharing: Any = oslo.CORS(application)
        if CONF.cors.allowed_origin:
            return sharing
        return application

    return wrap
