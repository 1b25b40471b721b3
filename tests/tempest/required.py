# SPDX-License-Identifier: Apache-2.0
"""The tests of tempest that must pass: ``required.txt``, by class."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

PACKAGE = "tempest.api.volume."
LIST = Path(__file__).with_name("required.txt")


def names() -> list[str]:
    """Return the full names of all tests of the list."""
    found, class_name = [], ""
    for line in LIST.read_text().splitlines():
        word = line.strip()
        if not word or word.startswith("#"):
            continue
        if line == word:
            class_name = word
        else:
            found.append(f"{PACKAGE}{class_name}.{word}")
    return found


def short(name: str) -> str:
    """Return a test's name without what all of them begin with."""
    return name.removeprefix(PACKAGE)


def selected(items: Iterable[pytest.Item]) -> list[str]:
    """Return the full names of the tests that a run of pytest wants to know of."""
    return [
        item.callspec.params["name"]
        for item in items
        if isinstance(item, pytest.Function) and "name" in getattr(item, "fixturenames", ())
    ]
