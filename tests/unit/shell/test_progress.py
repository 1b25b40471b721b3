# SPDX-License-Identifier: Apache-2.0
"""How far a migration is, in words."""

from __future__ import annotations

import io
from typing import Any

import pytest

from cinder_lite.shell import progress

GIB = 1024**3


@pytest.mark.parametrize(
    ("record", "text"),
    [
        ({}, ""),
        ({"bytes_total": GIB}, ""),
        ({"bytes_total": 0, "bytes_copied": 0}, ""),
        ({"bytes_total": GIB, "bytes_copied": 0}, "0 B of 1 GiB"),
        ({"bytes_total": GIB, "bytes_copied": GIB // 4, "bytes_skipped": GIB // 4}, "512 MiB of"),
        ({"bytes_total": GIB, "bytes_copied": 1, "bytes_per_second": 2048}, "1 B of 1 GiB, 2 KiB/"),
    ],
)
def test_figures(record: dict[str, Any], text: str) -> None:
    shown = progress.figures(record)

    assert shown.startswith(text)
    assert bool(shown) == bool(text)


def test_lines_are_few() -> None:
    out = io.StringIO()
    lines = progress.Lines(out, "vol1")
    for percent in range(101):
        lines.show({"phase": "copying", "percent": percent})

    assert out.getvalue().splitlines() == [
        f"Volume vol1: copying {percent}%" for percent in range(0, 101, progress.LINE_STEP)
    ]


def test_lines_without_percentages_are_one_per_phase() -> None:
    out = io.StringIO()
    lines = progress.Lines(out, "vol1")
    for phase in ("moving", "moving", "done"):
        lines.show({"phase": phase, "percent": None})

    assert out.getvalue() == "Volume vol1: moving\nVolume vol1: done\n"
