# SPDX-License-Identifier: Apache-2.0
"""Gives every request an id of its own and tells it in the answer.

An id that the caller sends (X-OpenStack-Request-ID) is kept for the logs as the global request id.
As the outermost filter it also answers for what the filters behind it raise: logged, and a 500.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from cinder_lite.api import reply

REQUEST_ID = reply.REQUEST_ID
GLOBAL_REQUEST_ID = "openstack.global_request_id"
_GLOBAL_FORM = re.compile(
    r"req-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE
)

Application = Callable[..., Iterable[bytes]]


def filter_factory(_global_conf: dict[str, str], **_local: str) -> Callable[..., Application]:
    """Return the filter, for PasteDeploy."""

    def wrap(application: Application) -> Application:
        def run(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            request_id = f"req-{uuid.uuid4()}"
            environ[REQUEST_ID] = request_id
            sent = environ.get("HTTP_X_OPENSTACK_REQUEST_ID")
            if sent and _GLOBAL_FORM.fullmatch(sent):
                environ[GLOBAL_REQUEST_ID] = sent

            begun = False

            def start(
                status: str, headers: list[tuple[str, str]], exc_info: Any = None
            ) -> Callable[..., Any]:
                nonlocal begun
                begun = True
                headers.append(("x-openstack-request-id", request_id))
                if exc_info is not None:
                    return start_response(status, headers, exc_info)
                return start_response(status, headers)

            try:
                return application(environ, start)
            except Exception as error:
                if begun:
                    raise
                return reply.send(environ, start, reply.fault(environ, error))

        return run

    return wrap
