# SPDX-License-Identifier: Apache-2.0
"""Requests to Glance."""

from __future__ import annotations

import pytest

from cinder_lite import exception
from cinder_lite.context import RequestContext
from cinder_lite.image import identity
from cinder_lite.image.glance import ImageService
from tests.glance import FakeGlance
from tests.unit.conftest import SetOption


def test_an_image_is_described_and_downloaded(glance: FakeGlance, service: ImageService) -> None:
    data = bytes(range(256)) * 10000
    image_id = glance.add(data, name="cirros")
    assert service.show(image_id)["name"] == "cirros"
    assert b"".join(service.download(image_id)) == data
    assert glance.tokens == {"a-token"}
    assert [image["id"] for image in service.named("cirros")] == [image_id]


def test_an_image_is_registered_and_filled(glance: FakeGlance, service: ImageService) -> None:
    image = service.create({"name": "new", "disk_format": "raw", "container_format": "bare"})
    assert image["status"] == "queued"
    service.upload(image["id"], iter([b"ab", b"cd"]))
    assert glance.data[image["id"]] == b"abcd"
    service.delete(image["id"])
    assert glance.images == {}


def test_a_missing_image(glance: FakeGlance, service: ImageService) -> None:
    with pytest.raises(exception.ImageNotFound, match="Image none could not be found"):
        service.show("none")


def test_a_server_in_trouble_is_asked_again(glance: FakeGlance, service: ImageService) -> None:
    image_id = glance.add(b"x")
    glance.failing = 3
    assert service.show(image_id)["id"] == image_id
    glance.failing = 4
    with pytest.raises(exception.GlanceConnectionFailed, match="503"):
        service.show(image_id)


def test_the_next_server_is_asked(
    glance: FakeGlance, service: ImageService, option: SetOption
) -> None:
    image_id = glance.add(b"x")
    option("glance_api_servers", ["http://127.0.0.1:9", glance.url])
    assert service.show(image_id)["id"] == image_id


def test_nobody_answers(service: ImageService, option: SetOption) -> None:
    option("glance_api_servers", ["127.0.0.1:9"])
    option("glance_num_retries", 1)
    with pytest.raises(exception.GlanceConnectionFailed, match=r"127\.0\.0\.1:9 does not answer"):
        service.show("x")


def test_a_refused_upload(glance: FakeGlance, service: ImageService) -> None:
    image = service.create({"name": "new"})
    glance.refuse_uploads = True
    with pytest.raises(exception.ImageUnacceptable, match="refuses the request .413."):
        service.upload(image["id"], iter([b"ab"]))


def test_the_address_comes_from_the_callers_catalogue(
    glance: FakeGlance, option: SetOption
) -> None:
    image_id = glance.add(b"x")
    option("glance_api_servers", None)
    catalog = [{"type": "image", "name": "glance", "endpoints": [{"publicURL": glance.url}]}]
    context = RequestContext(auth_token="t", service_catalog=catalog, overwrite=False)
    carried = RequestContext.from_dict(context.to_dict())
    assert ImageService(carried).show(image_id)["id"] == image_id
    with pytest.raises(exception.GlanceConnectionFailed, match="glance_api_servers names no"):
        ImageService(RequestContext(overwrite=False)).show(image_id)


# --- as whom ---------------------------------------------------------------------------------


@pytest.fixture
def own_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Keystone know a user of section [glance]."""
    monkeypatch.setattr(identity, "has_user", lambda: True)
    monkeypatch.setattr(identity, "_token", lambda group: f"token of {group}")


@pytest.mark.usefixtures("own_user")
def test_the_token_of_a_request_comes_first(glance: FakeGlance, service: ImageService) -> None:
    service.show(glance.add(b"x"))
    assert glance.tokens == {"a-token"}
    glance.tokens.clear()
    nobodys = ImageService(RequestContext(overwrite=False))
    nobodys.show(glance.add(b"x"))
    assert glance.tokens == {"token of glance"}


@pytest.mark.usefixtures("own_user")
def test_a_service_token_goes_with_the_users(option: SetOption) -> None:
    asker = RequestContext(auth_token="a-token", overwrite=False)
    assert "X-Service-Token" not in identity.headers(asker, own=False)
    option("send_service_user_token", True, "service_user")
    both = identity.headers(asker, own=False)
    assert both["X-Auth-Token"] == "a-token"
    assert both["X-Service-Token"] == "token of service_user"
    assert "X-Service-Token" not in identity.headers(asker, own=True)


@pytest.mark.usefixtures("own_user")
def test_the_services_user_is_told_where_an_image_is(
    glance: FakeGlance, service: ImageService, option: SetOption
) -> None:
    places = [{"url": "cinder://x", "metadata": {}}]
    image = {**glance.images[glance.add(b"x", locations=places)]}
    del image["locations"]
    assert service.located(image) == image, "no scheme is allowed"
    assert glance.requests == []
    option("allowed_direct_url_schemes", ["cinder"])
    assert service.located(image) == {**image, "locations": places}
    glance.old = True
    assert service.located(image) == image, "an old Glance tells only in the description"


def test_without_a_user_of_its_own_the_description_must_do(
    glance: FakeGlance, service: ImageService, option: SetOption
) -> None:
    option("allowed_direct_url_schemes", ["cinder"])
    image = glance.images[glance.add(b"x")]
    assert service.located(image) is image
    assert glance.requests == []
