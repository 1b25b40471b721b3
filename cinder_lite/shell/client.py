# SPDX-License-Identifier: Apache-2.0
"""Asks the Volume API: one method per HTTP verb, every failure as one of our errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from keystoneauth1 import exceptions as ksa
from keystoneauth1.adapter import Adapter
from requests import Response

from cinder_lite.shell.errors import RequestRefused, ServiceUnreachable, UnexpectedAnswer

Record = dict[str, Any]
"""One thing as the API shows it."""

_ADDRESS = re.compile(r"https?://[^/\s:]+(?::\d+)?")


class Answer(NamedTuple):
    """What the service answered to a request that changes something."""

    body: Record
    request_id: str | None


class Client:
    """A thin layer over a keystoneauth adapter.

    :param adapter: adapter of the block-storage service, with the microversion to send
    :param check: what to look at when there is no connection, for the user
    """

    def __init__(self, adapter: Adapter, check: str) -> None:
        self._adapter = adapter
        self._check = check

    def get(self, path: str, key: str, query: Record | None = None) -> Any:
        """Return what the answer holds under ``key``.

        :param path: path below the project, for example ``volumes/detail``
        :param query: parameters of the request; those that are None are left out
        :raises RequestRefused: the service answered with an error
        :raises ServiceUnreachable: there was no answer
        :raises UnexpectedAnswer: the answer is not that of a Volume API
        """
        return self._get(path, key, query)[key]

    def pages(
        self, path: str, key: str, query: Record | None = None, limit: int | None = None
    ) -> Iterator[Record]:
        """Yield the items of a list, page after page as the service cuts it.

        :param limit: stop after this many items; None for all
        """
        query = dict(query or {})
        left = limit
        while left is None or left > 0:
            body = self._get(path, key, query | {"limit": left})
            items = body[key]
            yield from items if left is None else items[:left]
            if not items or not any(x.get("rel") == "next" for x in body.get(f"{key}_links", ())):
                return
            query["marker"] = items[-1]["id"]
            left = None if left is None else left - len(items)

    def post(self, path: str, body: Record) -> Answer:
        """Send a new thing or an action; raises as ``get`` does."""
        return self._change("POST", path, body)

    def put(self, path: str, body: Record) -> Answer:
        """Send a new state; raises as ``get`` does."""
        return self._change("PUT", path, body)

    def delete(self, path: str) -> Answer:
        """Ask for a removal; raises as ``get`` does."""
        return self._change("DELETE", path, None)

    def _get(self, path: str, key: str, query: Record | None) -> Record:
        response = self._send("GET", path, query=query)
        body = self._json(response)
        if key not in body:
            raise UnexpectedAnswer(self._address(response), f"there is no '{key}' in its answer")
        return body

    def _change(self, method: str, path: str, body: Record | None) -> Answer:
        response = self._send(method, path, body=body)
        return Answer(self._json(response) if response.content else {}, _request_id(response))

    def _send(
        self, method: str, path: str, *, body: Record | None = None, query: Record | None = None
    ) -> Response:
        params = {name: value for name, value in (query or {}).items() if value is not None}
        try:
            response = self._adapter.request(
                path, method, raise_exc=False, json=body, params=params
            )
        except ksa.HttpError as error:
            # only Keystone's answers are raised: those of the volume service are returned
            raise RequestRefused(
                error.http_status,
                _clean(re.sub(r" \(HTTP \d+\).*", "", str(error.message))),
                error.request_id,
                "Keystone did not issue a token",
            ) from error
        except ksa.ConnectionError as error:
            address = _ADDRESS.search(str(error))
            where = f"The service at {address[0]}" if address else "The service"
            raise ServiceUnreachable(where, _system_reason(error), self._check) from error
        except (ksa.ClientException, ValueError) as error:
            # EndpointNotFound, DiscoveryFailure and their like: the catalogue leads nowhere;
            # keystoneauth 5.18 has a bare ValueError for an unknown region of several endpoints
            found = isinstance(error, ksa.ClientException)
            reason = _clean(str(error)).rstrip(".") if found else "it is not in the catalogue"
            raise ServiceUnreachable("The volume service", reason, self._check) from error
        if response.status_code >= 400:
            raise RequestRefused(response.status_code, _fault(response), _request_id(response))
        if response.status_code >= 300:
            raise UnexpectedAnswer(self._address(response), f"HTTP status {response.status_code}")
        return response

    def _json(self, response: Response) -> Record:
        try:
            body = response.json()
        except ValueError as error:
            raise UnexpectedAnswer(self._address(response), "its answer is not JSON") from error
        if not isinstance(body, dict):
            raise UnexpectedAnswer(self._address(response), "its answer is not a JSON object")
        return body

    @staticmethod
    def _address(response: Response) -> str:
        return response.url.partition("?")[0]


def _request_id(response: Response) -> str | None:
    return response.headers.get("X-Openstack-Request-Id")


def _fault(response: Response) -> str:
    """Return the message of an error answer.

    The Volume API sends ``{"itemNotFound": {"code": 404, "message": "..."}}``; its URL mapper and
    Keystone's middleware send ``{"message": ...}`` or ``{"error": {"message": ...}}``; a proxy
    sends HTML.
    """
    fallback = f"HTTP status {response.status_code} {response.reason or ''}"
    try:
        body = response.json()
    except ValueError:
        return _clean(fallback)
    if isinstance(body, dict):
        faults = [body, *(value for value in body.values() if isinstance(value, dict))]
        messages = (fault.get("message") for fault in faults)
        return _clean(next((text for text in messages if isinstance(text, str)), fallback))
    return _clean(fallback)


def _clean(text: str) -> str:
    """Return the text without HTML tags, on one line."""
    return " ".join(re.sub(r"</?\w[^>]*>", " ", text).split())


def _system_reason(error: BaseException) -> str:
    """Return the operating system's reason from the innermost of the chained exceptions."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        reason = getattr(cause, "strerror", None)
        if isinstance(reason, str):
            return reason.lower()
        inner = next((arg for arg in cause.args if isinstance(arg, BaseException)), None)
        cause = inner or getattr(cause, "reason", None) or cause.__cause__ or cause.__context__
        if not isinstance(cause, BaseException):
            break
    if isinstance(error, ksa.ConnectTimeout):
        return "no answer in time"
    return _clean(str(error)).rpartition(": ")[2] or "no connection"
