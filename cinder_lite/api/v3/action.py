# SPDX-License-Identifier: Apache-2.0
"""One action of POST /volumes/{id}/action: what it needs and what it does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from cinder_lite.api import validation
from cinder_lite.api.request import Request
from cinder_lite.objects import Volume

Answer = dict[str, Any] | None


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """One action.

    :param run: called with the request, the volume and what the action carries
    :param policy: rule that the caller must pass, asked when the volume has been found
    :param body: schemas of the whole body
    :param check: a further look at what the action carries, before the volume is looked up
    """

    run: Callable[[Request, Volume, Any], Answer]
    policy: str
    body: validation.Body
    check: Callable[[Any], Any] | None = None
