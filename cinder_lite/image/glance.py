# SPDX-License-Identifier: Apache-2.0
"""Glance, through openstacksdk: it is imported when an image is first asked for."""

from __future__ import annotations

import functools
import itertools
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import concurrency, exception
from cinder_lite.context import RequestContext

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

Image = dict[str, Any]
"""An image as Glance's v2 API describes it."""

CHUNK = 1024**2
"""Bytes of an image that are read at a time."""
RETRY_SECONDS = 1.0
_IN_TROUBLE = (500, 502, 503, 504)


class ImageService:
    """Glance, asked as one caller.

    Every method raises ``GlanceConnectionFailed`` when no server answers, ``ImageNotFound`` and
    ``ImageNotAuthorized`` as Glance says, and ``ImageUnacceptable`` when it refuses the request.

    :param context: whose token the requests carry
    """

    def __init__(self, context: RequestContext) -> None:
        self._context = context

    def show(self, image_id: str) -> Image:
        """Return an image's description."""
        image: Image = self._request("GET", f"/images/{image_id}", image_id).json()
        return image

    def named(self, name: str) -> list[Image]:
        """Return the images of a name."""
        path = f"/images?{urllib.parse.urlencode({'name': name})}"
        images: list[Image] = self._request("GET", path, name).json()["images"]
        return images

    def create(self, attributes: Mapping[str, Any]) -> Image:
        """Register an image without data and return its description."""
        name = str(attributes.get("name"))
        image: Image = self._request("POST", "/images", name, json=dict(attributes)).json()
        return image

    def delete(self, image_id: str) -> None:
        """Delete an image."""
        self._request("DELETE", f"/images/{image_id}", image_id)

    def download(self, image_id: str) -> Iterator[bytes]:
        """Yield an image's data, at most :data:`CHUNK` bytes at a time.

        :raises ImageDownloadFailed: the connection broke
        """
        path = f"/images/{image_id}/file"
        answer = self._request("GET", path, image_id, stream=True)
        try:
            if answer.status_code == 204:
                return
            yield from answer.iter_content(CHUNK)
        except Exception as error:
            raise exception.ImageDownloadFailed(
                image_href=image_id, reason=f"the connection to Glance broke: {error}"
            ) from error
        finally:
            answer.close()

    def upload(self, image_id: str, data: Any) -> None:
        """Send an image's data.

        :param data: a file open for reading in binary mode, or an iterable of bytes; it is sent
            once, a failure is not tried again
        """
        self._request(
            "PUT",
            f"/images/{image_id}/file",
            image_id,
            tries=1,
            data=data,
            headers={"Content-Type": "application/octet-stream", "Accept": ""},
        )

    def _request(
        self, method: str, path: str, image_id: str, *, tries: int | None = None, **options: Any
    ) -> Any:
        """Send a request, to the next server where one does not answer."""
        servers = _servers(self._context)
        headers = {**options.pop("headers", {}), **_identity(self._context)}
        left = CONF.glance_num_retries + 1 if tries is None else tries
        for server in itertools.cycle(servers):
            left -= 1
            reason, answer = _send(server, method, path, headers, options)
            if answer is not None and (answer.status_code not in _IN_TROUBLE or not left):
                return _judged(answer, image_id)
            if not left:
                raise exception.GlanceConnectionFailed(reason=reason)
            LOG.warning("Glance: %s It is asked again.", reason)
            time.sleep(RETRY_SECONDS)
        raise AssertionError("there is always a server")


def _send(
    server: str, method: str, path: str, headers: Mapping[str, str], options: Mapping[str, Any]
) -> tuple[str, Any]:
    """Send a request; return what went wrong in words, and the answer if there was one."""
    keystone = concurrency.library("keystoneauth1.exceptions")
    try:
        answer = _client(server).request(
            path,
            method,
            headers=dict(headers),
            authenticated=False,
            raise_exc=False,
            redirect=True,
            **options,
        )
    except keystone.ClientException as error:
        LOG.debug("Glance at %s: %s", server, error)
        return f"the server {server} does not answer.", None
    return f"the server {server} answers {answer.status_code}.", answer


@functools.lru_cache(maxsize=16)
def _client(server: str) -> Any:
    """Return openstacksdk's client of one server; it carries no identity of its own."""
    keystone = concurrency.library("keystoneauth1.session")
    noauth = concurrency.library("keystoneauth1.noauth")
    sdk = concurrency.library("openstack")
    verify = False if CONF.glance_api_insecure else CONF.glance_ca_certificates_file or True
    session = keystone.Session(
        auth=noauth.NoAuth(),
        verify=verify,
        cert=(CONF.glance_certfile, CONF.glance_keyfile) if CONF.glance_certfile else None,
        timeout=CONF.glance_request_timeout,
    )
    # The connection's own image client would ask every server for its versions first.
    connection = sdk.connection.Connection(session=session)
    address = _versioned(server)
    client = sdk.proxy.Proxy(session, service_type="image", endpoint_override=address)
    client._connection = connection  # as openstacksdk's own services are given it
    return client


def _versioned(server: str) -> str:
    address = server.rstrip("/")
    if "://" not in address:
        address = f"http://{address}"
    return address if address.endswith("/v2") else f"{address}/v2"


def _servers(context: RequestContext) -> list[str]:
    """Return the URLs of Glance's API.

    :raises GlanceConnectionFailed: there is none
    """
    if CONF.glance_api_servers:
        return list(CONF.glance_api_servers)
    kind, name, interface = (CONF.glance_catalog_info.split(":") + ["", ""])[:3]
    for service in context.service_catalog:
        if service.get("type") == kind and service.get("name", name) == name:
            for endpoint in service.get("endpoints", ()):
                if endpoint.get(interface):
                    return [str(endpoint[interface])]
    raise exception.GlanceConnectionFailed(
        reason="glance_api_servers names no server and the service catalogue has no "
        f"{CONF.glance_catalog_info}."
    )


def _identity(context: RequestContext) -> dict[str, str]:
    """Return the headers that say who asks."""
    headers = {"X-Auth-Token": context.auth_token or ""}
    if context.request_id:
        headers["X-OpenStack-Request-ID"] = context.global_request_id or context.request_id
    return {name: value for name, value in headers.items() if value}


def _judged(answer: Any, image_id: str) -> Any:
    """Return an answer that is a success, or raise what it says."""
    status = answer.status_code
    if status < 400:
        return answer
    raisers: dict[int, Callable[[], Exception]] = {
        401: lambda: exception.ImageNotAuthorized(image_id=image_id),
        403: lambda: exception.ImageNotAuthorized(image_id=image_id),
        404: lambda: exception.ImageNotFound(image_id=image_id),
    }
    if status in raisers:
        raise raisers[status]()
    if status in _IN_TROUBLE:
        raise exception.GlanceConnectionFailed(reason=f"it answers {status}.")
    raise exception.ImageUnacceptable(
        image_id=image_id, reason=f"Glance refuses the request ({status}): {_text(answer)}"
    )


def _text(answer: Any) -> str:
    """Return an error's sentence out of Glance's page."""
    lines = [line for line in answer.text.replace("<br />", "\n").splitlines() if line.strip()]
    plain = [line.strip() for line in lines if "<" not in line]
    return (plain[0] if plain else answer.reason or "")[:255]
