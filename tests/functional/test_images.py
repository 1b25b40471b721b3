# SPDX-License-Identifier: Apache-2.0
"""Volumes of images and images of volumes, with a Glance over HTTP.

``CINDER_LITE_TEST_GLANCE`` may name another Glance, which takes any token or has a proxy before it
that puts in a good one; without it a stand-in runs in this process.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import glance as stand_in
from tests.functional.harness.deployment import Deployment

MIB, GIB = 1024**2, 1024**3
URL = "CINDER_LITE_TEST_GLANCE"

pytestmark = pytest.mark.skipif(shutil.which("qemu-img") is None, reason="needs qemu-img")


class Glance:
    """Glance as a user sees it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._headers = {"X-Auth-Token": "any"}

    def add(self, path: Path, disk_format: str) -> str:
        """Upload an image and return its id."""
        fields = {"name": path.name, "disk_format": disk_format, "container_format": "bare"}
        made = requests.post(
            f"{self.url}/v2/images", json=fields, headers=self._headers, timeout=30
        )
        made.raise_for_status()
        image_id = str(made.json()["id"])
        kind = {"Content-Type": "application/octet-stream"}
        requests.put(
            f"{self.url}/v2/images/{image_id}/file",
            data=path.read_bytes(),
            headers={**self._headers, **kind},
            timeout=60,
        ).raise_for_status()
        return image_id

    def show(self, image_id: str) -> dict[str, Any]:
        """Return an image's description."""
        url = f"{self.url}/v2/images/{image_id}"
        answer = requests.get(url, headers=self._headers, timeout=30)
        answer.raise_for_status()
        image: dict[str, Any] = answer.json()
        return image

    def save(self, image_id: str, path: Path) -> Path:
        """Download an image's data."""
        url = f"{self.url}/v2/images/{image_id}/file"
        with requests.get(url, headers=self._headers, timeout=60, stream=True) as answer:
            answer.raise_for_status()
            with path.open("wb") as file:
                for chunk in answer.iter_content(MIB):
                    file.write(chunk)
        return path


@pytest.fixture(scope="module")
def glance() -> Iterator[Glance]:
    """Give the module a Glance."""
    if os.environ.get(URL):
        yield Glance(os.environ[URL])
        return
    with stand_in.running() as running:
        yield Glance(running.url)


@pytest.fixture(scope="module", params=["mariadb", "standalone"])
def images(
    request: pytest.FixtureRequest,
    glance: Glance,
    start_deployment: Callable[..., Deployment],
) -> Deployment:
    """A deployment that knows Glance."""
    kinds: dict[str, dict[str, str]] = {
        "mariadb": {"database": "mariadb"},
        "standalone": {"database": "sqlite", "messaging": "in-process"},
    }
    settings = {"DEFAULT": {"glance_api_servers": glance.url}}
    return start_deployment(settings=settings, **kinds[request.param])


def _disk(folder: Path) -> Path:
    """Make a raw disk of 20 MiB with data here and there."""
    path = folder / "disk.raw"
    with path.open("wb") as file:
        for place in (0, 5, 13, 19):
            file.seek(place * MIB)
            file.write(os.urandom(MIB // 2))
        file.truncate(20 * MIB)
    return path


def _converted(raw: Path, disk_format: str) -> Path:
    path = raw.with_suffix(f".{disk_format}")
    subprocess.run(["qemu-img", "convert", "-O", disk_format, raw, path], check=True)
    return path


@pytest.mark.parametrize("disk_format", ["raw", "qcow2", "vmdk"])
def test_there_and_back(
    images: Deployment, glance: Glance, tmp_path: Path, disk_format: str
) -> None:
    raw = _disk(tmp_path)
    source = raw if disk_format == "raw" else _converted(raw, disk_format)
    subprocess.run(["qemu-img", "convert", "-O", "raw", source, tmp_path / "again"], check=True)
    expected = (tmp_path / "again").read_bytes()
    image_id = glance.add(source, disk_format)

    volume = images.create_volume(1, name="boot", imageRef=image_id)
    assert volume["bootable"] == "true"
    assert volume["volume_image_metadata"]["image_id"] == image_id
    assert volume["volume_image_metadata"]["disk_format"] == disk_format
    with images.volume_file(volume).open("rb") as file:
        assert file.read(len(expected)) == expected
    assert images.volume_file(volume).stat().st_size == GIB
    assert images.volume_file(volume).stat().st_blocks * 512 < 64 * MIB, "it is not sparse"

    asked = {"image_name": "back", "disk_format": "qcow2", "container_format": "bare"}
    answer = images.action(volume["id"], "os-volume_upload_image", asked)
    assert answer.status_code == 202, answer.text
    made = answer.json()["os-volume_upload_image"]["image_id"]
    images.wait_for_status(volume["id"], "available")
    assert glance.show(made)["status"] == "active"
    saved = glance.save(made, tmp_path / "saved.qcow2")
    same: list[str | Path] = ["qemu-img", "compare", "-F", "raw", saved, images.volume_file(volume)]
    subprocess.run(same, check=True, stdout=subprocess.DEVNULL)
    images.delete_volume(volume["id"])


def test_a_hostile_image_leaves_nothing(images: Deployment, glance: Glance, tmp_path: Path) -> None:
    hostile = tmp_path / "hostile.qcow2"
    options = ["-f", "qcow2", "-F", "raw", "-b", "/etc/passwd"]
    subprocess.run(["qemu-img", "create", "-u", *options, hostile, "1M"], check=True)
    try:
        image_id = glance.add(hostile, "qcow2")
    except requests.HTTPError:
        pytest.skip("this Glance refuses the image itself")
    volume = images.create_volume(1, wait=False, imageRef=image_id)
    images.wait_for_status(volume["id"], "error")
    assert not list(images.directory.rglob(f"*{volume['id']}*"))
    assert not [p for p in images.directory.rglob("image-*") if p.is_dir()]
    images.delete_volume(volume["id"])


def test_many_at_once(images: Deployment, glance: Glance, tmp_path: Path) -> None:
    raw = _disk(tmp_path)
    image_id = glance.add(raw, "raw")
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: images.create_volume(1, imageRef=image_id), range(6)))
    for volume in made:
        with images.volume_file(volume).open("rb") as file:
            assert file.read(20 * MIB) == raw.read_bytes()
        images.delete_volume(volume["id"])
