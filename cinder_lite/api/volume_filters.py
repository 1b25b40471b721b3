# SPDX-License-Identifier: Apache-2.0
"""What a list of volumes may be filtered by, and how a query says it.

A member may use what GET /resource_filters names; an administrator any column that is listed here.
As in Cinder an unknown filter is passed over for a member before microversion 3.31 and refused to
one from then on, and for an administrator it matches nothing.
"""

from __future__ import annotations

import ast
import datetime
from collections.abc import Callable
from typing import Any

from oslo_utils import timeutils

from cinder_lite import exception
from cinder_lite.api import faults, microversions, paging, resource_filters, validation
from cinder_lite.api.request import Request
from cinder_lite.db.volume_views import Condition

_COLUMNS = frozenset(
    {
        "id",
        "user_id",
        "project_id",
        "availability_zone",
        "status",
        "attach_status",
        "migration_status",
        "previous_status",
        "replication_status",
        "display_name",
        "display_description",
        "volume_type_id",
        "snapshot_id",
        "source_volid",
        "group_id",
        "consistencygroup_id",
        "cluster_name",
        "service_uuid",
        "provider_id",
        "encryption_key_id",
    }
)
_NAMES = {"name": "display_name", "name_id": "_name_id", "consumes_quota": "use_quota"}
_BOOLEANS = frozenset({"bootable", "multiattach", "use_quota", "shared_targets"})
_TIMES = frozenset({"created_at", "updated_at"})
_OPERATORS = frozenset({"gt", "gte", "eq", "neq", "lt", "lte"})
_LOWER_CASE = frozenset({"status", "attach_status", "migration_status", "id"})
_OTHER_PARAMETERS = paging.PARAMETERS | {"all_tenants"}
_STRICT_BOOLEANS = 2
_IMAGE_METADATA = 4

NOTHING = Condition("nothing")


def parse(request: Request, *, all_projects: bool) -> tuple[Condition, ...]:
    """Return the conditions that a request's query asks for.

    :param all_projects: the list is of every project, so that project_id is a filter
    :raises BadRequest, InvalidInput: a value is wrong, or a member may not filter by something
    """
    minor = request.minor
    conditions: list[Condition] = []
    for name, value in _asked(request).items():
        if _ignored(name, minor):
            continue
        if name == "project_id" and request.context.is_admin and not all_projects:
            continue
        found = _conditions(name, value, minor)
        conditions.extend([NOTHING] if found is None else found)
    return tuple(conditions)


def _asked(request: Request) -> dict[str, str]:
    """Return the filters of a query that the caller may use.

    :raises BadRequest: a member may not use one of them
    """
    minor = request.minor
    others = _OTHER_PARAMETERS
    if minor >= microversions.WITH_COUNT:
        others |= {"with_count"}
    filters = {name: value for name, value in request.query.items() if name not in others}
    if request.context.is_admin:
        return filters
    if minor >= resource_filters.GENERAL:
        resource_filters.check("volume", filters, minor)
        return filters
    unknown = resource_filters.refused("volume", filters, minor)
    return {name: value for name, value in filters.items() if name not in unknown}


def _ignored(name: str, minor: int) -> bool:
    """Tell whether a microversion is too old to know a filter, which it then passes over."""
    return (
        (name.endswith("~") and minor < microversions.LIKE_FILTER)
        or (name in _TIMES and minor < microversions.TIME_FILTER)
        or (name == "group_id" and minor < microversions.GROUP_FILTER)
        or (name == "glance_metadata" and minor < _IMAGE_METADATA)
    )


def _conditions(name: str, value: str, minor: int) -> list[Condition] | None:
    """Return the conditions of one filter, None where there is no such filter."""
    if name.endswith("~"):
        column = _NAMES.get(name[:-1], name[:-1])
        return [Condition("like", column, value)] if column in _COLUMNS else None
    column = _NAMES.get(name, name)
    if column in _TIMES:
        return _times(column, value)
    if column in _BOOLEANS:
        return [Condition("eq", column, _boolean(column, value, minor))]
    special = _SPECIAL.get(column)
    if special is not None:
        return special(value)
    if column not in _COLUMNS and column != "_name_id":
        return None
    if value == "None":
        return [Condition("null", column)]
    return [Condition("eq", column, value.lower() if column in _LOWER_CASE else value)]


def _boolean(column: str, value: str, minor: int) -> bool:
    if column == "use_quota":
        return validation.boolean(value, column)
    try:
        return validation.boolean(value, column)
    except faults.BadRequest:
        if minor < _STRICT_BOOLEANS:
            return bool(value)
        raise exception.InvalidInput(reason=f"'{column} = {value}'") from None


def _times(column: str, value: str) -> list[Condition]:
    """Return the conditions of e.g. ``gte:2026-01-01T00:00:00,lt:2027-01-01``."""
    conditions = []
    for part in value.split(","):
        operator, _, text = part.partition(":")
        if operator not in _OPERATORS:
            raise faults.BadRequest(f"Invalid {operator} operator")
        try:
            time = timeutils.normalize_time(timeutils.parse_isotime(text))
        except (ValueError, OverflowError):
            raise faults.BadRequest(f"Invalid {text} value") from None
        conditions.append(Condition(operator, column, _sql_time(time)))
    return conditions


def _sql_time(time: datetime.datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S.%f")


def _size(value: str) -> list[Condition]:
    if not (value.isascii() and value.isdigit() and len(value) < 10):  # noqa: PLR2004 - a column
        return [NOTHING]
    return [Condition("eq", "size", int(value))]


def _deleted(value: str) -> list[Condition]:
    return [NOTHING] if validation.boolean(value, "deleted") else []


def _metadata(value: str) -> list[Condition]:
    return _pairs("metadata", value)


def _image_metadata(value: str) -> list[Condition]:
    return _pairs("image_metadata", value)


def _pairs(operator: str, value: str) -> list[Condition]:
    """Return a condition for each pair of a dictionary written as in Python or as JSON."""
    pairs: Any = None
    if value.startswith("{") and len(value) <= 4096:  # noqa: PLR2004 - keeps literal_eval cheap
        try:
            pairs = ast.literal_eval(value)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            pairs = None
    if not isinstance(pairs, dict):
        return [NOTHING]
    return [Condition(operator, "", (str(k), str(v))) for k, v in pairs.items()]


def _host(value: str) -> list[Condition]:
    return [Condition("host", "host", value)]


_SPECIAL: dict[str, Callable[[str], list[Condition]]] = {
    "size": _size,
    "deleted": _deleted,
    "metadata": _metadata,
    "glance_metadata": _image_metadata,
    "host": _host,
}
