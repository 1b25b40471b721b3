# SPDX-License-Identifier: Apache-2.0
"""Every operator of extra specs, with values that meet it and values that do not."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite.scheduler.filters.extra_specs_ops import match


@pytest.mark.parametrize(
    ("value", "requirement"),
    [
        # No operator: the very same text.
        ("fast", "fast"),
        ("two words", "two words"),
        ("", ""),
        (None, None),
        # Numbers.
        (124, "= 123"),
        ("123", "= 123"),
        (123, "== 123"),
        ("123.0", "== 123"),
        (122, "!= 123"),
        (123, ">= 123"),
        (122.5, "<= 123"),
        # Text.
        ("222", "s>= 2"),
        ("2", "s< 222"),
        ("222", "s> 2"),
        ("123", "s== 123"),
        ("124", "s!= 123"),
        ("abc", "s<= abc"),
        (5, "s!= 5"),
        # Parts and members.
        ("12311321", "<in> 11"),
        (["a", "b"], "<in> b"),
        # Truth.
        (True, "<is> True"),
        ("True", "<is> true"),
        (False, "<is> False"),
        ("no", "<is> False"),
        ("anything", "<is> False"),
        # Alternatives.
        ("12", "<or> 11 <or> 12"),
        ("12", "<or> 12"),
        # Only the first word counts.
        ("abc", "s== abc def"),
    ],
)
def test_met(value: Any, requirement: str | None) -> None:
    assert match(value, requirement) is True


@pytest.mark.parametrize(
    ("value", "requirement"),
    [
        ("Fast", "fast"),
        (1, "1"),
        (True, "True"),
        ("x", ""),
        ("x", None),
        (None, "x"),
        (122, "= 123"),
        ("many", "= 123"),
        (123, "= many"),
        (124, "== 123"),
        (123, "!= 123"),
        (122, ">= 123"),
        (124, "<= 123"),
        (None, ">= 1"),
        (["1"], ">= 1"),
        ("1", "s> 2"),
        (5, "s< 6"),
        ("123", "s!= 123"),
        ("abc", "<in> d"),
        (5, "<in> 5"),
        (None, "<in> a"),
        (False, "<is> True"),
        (None, "<is> False"),
        ("13", "<or> 11 <or> 12"),
        ("<or>", "<or> 11 <or> 12"),
        (None, "<or> None"),
        ("x", "<or>"),
        ("x", "s=="),
        ("x", "<in>"),
    ],
)
def test_not_met(value: Any, requirement: str | None) -> None:
    assert match(value, requirement) is False
