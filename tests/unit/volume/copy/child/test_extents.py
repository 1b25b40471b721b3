# SPDX-License-Identifier: Apache-2.0
"""Tests of finding what need not be copied."""

from __future__ import annotations

import os
import pathlib

import pytest

from cinder_lite.volume.copy.child.extents import ZERO_UNIT, data_extents, nonzero_runs
from tests.unit.volume.copy.conftest import MIB, MakeFile, noise


def extents_of(path: str, size: int) -> list[tuple[int, int]]:
    with pathlib.Path(path).open("rb") as file:
        return list(data_extents(file.fileno(), size))


def test_data_between_holes_is_found(make_file: MakeFile) -> None:
    path = make_file("f", 8 * MIB, {MIB: noise(MIB), 5 * MIB: noise(2 * MIB)})
    assert extents_of(path, 8 * MIB) == [(MIB, MIB), (5 * MIB, 2 * MIB)]


def test_a_hole_alone_has_no_data(make_file: MakeFile) -> None:
    assert extents_of(make_file("f", 8 * MIB), 8 * MIB) == []


def test_nothing_beyond_the_size_is_told(make_file: MakeFile) -> None:
    path = make_file("f", 8 * MIB, {MIB: noise(4 * MIB), 7 * MIB: noise(MIB)})
    assert extents_of(path, 2 * MIB) == [(MIB, MIB)]
    assert extents_of(path, MIB) == []


def test_an_error_of_the_file_system_is_not_taken_for_a_hole() -> None:
    reading, writing = os.pipe()
    try:
        with pytest.raises(OSError, match="seek"):
            list(data_extents(reading, MIB))
    finally:
        os.close(reading)
        os.close(writing)


def test_runs_of_data_between_zeros() -> None:
    zeros, data = bytes(ZERO_UNIT), b"\0" * (ZERO_UNIT - 1) + b"x"
    buffer = zeros + data + data + zeros + data
    assert list(nonzero_runs(buffer, len(buffer))) == [
        (ZERO_UNIT, 3 * ZERO_UNIT),
        (4 * ZERO_UNIT, 5 * ZERO_UNIT),
    ]


def test_only_the_given_length_counts() -> None:
    buffer = bytes(ZERO_UNIT) + b"x" * ZERO_UNIT
    assert list(nonzero_runs(buffer, ZERO_UNIT)) == []
    assert list(nonzero_runs(buffer, ZERO_UNIT + 10)) == [(ZERO_UNIT, ZERO_UNIT + 10)]
