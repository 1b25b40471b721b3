# SPDX-License-Identifier: Apache-2.0
"""A directory for what a run of tests writes."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_KEEP = "CINDER_LITE_KEEP"
"""Set: what a run has written stays."""


def kept() -> bool:
    """Return whether what a run has written stays after it."""
    return bool(os.environ.get(_KEEP))


@contextlib.contextmanager
def scratch(suite: str) -> Iterator[Path]:
    """Yield a directory for all that a run writes; it goes at the end."""
    path = Path(tempfile.mkdtemp(prefix=f"cinder-lite-{suite}-"))
    yield path
    if not kept():
        shutil.rmtree(path, ignore_errors=True)
