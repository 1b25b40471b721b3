# SPDX-License-Identifier: Apache-2.0
"""What a list of snapshots may be filtered by, and how a query says it.

An unknown filter matches nothing for an administrator. To a member it is refused; before
microversion 3.31 it is passed over, as everything but four names is.
"""

from __future__ import annotations

import ast

from cinder_lite.api import microversions, paging, resource_filters, validation
from cinder_lite.api.request import Request
from cinder_lite.db.snapshot_views import Query

_OLD_NAMES = ("status", "volume_id", "name", "metadata")
"""What a member may filter by where the operator's file does not decide yet."""
_NAMES = {"name": "display_name", "name~": "display_name~", "consumes_quota": "use_quota"}
_METADATA = 22
_MOST_METADATA = 4096
"""The longest text of a dictionary that is read; keeps it cheap."""


def parse(request: Request) -> Query:
    """Return what a list's query asks for.

    :raises BadRequest: a value is wrong, or a member may not filter by something
    """
    context, minor = request.context, request.minor
    asked = {k: v for k, v in request.query.items() if k not in paging.PARAMETERS}
    every = asked.pop("all_tenants", None)
    of_all = context.is_admin and every is not None and _is_true(every)
    if minor >= microversions.WITH_COUNT:
        asked.pop("with_count", None)
    filters = _allowed(asked, is_admin=bool(context.is_admin), minor=minor)
    metadata = _pairs(filters.pop("metadata")) if "metadata" in filters else {}
    filters = {_NAMES.get(name, name): value for name, value in filters.items()}
    if "use_quota" in filters:
        filters["use_quota"] = str(validation.boolean(filters["use_quota"], "use_quota"))
    if not of_all:
        filters.pop("project_id", None)
    if metadata is None:
        filters["metadata"] = ""  # no column: nothing is found
    return Query(
        project_id=None if of_all else context.project_id,
        filters=filters,
        metadata=metadata or {},
    )


def _is_true(text: str) -> bool:
    return text.strip().lower() in ("1", "t", "true", "on", "y", "yes")


def _allowed(asked: dict[str, str], *, is_admin: bool, minor: int) -> dict[str, str]:
    """Return the filters that count.

    :raises BadRequest: a member may not use one
    """
    if minor >= resource_filters.GENERAL:
        if not is_admin:
            resource_filters.check("snapshot", asked, minor)
        return dict(asked)
    known = dict(asked)
    if minor < _METADATA:
        known.pop("metadata", None)
    known.pop("use_quota", None)
    return known if is_admin else {k: v for k, v in known.items() if k in _OLD_NAMES}


def _pairs(text: str) -> dict[str, str] | None:
    """Return a dictionary written as in Python or JSON; None where it is none."""
    if not text.startswith("{") or len(text) > _MOST_METADATA:
        return None
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else None
