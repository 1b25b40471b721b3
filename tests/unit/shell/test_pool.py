# SPDX-License-Identifier: Apache-2.0
"""The list of pools."""

from __future__ import annotations

from tests.unit.shell.conftest import Run
from tests.unit.shell.fake_service import FakeService

POOL = {
    "name": "node@one#one",
    "capabilities": {
        "volume_backend_name": "one",
        "storage_protocol": "file",
        "total_capacity_gb": 251.9722785949707,
        "free_capacity_gb": "unknown",
        "allocated_capacity_gb": 2048,
        "reserved_percentage": 5,
        "max_over_subscription_ratio": 20.0,
        "thin_provisioning_support": True,
    },
}


def test_get_pools_lists_names(run: Run, service: FakeService) -> None:
    service.pools = [POOL]

    assert run("get-pools", "-f", "json").json == [{"Name": "node@one#one"}]
    assert service.requests[0].query == {}


def test_get_pools_detail_is_for_people_in_a_table(run: Run, service: FakeService) -> None:
    service.pools = [POOL]
    cells = [cell.strip() for cell in run("get-pools", "--detail").out.splitlines()[3].split("|")]

    assert cells[1:-1] == [
        *("node@one#one", "one", "file", "252 GiB", "unknown", "2 TiB", "-", "5%", "20.0", "yes")
    ]


def test_get_pools_detail_is_raw_in_json(run: Run, service: FakeService) -> None:
    service.pools = [POOL]
    row = run("get-pools", "--detail", "-f", "json").json[0]

    assert row["Total"] == 251.9722785949707
    assert row["Free"] == "unknown"
    assert row["Provisioned"] is None
