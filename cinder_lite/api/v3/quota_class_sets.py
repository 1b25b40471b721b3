# SPDX-License-Identifier: Apache-2.0
"""/os-quota-class-sets: limits of classes; the class ``default`` is every project's."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception
from cinder_lite.api.request import Request
from cinder_lite.db import quota_sets

_LONGEST = 255


def show(request: Request, name: str) -> dict[str, Any]:
    """Return the limits of a class."""
    return {"quota_class_set": {**quota_sets.of_class(name), "id": name}}


def update(request: Request, body: dict[str, Any], name: str) -> dict[str, Any]:
    """Set limits of a class."""
    given = body["quota_class_set"]
    known = quota_sets.names()
    unknown = [key for key in given if key not in known]
    if unknown:
        raise exception.InvalidInput(reason=f"Bad key(s) in quota class set: {', '.join(unknown)}")
    if len(name) > _LONGEST:
        raise exception.InvalidInput(
            reason=f"quota_class_name has {len(name)} characters, more than {_LONGEST}."
        )
    quota_sets.update_class(name, {key: int(value) for key, value in given.items()})
    return {"quota_class_set": quota_sets.of_class(name)}
