# SPDX-License-Identifier: Apache-2.0
"""Pages of what a driver could take over."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite import exception
from cinder_lite.volume.drivers import manageable


def entry(name: str, size: int) -> dict[str, Any]:
    return {"reference": {"source-name": name}, "size": size}


ENTRIES = [entry("b", 1), entry("a", 2), entry("d", 1), entry("c", 3)]


def names(page: list[dict[str, Any]]) -> str:
    return "".join(one["reference"]["source-name"] for one in page)


@pytest.mark.parametrize(
    ("keys", "directions", "expected"),
    [
        (["reference"], ["asc"], "abcd"),
        (["reference"], ["desc"], "dcba"),
        (["size"], ["asc"], "bdac"),
        (["size", "reference"], ["asc", "desc"], "dbac"),
        (["size", "reference"], ["desc", "asc"], "cabd"),
    ],
)
def test_entries_are_sorted_by_all_keys(
    keys: list[str], directions: list[str], expected: str
) -> None:
    assert names(manageable.page(ENTRIES, None, 10, None, keys, directions)) == expected


def test_a_page_begins_after_its_marker_and_then_skips_the_offset() -> None:
    found = manageable.page(ENTRIES, '{"source-name": "a"}', 2, 1, ["reference"], ["asc"])
    assert names(found) == "cd"


def test_the_list_that_was_given_keeps_its_order() -> None:
    manageable.page(ENTRIES, None, 10, 0, ["reference"], ["asc"])
    assert names(ENTRIES) == "badc"


@pytest.mark.parametrize("marker", ["no json", '{"source-name": "z"}'])
def test_a_wrong_marker_is_refused(marker: str) -> None:
    with pytest.raises(exception.InvalidInput, match="marker"):
        manageable.page(ENTRIES, marker, 10, 0, ["size"], ["asc"])
