# SPDX-License-Identifier: Apache-2.0
"""/scheduler-stats/get_pools: the backends' pools as the schedulers know them."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception
from cinder_lite.api import deps, faults, validation
from cinder_lite.api.request import Request
from cinder_lite.db import volume_types

_NAME_FILTER = 28
_STRICT_FILTERS = 34
_TYPE_FILTER = 35


def get_pools(request: Request) -> dict[str, Any]:
    """Return the pools, with their capabilities if detail is asked for."""
    query = request.query
    detail = validation.boolean(query.get("detail", "false"), "detail")
    filters = _filters(request)
    if filters is None:
        return {"pools": []}
    pools = deps.volume_api().get_pools(request.context, filters)
    if not detail:
        return {"pools": [{"name": pool["name"]} for pool in pools]}
    return {
        "pools": [{"name": p["name"], "capabilities": p.get("capabilities", {})} for p in pools]
    }


def _filters(request: Request) -> dict[str, str] | None:
    """Return what to filter by, None where nothing can pass.

    :raises BadRequest: an unknown filter, from microversion 3.34 on
    :raises VolumeTypeNotFound: the type named does not exist
    """
    given = {key: value for key, value in request.query.items() if key != "detail"}
    if request.minor < _NAME_FILTER:
        return {}
    known = {"name", "volume_type"} if request.minor >= _TYPE_FILTER else {"name"}
    unknown = sorted(given.keys() - {"name", "volume_type"})
    if unknown and request.minor >= _STRICT_FILTERS:
        raise faults.BadRequest(f"Invalid filters {','.join(unknown)} are found in query options.")
    if unknown:
        return None
    filters = {key: value for key, value in given.items() if key in known}
    if "volume_type" in filters:
        _check_type(request, filters["volume_type"])
    return filters


def _check_type(request: Request, name_or_id: str) -> None:
    """Refuse a type that does not exist here, rather than through the scheduler."""
    try:
        volume_types.find(request.context, name_or_id)
    except exception.VolumeTypeNotFound:
        raise exception.VolumeTypeNotFoundByName(volume_type_name=name_or_id) from None
