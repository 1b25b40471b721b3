# SPDX-License-Identifier: Apache-2.0
"""The WSGI application of /v3: find the route, check, run the handler, answer.

The order of the checks is Cinder's: route, microversion, project in the URL, content type and
JSON, schema, policy; a handler looks its volume up before it asks for a rule about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson

from cinder_lite import exception, policy
from cinder_lite.api import faults, microversions, reply
from cinder_lite.api.reply import JSON, Answer
from cinder_lite.api.request import Request
from cinder_lite.api.router import Route, Router
from cinder_lite.api.routes import ROUTES

REQUEST_ID = reply.REQUEST_ID
CONTEXT = "cinder_lite.context"
_HTML = ("Content-Type", "text/html; charset=UTF-8")

ROUTER = Router(ROUTES)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one request to /v3; the middleware has put the caller's context into ``environ``."""
    reply.request_id(environ)
    version, refused = microversions.parse(environ.get("HTTP_OPENSTACK_API_VERSION"))
    try:
        answer = _handle(environ, version, refused)
    except Exception as error:  # noqa: BLE001 - every error becomes an answer
        answer = reply.fault(environ, error)
    return reply.send(environ, start_response, answer, version)


def _handle(
    environ: dict[str, Any], version: microversions.Version, refused: Exception | None
) -> Answer:
    method = environ["REQUEST_METHOD"]
    route, project, names = ROUTER.match(method, decoded_path(environ))
    if route is None:
        if method == "OPTIONS":
            return 200, b"", [JSON]
        raise faults.RouteNotFound()
    if refused is not None:
        raise refused
    context = environ[CONTEXT]
    if not (context.project_id or context.is_admin):
        # An unscoped token, or one of a domain: it owns nothing, and no list is of no project.
        raise exception.NotAuthorized("The token is of no project.")
    if project is not None and project != context.project_id:
        raise faults.BadRequest(
            "Malformed request url: the project in it is not the project of the token."
        )
    if version.minor < route.since:
        raise faults.RouteNotFound()
    request = Request(environ, context, version, project)
    if route.body is not None:
        content = request.document()
        route.body.check(content, version.minor)
        if route.policy is not None:
            policy.authorize(context, route.policy)
        answer = route.handler(request, content, **names)
    else:
        if route.policy is not None:
            policy.authorize(context, route.policy)
        answer = route.handler(request, **names)
    return _render(request, route, answer)


def _render(request: Request, route: Route, answer: Any) -> Answer:
    """Return a good answer: nothing, text as it is, or something to write as JSON."""
    status = request.answer_status or route.status
    if answer is None:
        bare = route.method == "DELETE" if route.bare is None else route.bare
        plain = bare or status >= 400  # noqa: PLR2004
        return status, b"", [_HTML if plain else JSON, *request.answer_headers]
    if isinstance(answer, bytes):
        return status, answer, [_HTML, *request.answer_headers]
    return status, orjson.dumps(answer), [JSON, *request.answer_headers]


def decoded_path(environ: dict[str, Any]) -> str:
    """Return the path of the URL.

    :raises RouteNotFound: it is not UTF-8 or holds a NUL character
    """
    path: str = environ.get("PATH_INFO") or "/"
    if path.isascii():
        if "\0" in path:
            raise faults.RouteNotFound()
        return path
    try:
        return path.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        raise faults.RouteNotFound() from None
