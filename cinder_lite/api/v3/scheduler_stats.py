# SPDX-License-Identifier: Apache-2.0
"""/scheduler-stats/get_pools: the backends' pools as the schedulers know them."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception
from cinder_lite.api import deps, resource_filters, validation
from cinder_lite.api.request import Request
from cinder_lite.db import volume_types

_POOL_FILTER = 28
_TYPE_FILTER = 35


def get_pools(request: Request) -> dict[str, Any]:
    """Return the pools, with their capabilities if detail is asked for."""
    query = request.query
    detail = validation.boolean(query.get("detail", "false"), "detail")
    pools = deps.volume_api().get_pools(request.context, _filters(request))
    if not detail:
        return {"pools": [{"name": pool["name"]} for pool in pools]}
    return {"pools": [_view(pool) for pool in pools]}


def _view(pool: dict[str, Any]) -> dict[str, Any]:
    capabilities = pool.get("capabilities", {})
    protocol = capabilities.get("storage_protocol")
    if isinstance(protocol, list):
        # Names of one protocol, the preferred one first.
        capabilities = {**capabilities, "storage_protocol": protocol[0] if protocol else None}
    return {"name": pool["name"], "capabilities": capabilities}


def _filters(request: Request) -> dict[str, str]:
    """Return what to filter by.

    :raises BadRequest: a filter that the operator's file does not have, from 3.31 on
    :raises VolumeTypeNotFound: the type named does not exist
    """
    given = {key: value for key, value in request.query.items() if key != "detail"}
    if request.minor < _POOL_FILTER:
        return {}
    if request.minor >= resource_filters.GENERAL:
        resource_filters.check("pool", sorted(given), request.minor)
    if request.minor < _TYPE_FILTER:
        given.pop("volume_type", None)
    if "volume_type" in given:
        _check_type(request, given["volume_type"])
    return given


def _check_type(request: Request, name_or_id: str) -> None:
    """Refuse a type that does not exist here, rather than through the scheduler."""
    try:
        volume_types.find(request.context, name_or_id)
    except exception.VolumeTypeNotFound:
        raise exception.VolumeTypeNotFoundByName(volume_type_name=name_or_id) from None
