# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the attachments' tests."""

from __future__ import annotations

import pytest

from tests.unit.volume.attachments.place import Place


@pytest.fixture
def place(sqlite_database: str) -> Place:
    """An API and a volume service with a database of their own."""
    return Place()
