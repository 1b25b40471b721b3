# SPDX-License-Identifier: Apache-2.0
"""The API called as a WSGI application, and what stands in for the services behind it."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Callable, Iterable
from typing import Any

from tests.unit.api import conformance

PROJECT = "aaaabbbbccccddddeeeeffff00001111"
OTHER_PROJECT = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
ADMIN = f"admin:{PROJECT}"
MEMBER = f"demo:{PROJECT}"
STRANGER = f"eve:{OTHER_PROJECT}"
HOST = "127.0.0.1:8776"
NOBODY = "00000000-0000-0000-0000-00000000dead"


@dataclasses.dataclass
class Answer:
    """One answer."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        """The decoded body."""
        return json.loads(self.raw)

    @property
    def sentence(self) -> str:
        """The message of the fault that this answer is."""
        (fault,) = self.json.values()
        assert fault["code"] == self.status
        return str(fault["message"])


class Client:
    """Sends requests to the application.

    :param application: what load_app returned
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        version: str | None = "3.71",
        token: str | None = ADMIN,
        raw: bytes | None = None,
        content_type: str | None = "application/json",
        environ: dict[str, Any] | None = None,
    ) -> Answer:
        """Send one request.

        :param path: below the project (``/volumes``), or from /v3 on, or a root
        :param body: sent as JSON
        :param raw: sent as it is
        """
        whole = path.startswith("/v3") or path in ("/", "//", "/healthcheck", "/nope", "/v2")
        path, _, query = (path if whole else f"/v3/{PROJECT}{path}").partition("?")
        sent: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8776",
            "HTTP_HOST": HOST,
            "HTTP_ACCEPT": "application/json",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(b""),
        }
        if version is not None:
            sent["HTTP_OPENSTACK_API_VERSION"] = f"volume {version}"
        if token is not None:
            sent["HTTP_X_AUTH_TOKEN"] = token
        content = raw if raw is not None else json.dumps(body).encode() if body is not None else b""
        if content or raw is not None:
            sent["wsgi.input"] = io.BytesIO(content)
            sent["CONTENT_LENGTH"] = str(len(content))
            if content_type is not None:
                sent["CONTENT_TYPE"] = content_type
        return self.send({**sent, **(environ or {})})

    def send(self, environ: dict[str, Any]) -> Answer:
        """Send a request whose WSGI environment is whole."""
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _info: Any = None) -> None:
            started[:] = [status, headers]

        asked = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(asked)
        raw = b"".join(self.application(environ, start_response))
        answer = Answer(int(started[0].split()[0]), dict(started[1]), raw)
        conformance.check(environ, asked, answer.status, raw)
        return answer

    def action(self, volume_id: str, name: str, content: Any = None, **options: Any) -> Answer:
        """Send an action on a volume."""
        return self("POST", f"/volumes/{volume_id}/action", {name: content}, **options)


class Peer:
    """Stands in for an RPC client: keeps what was cast and answers calls with ``answers``."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.answers: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(_context: Any, *args: Any, **kwargs: Any) -> Any:
            self.calls.append((name, args, kwargs))
            answer = self.answers.get(name)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    @property
    def names(self) -> list[str]:
        """The methods that were called, in order."""
        return [name for name, _, _ in self.calls]
