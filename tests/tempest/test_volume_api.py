# SPDX-License-Identifier: Apache-2.0
"""Every test of ``tempest.api.volume`` that needs neither Nova nor a backup service must pass."""

from __future__ import annotations

import pytest

from tests.functional.harness.tempest import RUN_SECONDS, Results
from tests.tempest import required

# The first test waits for all of them.
pytestmark = [pytest.mark.functional, pytest.mark.timeout(2 * RUN_SECONDS)]


@pytest.mark.parametrize("name", required.names(), ids=required.short)
def test_passes(name: str, results: Results) -> None:
    report = results.of(name)
    assert report.outcome == "ok", f"{name}: {report.outcome}\n{report.text}"


def test_nothing_else_fails(results: Results) -> None:
    """What a class makes is also removed: that belongs to no test."""
    others = set(results.failed()) - set(required.names())
    assert not others, "\n".join(results.failed()[name] for name in others)
