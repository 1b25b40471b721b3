# SPDX-License-Identifier: Apache-2.0
"""One request as the handlers see it: nothing is parsed before somebody asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import webob
from oslo_config import cfg

from cinder_lite.api import faults
from cinder_lite.api.microversions import Version
from cinder_lite.context import RequestContext

CONF = cfg.CONF

MEDIA_TYPES = ("application/json", "application/vnd.openstack.volume+json")


class Request(webob.BaseRequest):
    """A request to one of the routes.

    :param environ: the WSGI environment
    :param context: who asks
    :param version: the microversion asked for
    :param url_project: the project in the URL, None where it has none

    A handler sets ``answer_status`` where its good answer has another one than its route says, and
    ``answer_headers`` where it has further ones.
    """

    def __init__(
        self,
        environ: dict[str, Any],
        context: RequestContext,
        version: Version,
        url_project: str | None,
    ) -> None:
        super().__init__(environ)
        self.context = context
        self.version = version
        self.minor = version.minor
        self.url_project = url_project
        self.answer_status: int | None = None
        self.answer_headers: Sequence[tuple[str, str]] = ()
        self._query: dict[str, str] | None = None
        self._links: tuple[str, str] | None = None

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters; of one that is given twice, the last.

        :raises BadRequest: it is not UTF-8 or holds a NUL character, which no database stores
        """
        if self._query is None:
            self._query = self._decoded_query() if self.query_string else {}
        return self._query

    def _decoded_query(self) -> dict[str, str]:
        try:
            query = dict(self.GET.items())
        except (UnicodeDecodeError, ValueError):
            raise faults.BadRequest("The query of the URL can not be decoded as UTF-8.") from None
        if any("\0" in word for item in query.items() for word in item):
            raise faults.BadRequest("The query of the URL holds a NUL character.")
        return query

    @property
    def links(self) -> tuple[str, str]:
        """The beginnings of self links and of bookmark links, ending in a slash.

        The project is in them if it is in the request's URL.
        """
        if self._links is None:
            base = base_url(self)
            project = f"/{self.url_project}/" if self.url_project else "/"
            self._links = (f"{base}/v3{project}", f"{base}{project}")
        return self._links

    @property
    def has_body(self) -> bool:
        """True where the request says that it carries a body."""
        return bool(self.content_length) or "HTTP_TRANSFER_ENCODING" in self.environ

    def document(self) -> Any:
        """Return the decoded body.

        :raises BadRequest: there is none, or it is not JSON
        :raises UnsupportedMediaType: it is of another type
        :raises BodyTooLarge: it is longer than osapi_max_request_body_size
        """
        body = read_body(self.environ)
        if not body:
            raise faults.BadRequest("The request needs a body in JSON and has none.")
        if self.content_type not in MEDIA_TYPES:
            raise faults.UnsupportedMediaType()
        try:
            decoded = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise faults.BadRequest("Malformed request body: it is not JSON in UTF-8.") from None
        if b"\\u0000" in body:
            raise faults.BadRequest("Malformed request body: it holds a NUL character.")
        return decoded


def base_url(request: webob.BaseRequest) -> str:
    """Return the URL under which the caller sees the API, without a slash at the end."""
    if CONF.public_endpoint:
        return str(CONF.public_endpoint).rstrip("/")
    return f"{request.host_url}{request.script_name}"


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
