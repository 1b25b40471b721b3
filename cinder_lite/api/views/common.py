# SPDX-License-Identifier: Apache-2.0
"""What all views share: times as Cinder writes them."""

from __future__ import annotations

import datetime


def time(value: datetime.datetime | None) -> str | None:
    """Return a time in ISO 8601 with microseconds and without a zone; it is UTC."""
    return value.strftime("%Y-%m-%dT%H:%M:%S.%f") if value is not None else None
