# SPDX-License-Identifier: Apache-2.0
"""Lists of what this service does not have, empty: clients ask for them on their way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cinder_lite.api import microversions, validation
from cinder_lite.api.request import Request


def listing(name: str) -> Callable[[Request], dict[str, Any]]:
    """Return the handler of an empty list.

    :param name: the key of the list in the answer
    """

    def index(request: Request) -> dict[str, Any]:
        answer: dict[str, Any] = {name: []}
        asked = request.query.get("with_count")
        if (
            asked is not None
            and request.minor >= microversions.WITH_COUNT
            and validation.boolean(asked, "with_count")
        ):
            answer["count"] = 0
        return answer

    return index
