# SPDX-License-Identifier: Apache-2.0
"""Tests of our own copying process, as its parent sees it."""

from __future__ import annotations

import threading

import pytest

from cinder_lite import exception
from cinder_lite.volume.copy import native
from cinder_lite.volume.copy.progress import CopyProgress, Meter
from tests.unit.volume.copy.conftest import MIB, MakeFile, allocated, digest, noise


def test_a_file_is_copied_without_its_holes(image: str, blank: str) -> None:
    reports = list[CopyProgress]()
    result = native.sparse_copy_file(image, blank, 4 * MIB, reports.append)
    assert digest(blank) == digest(image)
    assert allocated(blank) <= 2 * MIB + 64 * 1024
    assert (result.bytes_copied, result.bytes_skipped) == (2 * MIB, 2 * MIB)
    assert reports[-1].percent == 100


def test_an_empty_file_costs_nothing(make_file: MakeFile) -> None:
    source, target = make_file("source", 1 << 40), make_file("target", 1 << 40)
    result = native.sparse_copy_file(source, target, 1 << 40)
    assert (result.bytes_copied, result.bytes_skipped) == (0, 1 << 40)


def test_a_set_stop_ends_it(image: str, blank: str) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(exception.CopyStopped):
        native.copy(image, blank, 4 * MIB, meter=Meter(4 * MIB), limit=lambda: 1, stop=stop)


def test_a_limit_that_is_lifted_reaches_the_running_copy(image: str, blank: str) -> None:
    asked = [1, 1]  # one byte per second at first: without the second word it would take weeks
    meter = Meter(4 * MIB)
    native.copy(image, blank, 4 * MIB, meter=meter, limit=lambda: asked.pop() if asked else 0)
    assert digest(blank) == digest(image)


def test_zeros_are_written_unless_the_target_is_known_to_have_them(
    image: str, make_file: MakeFile
) -> None:
    target = make_file("dirty", 4 * MIB, {0: noise(4 * MIB)})
    native.copy(image, target, 4 * MIB, meter=Meter(4 * MIB), limit=lambda: 1 << 40)
    assert digest(target) == digest(image)


def test_an_error_is_one_sentence(image: str) -> None:
    with pytest.raises(exception.VolumeCopyFailed) as caught:
        native.copy(image, "/dev/full", 4 * MIB, meter=Meter(4 * MIB))
    assert caught.value.msg.endswith(
        f"{image} to /dev/full: cannot write /dev/full: No space left on device"
    )


@pytest.mark.parametrize(
    ("limit", "block"), [(1, 64 * 1024), (4 * MIB, 256 * 1024), (1 << 30, MIB)]
)
def test_a_limited_copy_reads_in_pieces_that_suit_the_limit(limit: int, block: int) -> None:
    assert native.block_under(limit) == block


def test_words_of_the_child() -> None:
    assert native.parse_line("12 34") == (12, 34)
    assert native.parse_line("cannot write") is None
    assert native.parse_line("1 2 3") is None
