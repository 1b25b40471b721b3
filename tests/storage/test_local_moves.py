# SPDX-License-Identifier: Apache-2.0
"""Moves between volume groups of one node, by the driver itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.storage import leftovers
from tests.storage.deployment import (
    ALPHA_THICK,
    ALPHA_THICK2,
    ALPHA_THIN,
    ALPHA_THIN2,
    Backend,
    StorageDeployment,
)

FILLED_MIB = 192
DIRT = "bytes of an earlier tenant"
POINTS = 2.0
"""How far a thin copy's allocation may be from its source's, in percent of the volume."""

MOVES = [
    (ALPHA_THICK, ALPHA_THICK2),
    (ALPHA_THIN, ALPHA_THIN2),
    (ALPHA_THICK, ALPHA_THIN),
    (ALPHA_THIN, ALPHA_THICK2),
]


def furnish(storage: StorageDeployment, volume: dict[str, Any]) -> str:
    """Give a volume a partition table, a file system and scattered data; returns its digest."""
    path = storage.logical_volume(volume).path
    storage.machine.shell(
        f"echo 'label: gpt\\nsize=256M\\n' | sed 's/\\\\n/\\n/g' | sfdisk -q {path}\n"
        f"mkfs.ext4 -q -F -E offset=1048576 {path} 255M"
    )
    return storage.fill(volume, FILLED_MIB)


def soil(storage: StorageDeployment, backend: Backend) -> None:
    """Write a pattern where a thick group's next volume will be."""
    name = f"{backend.group}/dirt"
    command = ("lvcreate", "-qq", "-y", "-Wn", "-L", "1G", "-n", "dirt", backend.group)
    storage.machine.run(*command)
    storage.groups.write_pattern(f"/dev/{name}", DIRT)
    storage.machine.run("lvremove", "-qq", "-f", name)


@pytest.mark.parametrize(
    ("source", "target"), MOVES, ids=[f"{one.name}-to-{other.name}" for one, other in MOVES]
)
def test_a_volume_moves_whole(storage: StorageDeployment, source: Backend, target: Backend) -> None:
    """Every byte arrives, no byte of anybody else is there, thin stays thin, nothing is left."""
    volume = storage.create_volume(host=source.host)
    before = furnish(storage, volume)
    allocated = storage.logical_volume(volume).data_percent
    if target.lvm_type != "thin":
        soil(storage, target)
    moved = storage.migrate_and_wait(volume["id"], target.host)
    (record,) = storage.records(volume["id"])
    assert (record["mode"], record["status"]) == ("driver", "success")
    found = storage.logical_volume(moved)
    assert (found.group, found.name) == (target.group, f"volume-{volume['id']}")
    assert storage.digest(moved) == before
    if source.lvm_type == target.lvm_type == "thin":
        assert abs(found.data_percent - allocated) <= POINTS
    leftovers.nothing_left(storage.machine, [f"{found.group}/{found.name}"])


def test_the_same_group_is_refused(storage: StorageDeployment) -> None:
    """A move to where the volume is already is refused, and the volume is not touched."""
    volume = storage.create_volume(host=ALPHA_THICK.host)
    before = storage.fill(volume, 8)
    answer = storage.migrate(volume["id"], ALPHA_THICK.host)
    assert answer.status_code == 400, answer.text
    found = storage.logical_volume(storage.show(volume["id"]))
    leftovers.nothing_left(storage.machine, [f"{found.group}/{found.name}"])
    assert storage.digest(volume) == before


def test_a_group_without_room_fails_cleanly(storage: StorageDeployment) -> None:
    """Where the target group fills up behind the scheduler's back, the source stays usable."""
    volume = storage.create_volume(host=ALPHA_THICK.host)
    before = storage.fill(volume, 8)
    group = ALPHA_THICK2.group
    storage.machine.run("lvcreate", "-qq", "-y", "-Wn", "-l", "100%FREE", "-n", "full", group)
    try:
        assert storage.migrate(volume["id"], ALPHA_THICK2.host).status_code == 202
        ended = storage.wait_for_migration(volume["id"])
        assert (ended["migration_status"], ended["status"]) == ("error", "available")
        assert ended["os-vol-host-attr:host"] == ALPHA_THICK.host
        assert storage.records(volume["id"])[0]["error"]
        assert storage.digest(ended) == before
    finally:
        storage.machine.run("lvremove", "-qq", "-f", f"{group}/full")
    found = storage.logical_volume(ended)
    leftovers.nothing_left(storage.machine, [f"{found.group}/{found.name}"])
