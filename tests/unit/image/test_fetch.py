# SPDX-License-Identifier: Apache-2.0
"""An image becomes a raw file, or is refused; hostile ones are made here, byte by byte."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
from typing import Any

import pytest

from cinder_lite import exception
from cinder_lite.image import fetch, qemu
from cinder_lite.image.glance import ImageService
from tests.glance import FakeGlance
from tests.unit.conftest import SetOption

MIB = 1024**2
GIB = 1024**3

needs_qemu = pytest.mark.skipif(shutil.which("qemu-img") is None, reason="needs qemu-img")


def disk(size: int = 3 * MIB) -> bytes:
    """Return a disk with something at its start and end, and a hole between."""
    return b"begin" * 1000 + bytes(size - 10000) + b"end!!" * 1000


def qemu_img(*words: str | pathlib.Path) -> None:
    subprocess.run(["qemu-img", *map(str, words)], check=True, capture_output=True)


def made(tmp_path: pathlib.Path, name: str, *options: str, data: bytes | None = None) -> bytes:
    """Return a disk as a file of another format."""
    raw, path = tmp_path / "source.raw", tmp_path / f"source.{name}"
    raw.write_bytes(disk() if data is None else data)
    qemu_img("convert", "-O", name, *options, raw, path)
    return path.read_bytes()


class Fetcher:
    """Fetches images of a stand-in Glance, and checks that nothing is left of them."""

    def __init__(self, service: ImageService, glance: FakeGlance, folder: pathlib.Path) -> None:
        self._service, self._glance, self._folder = service, glance, folder

    def __call__(self, image_id: str, size: int = 1) -> bytes:
        image = self._service.show(image_id)
        try:
            with fetch.raw_image(self._service, image, size, owner="h@b") as raw:
                data = pathlib.Path(raw.path).read_bytes()
                assert len(data) == raw.size
                return data
        finally:
            assert [p for p in self._folder.rglob("*") if p.is_file()] == []

    def refused(self, image_id: str, size: int = 1) -> str:
        """Return the sentence with which an image is refused."""
        with pytest.raises(exception.Invalid) as caught:
            self(image_id, size)
        return str(caught.value)


@pytest.fixture
def fetched(service: ImageService, glance: FakeGlance, tmp_path: pathlib.Path) -> Fetcher:
    folder = tmp_path / "conversion"
    folder.mkdir()
    return Fetcher(service, glance, folder)


# --- good ones -------------------------------------------------------------------------------


def test_a_raw_image_keeps_its_bytes(glance: FakeGlance, fetched: Fetcher) -> None:
    assert fetched(glance.add(disk())) == disk()


def test_a_size_that_is_no_multiple_of_a_mib_is_filled_up(
    glance: FakeGlance, fetched: Fetcher
) -> None:
    assert fetched(glance.add(b"abc")) == b"abc" + bytes(MIB - 3)


@needs_qemu
@pytest.mark.parametrize(
    ("disk_format", "qemu_name", "options"),
    [
        ("qcow2", "qcow2", ()),
        ("qcow2", "qcow2", ("-c",)),
        ("vmdk", "vmdk", ("-o", "subformat=streamOptimized")),
        ("vmdk", "vmdk", ()),
        ("vhdx", "vhdx", ()),
        ("vdi", "vdi", ()),
    ],
)
def test_other_formats_are_converted(
    glance: FakeGlance,
    fetched: Fetcher,
    tmp_path: pathlib.Path,
    disk_format: str,
    qemu_name: str,
    options: tuple[str, ...],
) -> None:
    image_id = glance.add(made(tmp_path, qemu_name, *options), disk_format)
    data = fetched(image_id)
    assert data[: 3 * MIB] == disk()
    assert not any(data[3 * MIB :])


def test_an_iso_image_is_taken_as_it_is(glance: FakeGlance, fetched: Fetcher) -> None:
    iso = bytearray(bytes(64 * 1024))
    iso[0x8000:0x8007] = b"\x01CD001\x01"
    assert fetched(glance.add(bytes(iso), "iso"))[: len(iso)] == bytes(iso)


def test_an_image_without_a_checksum_is_taken(glance: FakeGlance, fetched: Fetcher) -> None:
    bare: dict[str, Any] = {"checksum": None, "os_hash_value": None, "os_hash_algo": None}
    assert fetched(glance.add(b"abc", **bare))[:3] == b"abc"


# --- hostile ones ----------------------------------------------------------------------------


@needs_qemu
def test_a_backing_file(glance: FakeGlance, fetched: Fetcher, tmp_path: pathlib.Path) -> None:
    secret, path = tmp_path / "secret", tmp_path / "hostile.qcow2"
    secret.write_bytes(b"s" * MIB)
    qemu_img("create", "-f", "qcow2", "-F", "raw", "-b", secret, path)
    sentence = fetched.refused(glance.add(path.read_bytes(), "qcow2"))
    assert "its qcow2 format is not safe" in sentence
    assert "backing_file" in sentence


@needs_qemu
def test_a_data_file(glance: FakeGlance, fetched: Fetcher, tmp_path: pathlib.Path) -> None:
    path, data = tmp_path / "hostile.qcow2", tmp_path / "data"
    options = f"data_file={data},data_file_raw=on"
    qemu_img("create", "-f", "qcow2", "-o", options, path, "1M")
    assert "data_file" in fetched.refused(glance.add(path.read_bytes(), "qcow2"))


@needs_qemu
def test_a_disk_larger_than_the_volume(
    glance: FakeGlance, fetched: Fetcher, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "bomb.qcow2"
    qemu_img("create", "-f", "qcow2", path, "5T")
    sentence = fetched.refused(glance.add(path.read_bytes(), "qcow2"))
    assert "Image virtual size is 5120GB and doesn't fit in a volume of size 1GB" in sentence


DESCRIPTOR = """# Disk DescriptorFile
version=1
CID=12345678
parentCID=ffffffff
createType="{kind}"

# Extent description
RW 2048 FLAT "/etc/passwd" 0

# The Disk Data Base
ddb.adapterType = "ide"
"""


@pytest.mark.parametrize("kind", ["monolithicFlat", "vmfs", "twoGbMaxExtentFlat"])
def test_a_vmdk_descriptor_that_names_a_file(
    glance: FakeGlance, fetched: Fetcher, kind: str
) -> None:
    text = DESCRIPTOR.format(kind=kind).encode().ljust(64 * 1024, b"\n")
    assert "is unacceptable" in fetched.refused(glance.add(text, "vmdk"))


@needs_qemu
def test_a_vmdk_whose_embedded_descriptor_names_a_file(
    glance: FakeGlance, fetched: Fetcher, tmp_path: pathlib.Path
) -> None:
    image = bytearray(made(tmp_path, "vmdk"))
    start = image.index(b"RW ")
    end = image.index(b'"\n', start)
    name = b'RW 2048 SPARSE "/etc/passwd'
    image[start:end] = name[: end - start].ljust(end - start, b"x")
    assert "not safe" in fetched.refused(glance.add(bytes(image), "vmdk"))


@needs_qemu
def test_a_vmdk_type_that_is_not_allowed(
    glance: FakeGlance, fetched: Fetcher, tmp_path: pathlib.Path, option: SetOption
) -> None:
    option("vmdk_allowed_types", ["streamOptimized"])
    sentence = fetched.refused(glance.add(made(tmp_path, "vmdk"), "vmdk"))
    assert "VMDK images of the type monolithicsparse are not accepted" in sentence


@needs_qemu
def test_many_reads_at_once_take_little_address_space(
    glance: FakeGlance,
    fetched: Fetcher,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(qemu, "GIB", 200 * MIB)
    data = os.urandom(64 * MIB)
    assert fetched(glance.add(made(tmp_path, "qcow2", data=data), "qcow2")) == data


@needs_qemu
def test_a_qcow2_that_claims_to_be_raw(
    glance: FakeGlance, fetched: Fetcher, tmp_path: pathlib.Path
) -> None:
    sentence = fetched.refused(glance.add(made(tmp_path, "qcow2"), "raw"))
    assert "it was registered as raw, but its data is qcow2" in sentence


def test_a_raw_image_that_claims_to_be_qcow2(glance: FakeGlance, fetched: Fetcher) -> None:
    assert "registered as qcow2, but its data is raw" in fetched.refused(
        glance.add(disk(), "qcow2")
    )


@needs_qemu
def test_a_damaged_qcow2(glance: FakeGlance, fetched: Fetcher, tmp_path: pathlib.Path) -> None:
    whole = made(tmp_path, "qcow2")
    broken = whole[:65536] + b"\xff" * (len(whole) - 65536)
    sentence = fetched.refused(glance.add(broken, "qcow2"))
    assert "qemu-img can not convert it" in sentence
    assert str(tmp_path) not in sentence


@needs_qemu
def test_qemu_img_is_kept_within_limits(
    glance: FakeGlance,
    fetched: Fetcher,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cinder_lite.image.qemu.GIB", 4096)
    image_id = glance.add(made(tmp_path, "qcow2"), "qcow2")
    assert "qemu-img can not convert it" in fetched.refused(image_id)


@pytest.mark.parametrize("field", ["os_hash_value", "checksum"])
def test_a_wrong_checksum(glance: FakeGlance, fetched: Fetcher, field: str) -> None:
    fields: dict[str, Any] = {field: "0" * 32}
    if field == "checksum":
        fields["os_hash_value"] = None
    assert "checksum is" in fetched.refused(glance.add(disk(), **fields))


def test_an_unknown_hash(glance: FakeGlance, fetched: Fetcher) -> None:
    assert "hash algorithm rot13 is unknown" in fetched.refused(
        glance.add(disk(), os_hash_algo="rot13")
    )


def test_a_download_that_ends_early(glance: FakeGlance, fetched: Fetcher) -> None:
    image_id = glance.add(disk())
    glance.truncated.add(image_id)
    assert "Failed to download image" in fetched.refused(image_id)


def test_more_data_than_announced(glance: FakeGlance, fetched: Fetcher) -> None:
    assert "Glance sends more than the 10 bytes" in fetched.refused(glance.add(disk(), size=10))


def test_no_room(glance: FakeGlance, fetched: Fetcher) -> None:
    assert "bytes are needed" in fetched.refused(glance.add(disk(), size=2**60))


def test_conversion_switched_off(glance: FakeGlance, fetched: Fetcher, option: SetOption) -> None:
    option("image_conversion_disable", True)
    assert "disk_format is qcow2, not raw" in fetched.refused(glance.add(disk(), "qcow2"))
    assert fetched(glance.add(disk())) == disk()


def test_leftovers_of_a_killed_service_are_removed(
    fetched: Fetcher, tmp_path: pathlib.Path
) -> None:
    for owner in ("h@b", "h@other"):
        left = tmp_path / "conversion" / owner / "image-x"
        left.mkdir(parents=True)
        (left / "downloaded").write_bytes(b"x")
    fetch.clean("h@b")
    assert [p.name for p in (tmp_path / "conversion").iterdir()] == ["h@other"]


# --- files of this node ----------------------------------------------------------------------


def placed(glance: FakeGlance, path: pathlib.Path, data: bytes, **fields: Any) -> str:
    """Add an image whose data Glance says to be in a file."""
    path.write_bytes(data)
    places = [{"url": path.as_uri(), "metadata": {}}]
    return glance.add(data, locations=places, **fields)


def test_a_file_is_read_in_glances_place(
    glance: FakeGlance, fetched: Fetcher, tmp_path: pathlib.Path, option: SetOption
) -> None:
    image_id = placed(glance, tmp_path / "image", disk())
    option("allowed_direct_url_schemes", ["file"])
    assert fetched(image_id) == disk()
    assert glance.downloads == 0
    option("allowed_direct_url_schemes", ["cinder"])
    assert fetched(image_id) == disk()
    assert glance.downloads == 1


def test_a_file_is_checked_as_a_download_is(
    glance: FakeGlance, fetched: Fetcher, tmp_path: pathlib.Path, option: SetOption
) -> None:
    option("allowed_direct_url_schemes", ["file"])
    image_id = placed(glance, tmp_path / "image", disk())
    (tmp_path / "image").write_bytes(bytes(len(disk())))
    assert "sha512 checksum is" in fetched.refused(image_id)
    hostile = placed(glance, tmp_path / "other", b"QFI\xfb\0\0\0\2" + bytes(5000))
    assert "registered as raw, but its data is qcow2" in fetched.refused(hostile)
    assert glance.downloads == 0
