# SPDX-License-Identifier: Apache-2.0
"""Images that Glance keeps as volumes, with a real Glance and a real Keystone.

Glance's own cinder store writes the images into volumes of ours, and reads them there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.functional.harness.deployment import Deployment
from tests.functional.harness.image_volumes import STORE, GlanceOnVolumes
from tests.functional.harness.keystone import Keystone
from tests.functional.harness.servers import ServerPool

MIB = 1024**2
MANY = 20

pytestmark = pytest.mark.keystone


@pytest.fixture(scope="module")
def glance(servers: ServerPool, keystone: Keystone) -> Iterator[GlanceOnVolumes]:
    """Give the module a Glance."""
    connection = servers.get("mariadb").fresh()
    servers.begin("glance", lambda home: GlanceOnVolumes(home, keystone, connection))
    running = servers.wait("glance")
    assert isinstance(running, GlanceOnVolumes)
    yield running


@pytest.fixture(scope="module")
def cloud(
    glance: GlanceOnVolumes, keystone: Keystone, start_deployment: Callable[..., Deployment]
) -> Deployment:
    """A deployment that clones images, and of which Glance knows."""
    account = dict(keystone.service_settings()["keystone_authtoken"])
    settings: dict[str, dict[str, Any]] = {
        "DEFAULT": {
            "glance_api_servers": glance.url,
            "allowed_direct_url_schemes": "cinder",
            "cinder_internal_tenant_project_id": keystone.project_id("service"),
            "debug": True,
        },
        "glance": {k: v for k, v in account.items() if not k.startswith(("service_", "www_"))},
        "file": {"image_upload_use_cinder_backend": True, "image_volume_cache_enabled": True},
    }
    running = start_deployment(keystone=keystone, settings=settings, hosts=("alpha",))
    keystone.register(running.root_url)
    return running


def _begins(path: Path, size: int) -> str:
    with path.open("rb") as file:
        return hashlib.sha256(file.read(size)).hexdigest()


def _create_many(cloud: Deployment, image_id: str) -> list[dict[str, Any]]:
    with ThreadPoolExecutor(5) as pool:
        return list(pool.map(lambda _: cloud.create_volume(1, imageRef=image_id), range(MANY)))


def test_an_image_in_a_volume_is_cloned_and_never_read(
    cloud: Deployment, glance: GlanceOnVolumes
) -> None:
    image_id = glance.add_image("kept as a volume", 3 * MIB, STORE)
    [place] = glance.locations(image_id)
    assert place.startswith(f"cinder://{STORE}/")
    data = glance.show(image_id)["os_hash_value"]
    made = _create_many(cloud, image_id)
    for volume in made:
        with cloud.volume_file(volume).open("rb") as file:
            assert hashlib.sha512(file.read(3 * MIB)).hexdigest() == data
        cloud.delete_volume(volume["id"])
    assert glance.downloads(image_id) == 0


def test_an_image_in_a_file_is_read_once(cloud: Deployment, glance: GlanceOnVolumes) -> None:
    """The cache serves what can not be cloned of its location."""
    image_id = glance.add_image("kept in a file", 3 * MIB)
    made = _create_many(cloud, image_id)
    assert glance.downloads(image_id) == 1
    data = glance.show(image_id)["os_hash_value"]
    for volume in made:
        with cloud.volume_file(volume).open("rb") as file:
            assert hashlib.sha512(file.read(3 * MIB)).hexdigest() == data
        cloud.delete_volume(volume["id"])


def test_an_uploaded_volume_becomes_the_image(cloud: Deployment, glance: GlanceOnVolumes) -> None:
    volume = cloud.create_volume(1, imageRef=glance.add_image("source", 2 * MIB))
    asked = {"image_name": "clone", "disk_format": "raw", "container_format": "bare"}
    answer = cloud.action(volume["id"], "os-volume_upload_image", asked)
    assert answer.status_code == 202, answer.text
    image_id = answer.json()["os-volume_upload_image"]["image_id"]
    cloud.wait_for_status(volume["id"], "available")
    image = glance.show(image_id)
    assert (image["status"], image["size"]) == ("active", 1024 * MIB)
    [place] = glance.locations(image_id)
    clone = cloud.show(place.rpartition("/")[2])
    assert clone["name"] == f"image-{image_id}"
    assert clone["metadata"]["glance_image_id"] == image_id
    assert clone["metadata"]["readonly"] == "True"
    again = cloud.create_volume(1, imageRef=image_id)
    assert glance.downloads(image_id) == 0
    expected = _begins(cloud.volume_file(volume), 4 * MIB)
    assert _begins(cloud.volume_file(again), 4 * MIB) == expected
