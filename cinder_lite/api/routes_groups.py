# SPDX-License-Identifier: Apache-2.0
"""The calls of volume transfers, group types, groups and group snapshots."""

from __future__ import annotations

from cinder_lite.api.router import Route
from cinder_lite.api.schemas import volume_transfers as transfer_bodies
from cinder_lite.api.v3 import volume_transfers
from cinder_lite.policies import volume_transfers as transfer_rules

_OLD = "/os-volume-transfer"
_NEW = "/volume-transfers"

TRANSFERS = [
    Route("GET", _OLD, volume_transfers.index_old, policy=transfer_rules.GET_ALL),
    Route("GET", f"{_OLD}/detail", volume_transfers.detail_old, policy=transfer_rules.GET_ALL),
    Route(
        "POST",
        _OLD,
        volume_transfers.create_old,
        status=202,
        body=transfer_bodies.CREATE_OLD,
    ),
    Route("GET", _NEW, volume_transfers.index, policy=transfer_rules.GET_ALL),
    Route("GET", f"{_NEW}/detail", volume_transfers.detail, policy=transfer_rules.GET_ALL),
    Route("POST", _NEW, volume_transfers.create, status=202, body=transfer_bodies.CREATE),
    *(
        route
        for path in (_OLD, _NEW)
        for route in (
            Route(
                "GET",
                f"{path}/{{transfer_id}}",
                volume_transfers.show,
                policy=transfer_rules.GET,
            ),
            Route("DELETE", f"{path}/{{transfer_id}}", volume_transfers.delete, status=202),
            Route(
                "POST",
                f"{path}/{{transfer_id}}/accept",
                volume_transfers.accept,
                status=202,
                body=transfer_bodies.ACCEPT,
            ),
        )
    ),
]

ROUTES = [*TRANSFERS]
