# SPDX-License-Identifier: Apache-2.0
"""limit, offset, marker, sort and the link to the next page, as all lists take them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

from oslo_config import cfg

from cinder_lite import exception
from cinder_lite.api import faults
from cinder_lite.api.request import Request, base_url

CONF = cfg.CONF

PARAMETERS = frozenset({"limit", "offset", "marker", "sort", "sort_key", "sort_dir"})
MOST_OFFSET = 2**31 - 1


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list a request asks for.

    :param limit: the most items; no more than osapi_max_limit
    :param sort: keys and directions, the most important first
    """

    limit: int
    offset: int
    marker: str | None
    sort: tuple[tuple[str, str], ...]


def parse(
    request: Request,
    keys: Collection[str],
    names: Mapping[str, str],
    *,
    default: str = "created_at",
) -> Page:
    """Return the page that a request's query asks for.

    :param keys: what the list may be sorted by
    :param names: keys of ``keys`` that the query calls otherwise
    :param default: key of a query that names none
    :raises BadRequest, InvalidInput: a parameter is wrong
    """
    query = request.query
    limit, offset = bounds(request)
    return Page(limit, offset, query.get("marker"), _sort(query, keys, names, default))


def bounds(request: Request) -> tuple[int, int]:
    """Return limit and offset, of a list that reads no more of a query than these.

    :raises BadRequest: one of them is wrong
    """
    query = request.query
    most = int(CONF.osapi_max_limit)
    limit = most
    if "limit" in query:
        limit = min(most, _integer(query["limit"], "limit param must be an integer"))
        if limit < 0:
            raise faults.BadRequest("limit param must be positive")
    return limit, _offset(query)


def _integer(text: str, sentence: str) -> int:
    try:
        return int(text[:40])
    except ValueError:
        raise faults.BadRequest(sentence) from None


def _offset(query: Mapping[str, str]) -> int:
    if "offset" not in query:
        return 0
    offset = _integer(query["offset"], "offset must be an integer")
    if offset < 0:
        raise faults.BadRequest("offset must be >= 0")
    if offset > MOST_OFFSET:
        raise faults.BadRequest(f"offset must be <= {MOST_OFFSET}")
    return offset


def _sort(
    query: Mapping[str, str], keys: Collection[str], names: Mapping[str, str], default: str
) -> tuple[tuple[str, str], ...]:
    if "sort" in query:
        if "sort_key" in query or "sort_dir" in query:
            raise faults.BadRequest(
                "The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used "
                "with the 'sort' parameter."
            )
        pairs = [part.strip().partition(":") for part in query["sort"].split(",")]
        asked = [(key, direction or "desc") for key, _, direction in pairs]
    else:
        asked = [(query.get("sort_key", default), query.get("sort_dir", "desc"))]
    if any(direction not in ("asc", "desc") for _, direction in asked):
        raise exception.InvalidInput(reason="Unknown sort direction, must be 'desc' or 'asc'.")
    sort = tuple((names.get(key, key), direction) for key, direction in asked)
    if any(key not in keys for key, _ in sort):
        raise exception.InvalidInput(reason="Invalid sort key")
    once: dict[str, str] = {}
    for key, direction in sort:
        once.setdefault(key, direction)
    return tuple(once.items())


class Listed(Protocol):
    """What can be put into pages."""

    @property
    def id(self) -> str:
        """Its id."""


L = TypeVar("L", bound=Listed)


def cut(found: list[L], page: Page) -> list[L]:
    """Return one page of a list that is wholly in memory.

    :param found: the whole list, filtered
    """
    first = page.sort[0][1]
    for key, direction in reversed([*page.sort, ("created_at", first), ("id", first)]):
        found = sorted(found, key=_sortable(key), reverse=direction == "desc")
    ids = [one.id for one in found]
    start = page.offset + (ids.index(page.marker) + 1 if page.marker in ids else 0)
    return found[start : start + page.limit]


def _sortable(key: str) -> Callable[[Any], tuple[bool, Any]]:
    def value_of(one: Any) -> tuple[bool, Any]:
        value = getattr(one, key)
        return (value is not None, value if value is not None else "")

    return value_of


def next_link(request: Request, page: Page, ids: list[str]) -> list[dict[str, str]] | None:
    """Return the links to the page that follows, None where this one is not full.

    The offset is not repeated: it was counted from the first page.
    """
    if not ids or len(ids) < page.limit:
        return None
    query = {k: v for k, v in request.query.items() if k not in ("marker", "offset")}
    query["marker"] = ids[-1]
    url = f"{base_url(request)}{request.environ['PATH_INFO']}?{urlencode(query)}"
    return [{"rel": "next", "href": url}]
