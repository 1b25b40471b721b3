# SPDX-License-Identifier: Apache-2.0
"""Moves between two nodes: created there, attached here over iSCSI, copied, swapped, cleaned up."""

from __future__ import annotations

import pytest

from tests.storage.deployment import (
    ALPHA_THICK,
    ALPHA_THIN,
    BETA_THICK,
    BETA_THIN,
    Backend,
    StorageDeployment,
)
from tests.storage.test_local_moves import (
    DIRT,
    FILLED_MIB,
    POINTS,
    check_place,
    furnish,
    parameters,
)

MOVES = [
    (ALPHA_THICK, BETA_THICK),
    (ALPHA_THIN, BETA_THIN),
    (ALPHA_THIN, BETA_THICK),
    (ALPHA_THICK, BETA_THIN),
]


@pytest.mark.parametrize(("source", "target"), parameters(MOVES))
def test_a_volume_moves_to_another_node(
    storage: StorageDeployment, source: Backend, target: Backend
) -> None:
    """Every byte arrives under the volume's own name; thin stays thin; nothing is left."""
    volume = storage.create_volume(host=source.host)
    before = furnish(storage, volume)
    allocated = storage.logical_volume(volume).data_percent
    if target.lvm_type != "thin":
        soiled = storage.groups.soil(target.group, DIRT)
    moved = storage.migrate_and_wait(volume["id"], target.host)
    record = storage.wait_for_record(volume["id"], "status", "success", "error")
    assert (record["mode"], record["status"]) == ("host_copy", "success")
    found = storage.logical_volume(moved)
    assert (found.group, found.name) == (target.group, f"volume-{volume['id']}")
    assert storage.digest(moved) == before
    if target.lvm_type == "thin":
        # Pieces of a thick volume overlap, and take whole chunks of a thin one.
        expected = allocated or FILLED_MIB / 1024 * 100
        assert abs(found.data_percent - expected) <= (POINTS if allocated else 2 * POINTS)
    else:
        check_place(storage, found, soiled)
    storage.only(moved)
