# SPDX-License-Identifier: Apache-2.0
"""Files to copy, and what became of them."""

from __future__ import annotations

import hashlib
import os
import pathlib
import random
from collections.abc import Callable

import pytest

MIB = 1024**2

MakeFile = Callable[..., str]


def digest(path: str) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def allocated(path: str) -> int:
    """Return the bytes that a file takes on its file system."""
    return os.stat(path).st_blocks * 512


def noise(size: int) -> bytes:
    """Return bytes without any block of zeros, the same in every run."""
    return random.Random(size).randbytes(size)


@pytest.fixture
def make_file(tmp_path: pathlib.Path) -> MakeFile:
    """Return ``make_file(name, size, {offset: data})``, which makes a sparse file."""

    def make(name: str, size: int, data: dict[int, bytes] | None = None) -> str:
        path = tmp_path / name
        with path.open("wb") as file:
            file.truncate(size)
            for offset, piece in (data or {}).items():
                file.seek(offset)
                file.write(piece)
            os.fsync(file.fileno())
        return str(path)

    return make


@pytest.fixture
def image(make_file: MakeFile) -> str:
    """Return a file of 4 MiB: noise, a hole of 2 MiB, noise."""
    return make_file("image", 4 * MIB, {0: noise(MIB), 3 * MIB: noise(MIB - 7)})


@pytest.fixture
def blank(make_file: MakeFile) -> str:
    """Return a file of 4 MiB that holds nothing but a hole."""
    return make_file("blank", 4 * MIB)
