# SPDX-License-Identifier: Apache-2.0
"""Glance, or what looks like it, for one test."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from cinder_lite.context import RequestContext
from cinder_lite.image import glance as glance_client
from cinder_lite.image.glance import ImageService
from tests import glance as fakes
from tests.unit.conftest import SetOption


@pytest.fixture
def glance(option: SetOption, tmp_path: pathlib.Path) -> Iterator[fakes.FakeGlance]:
    """Run a stand-in for Glance and configure its address."""
    with fakes.running() as running:
        option("glance_api_servers", [running.url])
        option("image_conversion_dir", str(tmp_path / "conversion"))
        yield running
    glance_client._client.cache_clear()


@pytest.fixture
def service(glance: fakes.FakeGlance, monkeypatch: pytest.MonkeyPatch) -> ImageService:
    """Return Glance as a caller sees it, without pauses between tries."""
    monkeypatch.setattr(glance_client, "RETRY_SECONDS", 0.0)
    return ImageService(RequestContext(auth_token="a-token", overwrite=False))
