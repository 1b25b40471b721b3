# SPDX-License-Identifier: Apache-2.0
"""Figures and values for people."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite.shell import human


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (200 * 1024 + 100, "200 KiB"),
        (1024**5, "1 PiB"),
        (5000 * 1024**5, "5000 PiB"),
        (None, "-"),
        ("unknown", "unknown"),
    ],
)
def test_bytes(value: Any, text: str) -> None:
    assert human.bytes_(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1, "1 GiB"), (2560, "2.5 TiB"), (0.5, "512 MiB"), ("infinite", "infinite"), (None, "-")],
)
def test_gigabytes(value: Any, text: str) -> None:
    assert human.gigabytes(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        ("", "-"),
        ([], "-"),
        ({}, "-"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        ({"b": 1, "a": None}, "a=None, b=1"),
        (["x", None], "x, -"),
    ],
)
def test_plain(value: Any, text: str) -> None:
    assert human.plain(value) == text


def test_others() -> None:
    assert human.rate(2048) == "2 KiB/s"
    assert human.rate(None) == "-"
    assert human.percent(7) == "7%"
    assert human.percent(None) == "-"
    assert human.moment("2026-11-21T11:56:16.815008") == "2026-11-21T11:56:16"
    assert human.moment(None) == "-"
    assert human.attachments([]) == "-"
    assert human.attachments([{"server_id": None, "host_name": "node"}]) == "node"
    assert human.attachments([{"server_id": "s", "device": "/dev/vdb"}]) == "s as /dev/vdb"
