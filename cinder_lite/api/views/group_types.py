# SPDX-License-Identifier: Apache-2.0
"""What a group type looks like in answers."""

from __future__ import annotations

from typing import Any

from cinder_lite import policy
from cinder_lite.api.request import Request
from cinder_lite.objects import GroupType
from cinder_lite.policies import group_types as rules


def show(request: Request, kind: GroupType) -> dict[str, Any]:
    """Return a type; its specs only for who may see them."""
    answer: dict[str, Any] = {
        "id": kind.id,
        "name": kind.name,
        "description": kind.description,
        "is_public": kind.is_public,
    }
    if policy.allowed(request.context, rules.SEE_SPECS):
        answer["group_specs"] = dict(kind.group_specs)
    return answer
