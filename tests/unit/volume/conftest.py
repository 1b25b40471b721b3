# SPDX-License-Identifier: Apache-2.0
"""What the tests of the volume service share."""

from __future__ import annotations

import os
import pathlib

import pytest

from cinder_lite.conf.backend import BackendConfiguration
from cinder_lite.volume.backend import Backend
from tests.unit.conftest import SetOption
from tests.unit.volume import filebackend


@pytest.fixture
def backend(
    tmp_path: pathlib.Path,
    sqlite_database: str,
    option: SetOption,
    monkeypatch: pytest.MonkeyPatch,
) -> Backend:
    """Return the backend ``one@file``, whose volumes are files."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    BackendConfiguration("files_of_one")
    option("file_data_dir", str(tmp_path / "one"), "files_of_one")
    option("volume_backend_name", "file", "files_of_one")
    return filebackend.make(tmp_path / "one", "files_of_one", "one@file")
