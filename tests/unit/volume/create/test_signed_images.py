# SPDX-License-Identifier: Apache-2.0
"""Volumes made of signed images: only of what was signed."""

from __future__ import annotations

import os
from typing import Any

import pytest
from castellan.common.objects import x_509

from cinder_lite import states
from cinder_lite.db import messages, volume_glance_metadata, volumes
from cinder_lite.objects import Volume
from cinder_lite.volume import images
from cinder_lite.volume.create.request import CreateRequest
from tests.glance import FakeGlance
from tests.signing import Signer, signer
from tests.unit.conftest import SetOption
from tests.unit.keys import Keys
from tests.unit.volume.create.world import World

IMAGE = os.urandom(3 * 1024**2)
SOMEBODY = signer()
NOTE = "signature_verified"


def signature_of(who: Signer, data: bytes) -> str:
    """Return a signature alone."""
    return who.properties(data, "")["img_signature"]


@pytest.fixture
def certificate(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of the signer's certificate in the key manager."""
    monkeypatch.setattr("cursive.signature_utils.key_manager.API", lambda: keys)
    return keys.store(keys.service, x_509.X509(SOMEBODY.certificate))


def create(world: World, glance: FakeGlance, properties: dict[str, Any]) -> Volume:
    """Make a volume of an image with these properties."""
    request = CreateRequest(size=1, image_id=glance.add(IMAGE, **properties))
    world.create(request)
    [volume] = world.verify()
    return volume


def noted(volume: Volume) -> str | None:
    """Return what a volume tells of its image's signature."""
    return volume_glance_metadata.get(volume.id).get(NOTE)


def test_what_was_signed(world: World, glance: FakeGlance, certificate: str) -> None:
    volume = create(world, glance, SOMEBODY.properties(IMAGE, certificate))
    assert volume.status == states.AVAILABLE
    [path] = world.files()
    with path.open("rb") as file:
        assert file.read(len(IMAGE)) == IMAGE
    assert noted(volume) == "True"


def test_an_image_without_a_signature(world: World, glance: FakeGlance) -> None:
    assert noted(create(world, glance, {NOTE: "True"})) == "False"


def test_signatures_are_not_looked_at(world: World, glance: FakeGlance, option: SetOption) -> None:
    option("verify_glance_signatures", "disabled")
    volume = create(world, glance, {"img_signature": "x"})
    assert (volume.status, noted(volume)) == (states.AVAILABLE, None)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"img_signature_certificate_uuid": None}, "no img_signature_certificate_uuid"),
        ({"img_signature_key_type": "RSA-PSS-2"}, "Invalid signature key type: RSA-PSS-2."),
        ({"img_signature_hash_method": "MD5"}, "Invalid signature hash method: MD5."),
        ({"img_signature_hash_method": "SHA-512"}, "is not what was signed."),
        ({"img_signature": "abcde"}, "was not properly encoded using base64."),
        ({"img_signature_certificate_uuid": "lost"}, "Certificate not found with ID: lost."),
        ({"img_signature": signature_of(signer(), IMAGE)}, "is not what was signed."),
        ({"img_signature": signature_of(SOMEBODY, IMAGE[:-1])}, "is not what was signed."),
    ],
)
def test_it_is_refused(
    world: World,
    glance: FakeGlance,
    certificate: str,
    caplog: pytest.LogCaptureFixture,
    change: dict[str, Any],
    told: str,
) -> None:
    properties = {**SOMEBODY.properties(IMAGE, certificate), **change}
    volume = create(world, glance, {k: v for k, v in properties.items() if v is not None})
    assert volume.status == states.ERROR
    assert told in caplog.text
    [message] = messages.listing(world.context, {})
    assert message.detail_id == "011"
    assert not [path for path in world.directory.rglob("image-*") if path.is_dir()]


def test_a_key_manager_that_is_away(
    world: World, glance: FakeGlance, keys: Keys, certificate: str, caplog: Any
) -> None:
    keys.fails.add("get")
    volume = create(world, glance, SOMEBODY.properties(IMAGE, certificate))
    assert volume.status == states.ERROR
    assert f"Unable to retrieve certificate with ID: {certificate}." in caplog.text


def test_a_driver_that_would_clone_it_is_not_asked(
    world: World, glance: FakeGlance, certificate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def clone(*_: Any) -> Any:
        raise AssertionError("nobody has verified that")

    for manager in world.managers.values():
        if hasattr(manager, "backend"):
            monkeypatch.setattr(manager.backend.driver, "clone_image", clone)
    volume = create(world, glance, SOMEBODY.properties(IMAGE, certificate))
    assert (noted(volume), glance.downloads) == ("True", 1)


def test_an_image_of_the_volume_is_not_signed(
    world: World, glance: FakeGlance, certificate: str, option: SetOption
) -> None:
    option("reserved_image_namespaces", ["hw_"])
    signed = SOMEBODY.properties(IMAGE, certificate)
    volume = create(world, glance, {**signed, "hw_vif": "e1000", "os_type": "linux"})
    inherited = images._properties(volumes.get(world.context, volume.id))
    assert inherited == {"os_type": "linux"}
