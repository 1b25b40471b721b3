# SPDX-License-Identifier: Apache-2.0
"""Refuses a body that says it is too large before anything of it is read.

A body without a length is measured where it is read (`cinder_lite.api.request.read_body`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from oslo_config import cfg

from cinder_lite.api import faults, reply

CONF = cfg.CONF
Application = Callable[..., Iterable[bytes]]


def filter_factory(_global_conf: dict[str, str], **_local: str) -> Callable[..., Application]:
    """Return the filter, for PasteDeploy."""

    def wrap(application: Application) -> Application:
        def run(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            length = environ.get("CONTENT_LENGTH")
            if length and length.isdigit():
                most = int(CONF.osapi_max_request_body_size)
                if len(length) > 18 or int(length) > most:  # noqa: PLR2004 - no number that long
                    refusal = reply.fault(environ, faults.BodyTooLarge(limit=most))
                    return reply.send(environ, start_response, refusal)
            return application(environ, start_response)

        return run

    return wrap
