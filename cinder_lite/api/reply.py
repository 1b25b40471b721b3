# SPDX-License-Identifier: Apache-2.0
"""How every answer of the API is sent: its length, its request id, its microversion."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from cinder_lite.api import faults
from cinder_lite.api.microversions import Version

Answer = tuple[int, bytes, list[tuple[str, str]]]
"""Status, body and headers."""

REQUEST_ID = "openstack.request_id"
"""Key of the request's id in the WSGI environment."""
JSON = ("Content-Type", "application/json")


def request_id(environ: dict[str, Any]) -> str:
    """Return the request's id, which it gets here where no filter has given it one."""
    found: str | None = environ.get(REQUEST_ID)
    if found is None:
        found = environ[REQUEST_ID] = f"req-{uuid.uuid4()}"
    return found


def fault(environ: dict[str, Any], error: Exception) -> Answer:
    """Return the answer to a request that has failed."""
    status, body, headers = faults.answer(error, request_id(environ))
    return status, body, [*headers, JSON]


def send(
    environ: dict[str, Any],
    start_response: Callable[..., Any],
    answer: Answer,
    version: Version | None = None,
) -> list[bytes]:
    """Send an answer, without its body where a HEAD asks for none.

    :param version: the microversion that was served; None: none has been read yet
    """
    status, body, headers = answer
    headers += [("Content-Length", str(len(body))), ("x-compute-request-id", request_id(environ))]
    if version is not None:
        headers.extend(version.headers)
    start_response(faults.REASONS[status], headers)
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]
