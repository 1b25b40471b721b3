# SPDX-License-Identifier: Apache-2.0
"""Encrypted volumes and their keys, against real services; without dm-crypt."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import glance as stand_in
from tests.functional.harness import keys
from tests.functional.harness.deployment import Deployment
from tests.functional.harness.process import wait_until
from tests.signing import signer

MIB = 1024**2
ENCRYPTION = {"cipher": "aes-xts-plain64", "key_size": 256, "control_location": "front-end"}
FIXED = "cinder_lite.keymgr.conf_key_mgr.ConfKeyManager"

needs_qemu = pytest.mark.skipif(shutil.which("qemu-img") is None, reason="needs qemu-img")
without_dm_crypt = pytest.mark.skipif(
    os.path.exists("/sys/class/misc/device-mapper"), reason="for a kernel without device-mapper"
)


@pytest.fixture(scope="module")
def glance() -> Iterator[stand_in.FakeGlance]:
    """Give the module a Glance."""
    with stand_in.running() as running:
        yield running


@pytest.fixture(scope="module", params=["mariadb", "standalone"])
def cloud(
    request: pytest.FixtureRequest,
    glance: stand_in.FakeGlance,
    start_deployment: Callable[..., Deployment],
) -> Deployment:
    """A deployment with a key manager."""
    kinds: dict[str, dict[str, str]] = {
        "mariadb": {"database": "mariadb"},
        "standalone": {"database": "sqlite", "messaging": "in-process"},
    }
    settings = {
        "DEFAULT": {"glance_api_servers": glance.url},
        "key_manager": {"backend": keys.BACKEND},
    }
    backends = ("file", "second")
    return start_deployment(settings=settings, backends=backends, **kinds[request.param])


def encrypted_type(cloud: Deployment, provider: str = "luks") -> str:
    """Make a type whose volumes are encrypted and return its name."""
    name = f"{provider}-{uuid.uuid4().hex[:8]}"
    made = cloud.request("POST", "/types", {"volume_type": {"name": name}})
    assert made.status_code == 200, made.text
    path = f"/types/{made.json()['volume_type']['id']}/encryption"
    answer = cloud.request("POST", path, {"encryption": {**ENCRYPTION, "provider": provider}})
    assert answer.status_code == 200, answer.text
    return name


def kept(cloud: Deployment) -> dict[str, bytes]:
    """Return the keys of a deployment by their ids."""
    return keys.kept(cloud.directory / "state")


def key_of(cloud: Deployment, volume: dict[str, Any]) -> str:
    """Return the id of a volume's key."""
    known = cloud.get(f"/volumes/{volume['id']}/encryption")
    assert {name: known[name] for name in ENCRYPTION} == ENCRYPTION
    return str(known["encryption_key_id"])


def test_a_key_for_every_volume(cloud: Deployment) -> None:
    before = kept(cloud)
    kind = encrypted_type(cloud)
    first = cloud.create_volume(volume_type=kind)
    assert first["encrypted"] is True
    digest = cloud.fill(first, 3)
    second = cloud.create_volume(source_volid=first["id"])
    assert cloud.digest(second) == digest
    mine = {key_of(cloud, first), key_of(cloud, second)}
    assert set(kept(cloud)) - set(before) == mine and len(mine) == 2
    assert len({kept(cloud)[key_id] for key_id in mine}) == 1, "the copy can not be read"
    cloud.delete_volume(first["id"])
    assert set(kept(cloud)) - set(before) == {key_of(cloud, second)}
    cloud.delete_volume(second["id"])
    assert kept(cloud) == before


def test_a_move_keeps_the_key_and_every_byte(cloud: Deployment) -> None:
    before = kept(cloud)
    kind = encrypted_type(cloud)
    volume = cloud.create_volume(volume_type=kind, host=cloud.host("alpha", "file"))
    digest, key_id = cloud.fill(volume, 3), key_of(cloud, volume)
    moved = cloud.migrate_and_wait(
        volume["id"], cloud.host("alpha", "second"), force_host_copy=True
    )
    assert cloud.digest(moved) == digest
    assert key_of(cloud, moved) == key_id
    assert set(kept(cloud)) - set(before) == {key_id}
    cloud.delete_volume(volume["id"])
    assert kept(cloud) == before


def test_a_creation_that_is_refused_leaves_no_key(cloud: Deployment) -> None:
    before = kept(cloud)
    kind = encrypted_type(cloud)
    quotas = f"/os-quota-sets/{cloud.project}"
    answer = cloud.request("PUT", quotas, {"quota_set": {f"volumes_{kind}": 0}})
    assert answer.status_code == 200, answer.text
    over = cloud.request("POST", "/volumes", {"volume": {"size": 1, "volume_type": kind}})
    assert over.status_code == 413
    assert kept(cloud) == before


@without_dm_crypt
def test_a_node_without_dm_crypt_encrypts_nothing_anew(cloud: Deployment) -> None:
    """The volume stays as it was, its record says why, and nothing is left."""
    before = kept(cloud)
    volume = cloud.create_volume()
    digest = cloud.fill(volume, 1)
    body = {"new_type": encrypted_type(cloud), "migration_policy": "on-demand"}
    answer = cloud.action(volume["id"], "os-retype", body)
    assert answer.status_code == 202, answer.text
    record = cloud.wait_for_record(volume["id"], "status", "error")
    assert f"Volume {volume['id']} can not be opened on this node" in record["error"]
    after = cloud.wait_for_status(volume["id"], "available")
    assert (after["volume_type"], after["encrypted"]) == (volume["volume_type"], False)
    assert cloud.digest(after) == digest
    assert kept(cloud) == before
    cloud.delete_volume(volume["id"])
    assert not list(cloud.directory.rglob("encryptors/*/*"))


@needs_qemu
def test_an_image_is_encrypted_for_its_volume_and_copied_for_the_next(
    cloud: Deployment, glance: stand_in.FakeGlance, tmp_path: Path
) -> None:
    before = kept(cloud)
    data = os.urandom(2 * MIB)
    kind = encrypted_type(cloud)
    first = cloud.create_volume(volume_type=kind, imageRef=glance.add(data))
    assert _plain_of(cloud, first, tmp_path).startswith(data)

    body = {"image_name": "copy", "container_format": "bare", "disk_format": "raw"}
    answer = cloud.action(first["id"], "os-volume_upload_image", body)
    assert answer.status_code == 202, answer.text
    image_id = answer.json()["os-volume_upload_image"]["image_id"]
    wait_until(lambda: glance.images[image_id]["status"] == "active", 120, "the image")
    cloud.wait_for_status(first["id"], "available")
    of_image = glance.images[image_id]["cinder_encryption_key_id"]
    assert kept(cloud)[of_image] == kept(cloud)[key_of(cloud, first)]

    cloud.delete_volume(first["id"])
    assert set(kept(cloud)) - set(before) == {of_image}


def test_a_signed_image(cloud: Deployment, glance: stand_in.FakeGlance) -> None:
    """Only what was signed becomes a volume; cursive asks the key manager for the certificate."""
    data, somebody = os.urandom(MIB), signer()
    certificate = keys.add_certificate(cloud.directory / "state", somebody.certificate)
    signed = somebody.properties(data, certificate)
    volume = cloud.create_volume(imageRef=glance.add(data, **signed))
    assert volume["volume_image_metadata"]["signature_verified"] == "True"
    with cloud.volume_file(volume).open("rb") as file:
        assert file.read(MIB) == data
    forged = cloud.create_volume(imageRef=glance.add(data[::-1], **signed), wait=False)
    cloud.wait_for_status(forged["id"], "error")
    told = cloud.get(f"/messages?resource_uuid={forged['id']}")["messages"]
    assert ["signature of the image is wrong" in one["user_message"] for one in told] == [True]
    for one in (volume, forged):
        cloud.delete_volume(one["id"])
    assert not list(cloud.directory.rglob("conversion/*/*"))


def _plain_of(cloud: Deployment, volume: dict[str, Any], folder: Path) -> bytes:
    """Decipher the start of a volume, as somebody with its key."""
    start, secret, plain = folder / "start", folder / "secret", folder / "plain"
    with cloud.volume_file(volume).open("rb") as file:
        start.write_bytes(file.read(8 * MIB))
    secret.write_text(kept(cloud)[key_of(cloud, volume)].hex())
    words = ["--object", f"secret,id=s,file={secret}", "--image-opts", "-O", "raw"]
    source = f"driver=luks,key-secret=s,file.filename={start}"
    subprocess.run(["qemu-img", "convert", *words, source, plain], check=True)
    return plain.read_bytes()


def test_the_fixed_key(deploy: Callable[..., Deployment]) -> None:
    settings = {"key_manager": {"backend": FIXED, "fixed_key": "0f" * 32}}
    with_one_key = deploy(database="sqlite", messaging="in-process", settings=settings)
    kind = encrypted_type(with_one_key)
    volume = with_one_key.create_volume(volume_type=kind)
    assert key_of(with_one_key, volume) == "00000000-0000-0000-0000-000000000000"
    with_one_key.delete_volume(volume["id"])
