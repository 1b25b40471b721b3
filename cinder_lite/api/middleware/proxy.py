# SPDX-License-Identifier: Apache-2.0
"""Believes X-Forwarded-* headers if [oslo_middleware] enable_proxy_headers_parsing says so.

oslo.middleware does the work. It is left out of the pipeline where it would do nothing, which is
the default: it would cost a tenth of the time of a small request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from oslo_config import cfg

Application = Callable[..., Iterable[bytes]]


def filter_factory(_global_conf: dict[str, str], **_local: str) -> Callable[..., Application]:
    """Return the filter, for PasteDeploy."""

    def wrap(application: Application) -> Application:
        from oslo_middleware import http_proxy_to_wsgi  # noqa: PLC0415 - brings WebOb and more

        parser = http_proxy_to_wsgi.HTTPProxyToWSGI(application, {"oslo_config_project": ""})
        if not cfg.CONF.oslo_middleware.enable_proxy_headers_parsing:
            return application
        return parser  # type: ignore[no-any-return]

    return wrap
