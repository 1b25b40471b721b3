# SPDX-License-Identifier: Apache-2.0
"""Where an image's data is, and which of these places count."""

from __future__ import annotations

import os
import pathlib
from typing import Any

import pytest

from cinder_lite.image import locations
from tests.unit.conftest import SetOption

ONE, TWO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def image(*urls: str | None, **fields: Any) -> dict[str, Any]:
    direct, *more = urls or (None,)
    return {"id": "i", "direct_url": direct, "locations": [{"url": url} for url in more], **fields}


def test_volumes(option: SetOption) -> None:
    option("allowed_direct_url_schemes", ["cinder"])
    known = image(f"cinder://{ONE}", f"cinder://{ONE}", f"cinder://store/{TWO}", "http://x/y")
    assert locations.volume_ids(known) == [ONE, TWO]
    assert locations.volume_ids(image(None, "cinder://../etc", "cinder://", f"rbd://{ONE}")) == []
    assert locations.volume_ids({"id": "i"}) == []
    assert locations.volume_url(ONE) == f"cinder://{ONE}"
    assert locations.volume_ids(image(locations.volume_url(ONE, "fast"))) == [ONE]


def test_nothing_is_allowed_by_default(tmp_path: pathlib.Path) -> None:
    (tmp_path / "image").write_bytes(b"abc")
    assert locations.volume_ids(image(f"cinder://{ONE}")) == []
    assert locations.local_file(image(f"file://{tmp_path}/image", size=3)) is None


@pytest.mark.parametrize("name", ["image", "with space", "päth"])
def test_a_file(option: SetOption, tmp_path: pathlib.Path, name: str) -> None:
    option("allowed_direct_url_schemes", ["file"])
    path = tmp_path / name
    path.write_bytes(b"abc")
    urls = ("file:///nowhere", path.as_uri())
    assert locations.local_file(image(*urls, size=3)) == str(path)
    assert locations.local_file(image(*urls, size=4)) is None, "another size"


def test_what_is_no_file_of_an_image(option: SetOption, tmp_path: pathlib.Path) -> None:
    option("allowed_direct_url_schemes", ["file"])
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo", "/dev/zero", "/nul%00"):
        size = 0 if "fifo" in str(path) else None
        assert locations.local_file(image(f"file://{path}", size=size)) is None
