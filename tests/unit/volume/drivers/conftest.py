# SPDX-License-Identifier: Apache-2.0
"""Two backends of one node, each with a directory, and volumes to keep in them."""

from __future__ import annotations

import hashlib
import os
import pathlib
import types
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from cinder_lite import context as request_context
from cinder_lite.context import RequestContext
from cinder_lite.objects import Volume
from cinder_lite.volume.copy import native
from cinder_lite.volume.copy.child.extents import data_extents
from cinder_lite.volume.drivers.file import FileDriver
from tests.unit.volume.copy.conftest import MIB, noise

GIB = 1024**3
BLOCK = 64 * 1024

MakeDriver = Callable[..., FileDriver]


def volume_of(driver: FileDriver, **values: Any) -> Volume:
    """Return the row of a new volume of 1 GiB on a backend."""
    row: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "size": 1,
        "host": f"{driver.host}#pool",
        "status": "available",
        **values,
    }
    return Volume(**row)


def fingerprint(path: str) -> str:
    """Return a SHA-256 of what a file reads as; holes cost no reading, so a GiB takes no time."""
    size = os.stat(path).st_size
    sums = hashlib.sha256(str(size).encode())
    with pathlib.Path(path).open("rb") as file:
        for start, length in data_extents(file.fileno(), size):
            for offset in range(start - start % BLOCK, start + length, BLOCK):
                block = os.pread(file.fileno(), BLOCK, offset)
                if block.strip(b"\0"):
                    sums.update(b"%d:" % offset + block)
    return sums.hexdigest()


def fill(driver: FileDriver, volume: Volume) -> str:
    """Write data with a hole before, between and behind into a volume; return its SHA-256."""
    path = pathlib.Path(driver.local_path(volume))
    with path.open("r+b") as file:
        for offset in (MIB, 100 * MIB, 900 * MIB):
            file.seek(offset)
            file.write(noise(MIB))
    return fingerprint(str(path))


def host_of(driver: FileDriver) -> dict[str, Any]:
    """Return a backend as the destination of a move."""
    return {"host": f"{driver.host}#pool", "capabilities": driver.get_volume_stats()}


@pytest.fixture
def context() -> RequestContext:
    """Return an administrator's context."""
    return request_context.admin_context()


@pytest.fixture
def offloads(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Return a list of the copies to come: whether the kernel was let copy."""
    seen, copy = list[bool](), native.copy

    def noting(*words: Any, **options: Any) -> None:
        seen.append(options["offload"])
        copy(*words, **options)

    monkeypatch.setattr(native, "copy", noting)
    return seen


@pytest.fixture
def make_driver(tmp_path: pathlib.Path, context: RequestContext) -> MakeDriver:
    """Return ``make_driver(backend, **options)``, which sets a file driver up."""

    def make(backend: str, **options: Any) -> FileDriver:
        values: dict[str, Any] = {
            "file_data_dir": str(tmp_path / backend),
            "volume_backend_name": backend,
            "reserved_percentage": 5,
            "max_over_subscription_ratio": "20.0",
            "file_sparsed_volumes": True,
            "file_data_dir_is_shared": False,
            **options,
        }
        configuration = types.SimpleNamespace(**values)
        driver = FileDriver(configuration=configuration, host=f"node1@{backend}")
        driver.do_setup(context)
        driver.check_for_setup_error()
        driver.set_initialized()
        return driver

    return make


@pytest.fixture
def alpha(make_driver: MakeDriver) -> FileDriver:
    """Return the backend that volumes leave."""
    return make_driver("alpha")


@pytest.fixture
def beta(make_driver: MakeDriver) -> FileDriver:
    """Return the backend that volumes go to."""
    return make_driver("beta")
