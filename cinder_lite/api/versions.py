# SPDX-License-Identifier: Apache-2.0
"""The version documents, / and /v3, open to everybody: clients find their way by them.

Cinder keeps /v3 behind authentication and answers discovery without a token with 204 or 401, at
which openstackclient and openstacksdk fail. It also redirects /v3 to /v3/; here both answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson
import webob

from cinder_lite.api import faults, microversions, reply
from cinder_lite.api.request import base_url


def document(environ: dict[str, Any]) -> dict[str, Any]:
    """Return the document of the one version that there is."""
    return {
        "versions": [
            {
                "id": "v3.0",
                "status": "CURRENT",
                "version": f"3.{microversions.MOST}",
                "min_version": f"3.{microversions.LEAST}",
                # The date of Cinder's microversion 3.71, as Cinder itself gives it.
                "updated": "2023-08-31T00:00:00Z",
                "links": [
                    {
                        "rel": "describedby",
                        "type": "text/html",
                        "href": "https://docs.openstack.org/",
                    },
                    {"rel": "self", "href": f"{base_url(webob.BaseRequest(environ))}/v3/"},
                ],
                "media-types": [
                    {
                        "base": "application/json",
                        "type": "application/vnd.openstack.volume+json;version=3",
                    }
                ],
            }
        ]
    }


def status_of(path: str) -> int | None:
    """Return the status with which a path answers the document, None for any other path."""
    shortened = path.rstrip("/")
    if shortened == "":
        return 300
    return 200 if shortened == "/v3" else None


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request to / or /v3 with the document, and to any other path with 404."""
    refused: Exception | None
    version, refused = microversions.parse(environ.get("HTTP_OPENSTACK_API_VERSION"))
    status = status_of(environ.get("PATH_INFO", ""))
    if status is None:
        refused = faults.RouteNotFound()
    if refused is not None:
        answer = reply.fault(environ, refused)
    elif environ["REQUEST_METHOD"] == "OPTIONS":
        answer = (200, b"", [reply.JSON])
    else:
        answer = (status or 200, orjson.dumps(document(environ)), [reply.JSON])
    return reply.send(environ, start_response, answer, version)
