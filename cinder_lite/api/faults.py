# SPDX-License-Identifier: Apache-2.0
"""Errors as answers: Cinder's JSON shape, a sentence, the request id; never a traceback."""

from __future__ import annotations

import orjson
from oslo_log import log as logging

from cinder_lite import exception

LOG = logging.getLogger(__name__)

NAMES = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    415: "badMediaType",
    429: "overLimit",
    501: "notImplemented",
    503: "serviceUnavailable",
}
"""Key of the fault's JSON object by status; every other status is a computeFault."""

REASONS = {
    200: "200 OK",
    202: "202 Accepted",
    204: "204 No Content",
    300: "300 Multiple Choices",
    400: "400 Bad Request",
    401: "401 Unauthorized",
    403: "403 Forbidden",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    406: "406 Not Acceptable",
    409: "409 Conflict",
    412: "412 Precondition Failed",
    413: "413 Request Entity Too Large",
    415: "415 Unsupported Media Type",
    500: "500 Internal Server Error",
    501: "501 Not Implemented",
    503: "503 Service Unavailable",
}
"""Status lines of every status that the API answers."""

_UNEXPECTED = (
    "The server failed in a way that it was not made for. Its log tells more under the request "
    "id {request_id}."
)


class Conflict(exception.CinderLiteException):
    """The request names several things where it must name one."""

    code = 409
    safe = True
    message = "The request conflicts with what there is."


class BadRequest(exception.CinderLiteException):
    """The request can not be understood or carries a wrong value."""

    code = 400
    safe = True
    message = "The request can not be understood."


class RouteNotFound(exception.CinderLiteException):
    """No such URL, or not with this method, or not at this microversion."""

    code = 404
    safe = True
    message = "The resource could not be found."


class NotAcceptable(exception.CinderLiteException):
    """The microversion is none of ours."""

    code = 406
    safe = True
    message = (
        "Version %(version)s is not supported by the API. Minimum is %(least)s and maximum is "
        "%(most)s."
    )


class BodyTooLarge(exception.CinderLiteException):
    """The body is larger than osapi_max_request_body_size."""

    code = 413
    safe = True
    message = "The request body is larger than %(limit)d bytes, which is the most accepted."


class UnsupportedMediaType(exception.CinderLiteException):
    """The body is not JSON by its Content-Type."""

    code = 415
    safe = True
    message = "Unsupported Content-Type: send the body as application/json."


def render(status: int, sentence: str, retry_after: str | None = None) -> bytes:
    """Return a fault's body."""
    fault: dict[str, object] = {"code": status, "message": sentence}
    if retry_after is not None:
        fault["retryAfter"] = retry_after
    return orjson.dumps({NAMES.get(status, "computeFault"): fault})


def answer(error: Exception, request_id: str) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Return status, body and further headers for an error.

    What the code did not raise on purpose is logged with its traceback and told only as a 500
    with the request id.
    """
    status, sentence = _classify(error, request_id)
    if isinstance(error, exception.OverQuota):
        told = f"{type(error).__name__}: {sentence}"  # as by Cinder, where clients look for names
        return status, render(status, told, "0"), [("Retry-After", "0")]
    return status, render(status, sentence), []


def _classify(error: Exception, request_id: str) -> tuple[int, str]:
    if isinstance(error, exception.CinderLiteException):
        if error.safe or error.code < 500:
            # An error that crossed an RPC call carries the other side's traceback in its text.
            return error.code, error.msg.partition("\nTraceback (most recent")[0]
    elif (elsewhere := _outage(error)) is not None:
        LOG.error("Request %s: %s (%s)", request_id, elsewhere, error)
        return 503, elsewhere
    LOG.exception("Request %s failed", request_id)
    return 500, _UNEXPECTED.format(request_id=request_id)


def _outage(error: Exception) -> str | None:
    """Return the sentence for an error of a server that we depend on, None for any other."""
    module, name = type(error).__module__, type(error).__name__
    if module.startswith("oslo_messaging") and not name.endswith("_Remote"):
        return "The service that has to answer this request does not answer. Try again later."
    if module.startswith("sqlalchemy") and name in ("OperationalError", "TimeoutError"):
        return "The database does not answer. Try again later."
    return None
