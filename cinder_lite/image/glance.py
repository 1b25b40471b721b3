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
from cinder_lite.image import identity

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

    :param context: whose token the requests carry. Without a token, as in work that is taken up
        again, they are the requests of the user of ``[glance]``, if there is one
    """

    def __init__(self, context: RequestContext) -> None:
        self._context = context
        self.own = not context.auth_token and identity.has_user()
        """True where the user of ``[glance]`` asks, who may see more than the volume's project."""

    def show(self, image_id: str) -> Image:
        """Return an image's description."""
        image: Image = self._request("GET", f"/images/{image_id}", image_id).json()
        return image

    def is_visible_to(self, image: Image, project_id: str | None) -> bool:
        """Tell whether a project may use an image, for an asker who may see more."""
        if image.get("visibility") in ("public", "community") or image.get("owner") == project_id:
            return True
        try:
            path = f"/images/{image['id']}/members/{project_id}"
            return bool(self._request("GET", path, image["id"]).json())
        except exception.ImageNotFound:
            return False

    def located(self, image: Image) -> Image:
        """Return an image's description with the places of its data, as far as Glance tells.

        Glance since 2024.2 tells a user with the role service; before, whom its policy shows
        them in the description (``show_multiple_locations``, ``show_image_direct_url``).
        """
        if not CONF.allowed_direct_url_schemes or not identity.has_user():
            return image
        path = f"/images/{image['id']}/locations"
        try:
            found = self._request("GET", path, image["id"], own=True).json()
        except exception.CinderLiteException as error:
            LOG.warning("Image %s: the user of [glance] is not told where: %s", image["id"], error)
            return image
        return {**image, "locations": found}

    def add_location(self, image_id: str, url: str, metadata: Mapping[str, str]) -> None:
        """Say where an image's data is; the image is active then, or will be in a moment.

        :param metadata: what Glance notes of the place: ``store``, where it has several
        """
        place = {"url": url, "metadata": dict(metadata)}
        if identity.has_user():
            try:
                path = f"/images/{image_id}/locations"
                self._request("POST", path, image_id, own=True, tries=1, json={"url": url})
                return
            except (exception.ImageNotFound, exception.ImageNotAuthorized) as error:
                LOG.info("Image %s: [glance] may not say where it is: %s", image_id, error)
        self._request(
            "PATCH",
            f"/images/{image_id}",
            image_id,
            tries=1,
            json=[{"op": "add", "path": "/locations/-", "value": place}],
            headers={"Content-Type": "application/openstack-images-v2.1-json-patch"},
        )

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
        self,
        method: str,
        path: str,
        image_id: str,
        *,
        tries: int | None = None,
        own: bool = False,
        **options: Any,
    ) -> Any:
        """Send a request, to the next server where one does not answer.

        :param own: ask as the user of ``[glance]`` in any case
        """
        own = own or self.own
        servers = _servers(self._context, own)
        headers = {**options.pop("headers", {}), **identity.headers(self._context, own=own)}
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


def _servers(context: RequestContext, own: bool) -> list[str]:
    """Return the URLs of Glance's API.

    :raises GlanceConnectionFailed: there is none
    """
    if CONF.glance_api_servers:
        return list(CONF.glance_api_servers)
    found = identity.endpoint(context, own=own)
    if found is not None:
        return [found]
    raise exception.GlanceConnectionFailed(
        reason="glance_api_servers names no server and the service catalogue has no "
        f"{CONF.glance_catalog_info}."
    )


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
