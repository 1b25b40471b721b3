# SPDX-License-Identifier: Apache-2.0
"""Volumes that share the blocks of an image's file."""

from __future__ import annotations

import os
import pathlib
from typing import Any

import pytest

from cinder_lite import exception
from cinder_lite.context import RequestContext
from cinder_lite.volume.drivers import filestore
from cinder_lite.volume.drivers.file import FileDriver
from tests.unit.conftest import SetOption
from tests.unit.volume.drivers.conftest import GIB, MakeDriver, volume_of

DATA = b"boot" * 1000


@pytest.fixture(autouse=True)
def reflinks(option: SetOption, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a file system that shares blocks, and allow files."""

    def share(fd: int, _number: int, source: int) -> None:
        os.pwrite(fd, os.pread(source, os.fstat(source).st_size, 0), 0)

    option("allowed_direct_url_schemes", ["file"])
    monkeypatch.setattr(filestore.fcntl, "ioctl", share)


@pytest.fixture
def image(tmp_path: pathlib.Path) -> dict[str, Any]:
    """A raw image in a file."""
    path = tmp_path / "image"
    path.write_bytes(DATA)
    return {
        "id": "i",
        "size": len(DATA),
        "disk_format": "raw",
        "container_format": "bare",
        "direct_url": path.as_uri(),
    }


def clone(driver: FileDriver, context: RequestContext, image: dict[str, Any]) -> Any:
    """Return the path of the volume's file and whether it was cloned."""
    volume = volume_of(driver, size=1)
    place = (image["direct_url"], image.get("locations") or [])
    update, cloned = driver.clone_image(context, volume, place, image, None)
    assert update is None
    return pathlib.Path(driver.local_path(volume)), cloned


def test_blocks_are_shared(
    alpha: FileDriver, context: RequestContext, image: dict[str, Any]
) -> None:
    path, cloned = clone(alpha, context, image)
    assert cloned
    with path.open("rb") as file:
        assert file.read(len(DATA) + 4) == DATA + bytes(4)
    assert path.stat().st_size == GIB


@pytest.mark.parametrize(
    "fields",
    [
        {"disk_format": "qcow2"},
        {"container_format": "ovf"},
        {"size": 1},
        {"direct_url": None},
        {"direct_url": "file:///nowhere"},
        {"direct_url": "cinder://x"},
    ],
)
def test_what_is_not_shared_leaves_nothing(
    alpha: FileDriver, context: RequestContext, image: dict[str, Any], fields: dict[str, Any]
) -> None:
    path, cloned = clone(alpha, context, {**image, **fields})
    assert not cloned
    assert os.listdir(path.parent) == []


def test_an_image_that_is_not_what_it_claims_is_refused(
    alpha: FileDriver, context: RequestContext, image: dict[str, Any], tmp_path: pathlib.Path
) -> None:
    (tmp_path / "image").write_bytes(b"QFI\xfb\0\0\0\2".ljust(len(DATA), b"\0"))
    with pytest.raises(exception.ImageUnacceptable, match="registered as raw, but"):
        clone(alpha, context, image)
    assert os.listdir(alpha.configuration.file_data_dir) == []


def test_a_file_system_that_can_not_share(
    alpha: FileDriver,
    context: RequestContext,
    image: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(filestore.Partial, "share_blocks_of", lambda *_: False)
    path, cloned = clone(alpha, context, image)
    assert not cloned
    assert os.listdir(path.parent) == []


def test_thick_volumes_share_nothing(
    make_driver: MakeDriver, context: RequestContext, image: dict[str, Any]
) -> None:
    assert not clone(make_driver("thick", file_sparsed_volumes=False), context, image)[1]
