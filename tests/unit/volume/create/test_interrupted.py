# SPDX-License-Identifier: Apache-2.0
"""Creations of images that are taken up again, without the token of the request."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import messages, quotas, volumes
from cinder_lite.image import identity
from cinder_lite.image.glance import ImageService
from cinder_lite.objects import Volume
from tests.glance import FakeGlance
from tests.unit import rows
from tests.unit.conftest import SetOption
from tests.unit.volume.create.world import World, live

DATA = b"boot" * 1000
USER, SERVICE = "a-users-token", "the-services-token"


@pytest.fixture(autouse=True)
def strict(glance: FakeGlance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Glance answer nobody without a token."""
    original = ImageService._request

    def ask(service: ImageService, method: str, path: str, image_id: str, **options: Any) -> Any:
        headers = identity.headers(service._context, own=service.own)
        if "X-Auth-Token" not in headers:
            raise exception.ImageNotAuthorized(image_id=image_id)
        return original(service, method, path, image_id, **options)

    monkeypatch.setattr(ImageService, "_request", ask)


@pytest.fixture
def service_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let section [glance] name a user."""
    monkeypatch.setattr(identity, "has_user", lambda: True)
    monkeypatch.setattr(identity, "_token", lambda group: SERVICE)


def interrupted(world: World, image: dict[str, Any]) -> Volume:
    """Leave a volume as a service leaves it that is killed while it makes the volume."""
    made = volumes.create(
        {
            "project_id": rows.PROJECT,
            "user_id": "u",
            "host": "one@file#file",
            "size": 1,
            "status": states.DOWNLOADING,
            "attach_status": states.DETACHED,
            "availability_zone": "nova",
            "bootable": False,
            "multiattach": False,
        },
        image_metadata={"image_id": image["id"]},
    )
    (world.folder("one") / made.name).write_bytes(b"half of it")
    return made


def again(world: World) -> Volume:
    """Start the service again and return the volume."""
    world.dead.add("one")
    world.settle()
    [found] = live()
    return found


def told(context: RequestContext) -> list[str | None]:
    return [one.detail_id for one in messages.listing(context, {})]


def test_without_rights_it_ends_in_error_and_says_why(
    world: World, glance: FakeGlance, admin: RequestContext, caplog: pytest.LogCaptureFixture
) -> None:
    interrupted(world, glance.images[glance.add(DATA)])
    made = again(world)
    assert (made.status, made.use_quota) == (states.ERROR, False)
    assert world.files() == []
    assert quotas.usages(rows.PROJECT)["volumes"][1] == 0
    assert told(admin) == ["104"]
    assert "section [glance] names no user" in caplog.text
    assert glance.requests == []


def test_a_glance_that_is_only_away_is_another_matter(
    world: World,
    glance: FakeGlance,
    admin: RequestContext,
    option: SetOption,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise exception.GlanceConnectionFailed(reason="it is away.")

    monkeypatch.setattr(ImageService, "_request", away)
    interrupted(world, glance.images[glance.add(DATA)])
    assert again(world).status == states.ERROR
    assert told(admin) == ["012"]
    option("glance_api_servers", None)  # the catalogue of the request told where it is
    for volume in live():
        volumes.destroy(volume.id)
    interrupted(world, glance.images[glance.add(DATA)])
    assert again(world).status == states.ERROR
    assert sorted(filter(None, told(admin))) == ["012", "104"]


@pytest.mark.usefixtures("service_user")
@pytest.mark.parametrize(
    "image", [{"visibility": "public"}, {"visibility": "community"}, {"owner": rows.PROJECT}]
)
def test_with_rights_of_its_own_it_goes_on(
    world: World, glance: FakeGlance, image: dict[str, Any]
) -> None:
    interrupted(world, glance.images[glance.add(DATA, **image)])
    made = again(world)
    assert made.status == states.AVAILABLE
    with (world.folder("one") / made.name).open("rb") as file:
        assert file.read(len(DATA)) == DATA
    assert glance.tokens == {SERVICE}


@pytest.mark.usefixtures("service_user")
@pytest.mark.parametrize("shared", [False, True])
def test_an_image_of_somebody_else_is_read_only_for_those_it_is_shared_with(
    world: World, glance: FakeGlance, shared: bool
) -> None:
    image_id = glance.add(DATA, owner="somebody", visibility="shared")
    if shared:
        glance.members.add((image_id, rows.PROJECT))
    interrupted(world, glance.images[image_id])
    made = again(world)
    assert made.status == (states.AVAILABLE if shared else states.ERROR)
    assert glance.downloads == int(shared)
