# SPDX-License-Identifier: Apache-2.0
"""Volumes of images and images of volumes, with a Glance over HTTP.

``CINDER_LITE_TEST_GLANCE`` may name another Glance, which takes any token or has a proxy before it
that puts in a good one; without it a stand-in runs in this process.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import glance as stand_in
from tests.functional.harness.deployment import Deployment, program
from tests.functional.harness.process import wait_until

MIB, GIB = 1024**2, 1024**3
URL = "CINDER_LITE_TEST_GLANCE"

pytestmark = pytest.mark.skipif(shutil.which("qemu-img") is None, reason="needs qemu-img")


class Glance:
    """Glance as a user sees it."""

    def __init__(self, url: str, stand_in: stand_in.FakeGlance | None = None) -> None:
        self.url = url
        self.stand_in = stand_in
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
        yield Glance(running.url, running)


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


def _backing_file(folder: Path) -> tuple[Path, str]:
    path = folder / "hostile"
    options = ["-f", "qcow2", "-F", "raw", "-b", "/etc/passwd"]
    subprocess.run(["qemu-img", "create", "-u", *options, path, "1M"], check=True)
    return path, "qcow2"


def _data_file(folder: Path) -> tuple[Path, str]:
    path = folder / "hostile"
    options = ["-f", "qcow2", "-o", f"data_file={folder / 'data'},data_file_raw=on"]
    subprocess.run(["qemu-img", "create", *options, path, "1M"], check=True)
    return path, "qcow2"


def _huge(folder: Path) -> tuple[Path, str]:
    """Make a file of 200 kB that would become a TiB."""
    path = folder / "hostile"
    subprocess.run(["qemu-img", "create", "-f", "qcow2", path, "1T"], check=True)
    return path, "qcow2"


def _descriptor(folder: Path) -> tuple[Path, str]:
    path = folder / "hostile"
    path.write_text(
        "# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\n"
        'createType="monolithicFlat"\n\nRW 2048 FLAT "/etc/passwd" 0\n'
    )
    return path, "vmdk"


def _disguised(folder: Path) -> tuple[Path, str]:
    path, _ = _backing_file(folder)
    return path, "raw"


@pytest.mark.parametrize("make", [_backing_file, _data_file, _huge, _descriptor, _disguised])
def test_a_hostile_image_leaves_nothing(
    images: Deployment, glance: Glance, tmp_path: Path, make: Callable[[Path], tuple[Path, str]]
) -> None:
    try:
        image_id = glance.add(*make(tmp_path))
    except requests.HTTPError:
        pytest.skip("this Glance refuses the image itself")
    if glance.show(image_id).get("virtual_size"):
        # A Glance that looks into images tells what they would become, so the API refuses.
        with pytest.raises(AssertionError, match="doesn't fit in a volume"):
            images.create_volume(1, wait=False, imageRef=image_id)
        return
    _create_in_vain(images, image_id)


def _create_in_vain(images: Deployment, image_id: str) -> None:
    """Have a volume made of an image that is refused; nothing may be left of either."""
    before = images.get("/limits")["limits"]["absolute"]
    volume = images.create_volume(1, wait=False, imageRef=image_id)
    images.wait_for_status(volume["id"], "error")
    assert not list(images.directory.rglob(f"*{volume['id']}*"))
    assert not [p for p in images.directory.rglob("image-*") if p.is_dir()]
    assert images.get("/limits")["limits"]["absolute"] == before, "it is counted"
    [told] = [
        one for one in images.get("/messages")["messages"] if one["resource_uuid"] == volume["id"]
    ]
    assert told["user_message"].startswith("create volume from backend storage:")
    images.delete_volume(volume["id"])
    assert images.get("/limits")["limits"]["absolute"] == before, "it is given back twice"


def test_data_that_does_not_arrive_as_it_was_sent_is_refused(
    images: Deployment, glance: Glance
) -> None:
    if glance.stand_in is None:
        pytest.skip("a real Glance sends what it has")
    wrong = glance.stand_in.add(b"data" * MIB, os_hash_value="0" * 128)
    _create_in_vain(images, wrong)
    cut = glance.stand_in.add(b"data" * MIB)
    glance.stand_in.truncated.add(cut)
    _create_in_vain(images, cut)


def test_many_at_once(images: Deployment, glance: Glance, tmp_path: Path) -> None:
    raw = _disk(tmp_path)
    image_id = glance.add(raw, "raw")
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: images.create_volume(1, imageRef=image_id), range(6)))
    for volume in made:
        with images.volume_file(volume).open("rb") as file:
            assert file.read(20 * MIB) == raw.read_bytes()
        images.delete_volume(volume["id"])


def test_twenty_at_once_read_glance_once(deploy: Callable[..., Deployment], tmp_path: Path) -> None:
    """With the cache the first one reads Glance, and the others wait for it and clone."""
    raw = _disk(tmp_path)
    with stand_in.running() as running:
        image_id = running.add(raw.read_bytes())
        settings = {
            "DEFAULT": {
                "glance_api_servers": running.url,
                "cinder_internal_tenant_project_id": "internal",
            },
            "file": {"image_volume_cache_enabled": True},
        }
        cached = deploy(settings=settings, hosts=("alpha",))
        with ThreadPoolExecutor(5) as pool:
            made = list(pool.map(lambda _: cached.create_volume(1, imageRef=image_id), range(20)))
        for volume in made:
            with cached.volume_file(volume).open("rb") as file:
                assert file.read(20 * MIB) == raw.read_bytes()
        assert running.downloads == 1


@pytest.mark.parametrize("activity", ["downloading", "copying"])
def test_a_creation_that_is_killed_is_done_again(
    deploy: Callable[..., Deployment], tmp_path: Path, activity: str
) -> None:
    """The volume has the image's bytes in the end, and the node nothing besides."""
    raw = _disk(tmp_path).read_bytes()
    with stand_in.running() as running:
        image_id = running.add(raw)
        settings = {
            "DEFAULT": {"glance_api_servers": running.url},
            "file": {"volume_copy_bps_limit": MIB // 4},
        }
        cloud = deploy(settings=settings, hosts=("alpha",))
        if activity == "downloading":
            running.flowing.clear()
        volume = cloud.create_volume(1, wait=False, imageRef=image_id)
        if activity == "downloading":
            cloud.wait_for_status(volume["id"], activity)
        else:
            wait_until(lambda: activity in _progress(cloud, volume["id"]), 60, activity)
        cloud.kill("volume-alpha")
        running.flowing.set()
        cloud.start("volume-alpha")
        made = cloud.wait_for_status(volume["id"], "available")
        assert made["metadata"] == {}
        assert made["volume_image_metadata"]["image_id"] == image_id
        with cloud.volume_file(made).open("rb") as file:
            assert file.read(len(raw)) == raw
            assert not any(file.read())
        assert running.downloads == 2
        assert not list(cloud.directory.rglob("conversion/*/*"))
        assert cloud.get(f"/messages?resource_uuid={volume['id']}")["messages"] == []


def _progress(cloud: Deployment, volume_id: str) -> str:
    return str(cloud.show(volume_id)["metadata"].get("creation_progress"))


def test_its_progress_is_seen(deploy: Callable[..., Deployment], tmp_path: Path) -> None:
    """A creation that takes seconds says how far it is; the command line shows that."""
    with stand_in.running() as running:
        image_id = running.add(_disk(tmp_path).read_bytes())
        settings = {
            "DEFAULT": {"glance_api_servers": running.url},
            "file": {"volume_copy_bps_limit": MIB // 2},
        }
        slow = deploy(
            settings=settings, hosts=("alpha",), database="sqlite", messaging="in-process"
        )
        volume = slow.create_volume(1, wait=False, imageRef=image_id, metadata={"mine": "too"})
        assert volume["metadata"] == {"mine": "too"}
        seen = []
        while (now := slow.show(volume["id"]))["status"] in ("creating", "downloading"):
            seen.append(now["metadata"].get("creation_progress"))
            time.sleep(0.1)
        assert (now["status"], now["metadata"]) == ("available", {"mine": "too"})
        told = [text for text in dict.fromkeys(seen) if text is not None]
        assert len(told) >= 2
        assert all(re.fullmatch(r"copying \d+%", text) for text in told), told
        words = ("create", "1", "--image", image_id, "--wait", "-f", "value", "-c", "status")
        url = f"{slow.root_url}/v3/{slow.project}"
        shown = subprocess.run(
            [program("cinder-lite"), "--os-auth-type", "none", "--os-endpoint", url, *words],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        assert shown.stdout == "available\n"
        assert re.match(r"Volume \S+: copying \d+%\n", shown.stderr), shown.stderr
