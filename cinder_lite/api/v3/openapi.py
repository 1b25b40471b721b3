# SPDX-License-Identifier: Apache-2.0
"""/openapi.json: the description of this API, for whoever reads, tests or generates from it."""

from __future__ import annotations

import functools
from typing import Any

from cinder_lite.api import openapi
from cinder_lite.api.request import Request


def show(request: Request) -> dict[str, Any]:
    """Return the OpenAPI document of this API."""
    return _document()


@functools.cache
def _document() -> dict[str, Any]:
    """Return the document, made once: it depends on the code alone."""
    return openapi.document()
