# SPDX-License-Identifier: Apache-2.0
"""Volumes on LVM from images, and images from them; Glance is outside of the machine."""

from __future__ import annotations

import hashlib
import random
import subprocess
from pathlib import Path

import pytest

from tests.functional.harness.process import wait_until
from tests.glance import KEPT
from tests.storage.deployment import (
    ALPHA_THICK,
    ALPHA_THIN,
    SLOW_SECONDS,
    Backend,
    StorageDeployment,
)
from tests.storage.groups import MIB

DATA = 12 * MIB
VIRTUAL = 96 * MIB


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """The raw bytes of an image: data, a hole, data."""
    path = tmp_path / "disk.raw"
    noise = random.Random(4)
    with path.open("wb") as file:
        file.truncate(VIRTUAL)
        for offset in (0, VIRTUAL - DATA):
            file.seek(offset)
            file.write(noise.randbytes(DATA))
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "disk_format"),
    [
        pytest.param(ALPHA_THICK, "qcow2", id="thick-qcow2"),
        pytest.param(ALPHA_THIN, "raw", id="thin-raw"),
    ],
)
def test_from_an_image_and_back(
    storage: StorageDeployment, disk: Path, tmp_path: Path, backend: Backend, disk_format: str
) -> None:
    """The volume has the image's bytes and zeros behind them; an image of it has the same."""
    image = tmp_path / "image"
    subprocess.run(["qemu-img", "convert", "-O", disk_format, disk, image], check=True)
    image_id = storage.images.add(image.read_bytes(), disk_format)
    volume = storage.create_volume(host=backend.host, imageRef=image_id)
    assert volume["bootable"] == "true"
    found = storage.logical_volume(volume)
    raw = hashlib.sha256(disk.read_bytes()).hexdigest()
    assert storage.groups.digest(found.path, VIRTUAL) == raw
    assert storage.groups.digest(found.path) == _padded(disk, found.size)
    if backend.lvm_type == "thin":
        filled = found.data_percent * found.size / 100
        # The hole takes no room. LVM says hundredths of a percent, and allocates whole chunks.
        assert abs(filled - 2 * DATA) <= 2 * MIB
    body = {"image_name": "again", "disk_format": "raw", "container_format": "bare"}
    answer = storage.action(volume["id"], "os-volume_upload_image", body)
    assert answer.status_code == 202, answer.text
    made = answer.json()["os-volume_upload_image"]["image_id"]
    images = storage.images.images
    wait_until(lambda: images[made]["status"] == "active", SLOW_SECONDS, "the image")
    storage.wait_for_status(volume["id"], "available")
    assert images[made]["size"] == found.size
    # The stand-in keeps only the beginning.
    beginning = disk.read_bytes()[:KEPT]
    assert storage.images.data[made][:KEPT] == beginning


def _padded(disk: Path, size: int) -> str:
    """Return the digest of a disk with zeros up to a size."""
    digest = hashlib.sha256(disk.read_bytes())
    zeros = bytes(MIB)
    for _ in range((size - disk.stat().st_size) // MIB):
        digest.update(zeros)
    return digest.hexdigest()
