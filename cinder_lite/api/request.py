# SPDX-License-Identifier: Apache-2.0
"""One request as the handlers see it: nothing is parsed before somebody asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import orjson
from oslo_config import cfg

from cinder_lite.api import faults
from cinder_lite.api.microversions import Version
from cinder_lite.context import RequestContext

CONF = cfg.CONF

MEDIA_TYPES = ("application/json", "application/vnd.openstack.volume+json")


class Request:
    """A request to one of the routes.

    :param environ: the WSGI environment
    :param context: who asks
    :param version: the microversion asked for
    :param url_project: the project in the URL, None where it has none

    A handler sets ``status`` where its good answer has another one than its route says, and
    ``headers`` where it has further ones.
    """

    __slots__ = (
        "_links",
        "_query",
        "context",
        "environ",
        "headers",
        "status",
        "url_project",
        "version",
    )

    def __init__(
        self,
        environ: dict[str, Any],
        context: RequestContext,
        version: Version,
        url_project: str | None,
    ) -> None:
        self.environ = environ
        self.context = context
        self.version = version
        self.url_project = url_project
        self.status: int | None = None
        self.headers: Sequence[tuple[str, str]] = ()
        self._query: dict[str, str] | None = None
        self._links: tuple[str, str] | None = None

    @property
    def minor(self) -> int:
        """The minor version of the microversion."""
        return self.version.minor

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters; of one that is given twice, the last.

        :raises BadRequest: it is not UTF-8
        """
        if self._query is None:
            self._query = parse_query(self.environ.get("QUERY_STRING") or "")
        return self._query

    @property
    def links(self) -> tuple[str, str]:
        """The beginnings of self links and of bookmark links, ending in a slash.

        The project is in them if it is in the request's URL.
        """
        if self._links is None:
            base = base_url(self.environ)
            project = f"/{self.url_project}/" if self.url_project else "/"
            self._links = (f"{base}/v3{project}", f"{base}{project}")
        return self._links

    @property
    def has_body(self) -> bool:
        """True where the request says that it carries a body."""
        return self.environ.get("CONTENT_LENGTH") not in (None, "", "0") or (
            "HTTP_TRANSFER_ENCODING" in self.environ
        )

    def json(self) -> Any:
        """Return the decoded body.

        :raises BadRequest: there is none, or it is not JSON
        :raises UnsupportedMediaType: it is of another type
        :raises BodyTooLarge: it is longer than osapi_max_request_body_size
        """
        return read_json(self.environ)


def base_url(environ: Mapping[str, Any]) -> str:
    """Return the URL under which the caller sees the API, without a slash at the end."""
    if CONF.public_endpoint:
        return str(CONF.public_endpoint).rstrip("/")
    host = environ.get("HTTP_HOST")
    if not host:
        host = f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return f"{environ['wsgi.url_scheme']}://{host}{environ.get('SCRIPT_NAME', '')}"


def parse_query(text: str) -> dict[str, str]:
    """Return the parameters of a query string.

    :raises BadRequest: it is not UTF-8 or holds a NUL character, which no database stores
    """
    if not text:
        return {}
    try:
        query = dict(parse_qsl(text, keep_blank_values=True, errors="strict"))
    except (UnicodeDecodeError, ValueError):
        raise faults.BadRequest("The query of the URL can not be decoded as UTF-8.") from None
    if "%00" in text and any("\0" in word for item in query.items() for word in item):
        raise faults.BadRequest("The query of the URL holds a NUL character.")
    return query


def read_json(environ: dict[str, Any]) -> Any:
    """Return the decoded body of a request; see :meth:`Request.json`."""
    body = read_body(environ)
    if not body:
        raise faults.BadRequest("The request needs a body in JSON and has none.")
    media_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip()
    if media_type not in MEDIA_TYPES:
        raise faults.UnsupportedMediaType()
    try:
        decoded = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise faults.BadRequest("Malformed request body: it is not JSON in UTF-8.") from None
    if b"\\u0000" in body:
        raise faults.BadRequest("Malformed request body: it holds a NUL character.")
    return decoded


def read_body(environ: dict[str, Any]) -> bytes:
    """Return the body as it came.

    :raises BodyTooLarge: it is longer than osapi_max_request_body_size
    """
    most = int(CONF.osapi_max_request_body_size)
    given = environ.get("CONTENT_LENGTH")
    if not given:
        if "HTTP_TRANSFER_ENCODING" not in environ:
            return b""
        length = most + 1
    else:
        try:
            length = int(given)
        except ValueError:
            raise faults.BadRequest("The header Content-Length must be a number.") from None
    if length > most and given:
        raise faults.BodyTooLarge(limit=most)
    body: bytes = environ["wsgi.input"].read(length)
    if len(body) > most:
        raise faults.BodyTooLarge(limit=most)
    return body
