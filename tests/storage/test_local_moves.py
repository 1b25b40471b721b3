# SPDX-License-Identifier: Apache-2.0
"""Moves between volume groups of one node, by the driver itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet

from tests.storage.deployment import (
    ALPHA_THICK,
    ALPHA_THICK2,
    ALPHA_THIN,
    ALPHA_THIN2,
    Backend,
    StorageDeployment,
)
from tests.storage.groups import MIB, Extent, Volume

FILLED_MIB = 96
FORMATTED = 256 * MIB
"""Bytes at a volume's start that hold a partition table and a file system."""
SECOND_DISK = "lab-small"
"""For the group of a backend that mirrors."""
DIRT = "bytes of an earlier tenant"
POINTS = 2.0
"""How far a thin copy's allocation may be from its source's, in percent of the volume."""

MOVES = [
    (ALPHA_THICK, ALPHA_THICK2),
    (ALPHA_THIN, ALPHA_THIN2),
    (ALPHA_THICK, ALPHA_THIN),
    (ALPHA_THIN, ALPHA_THICK2),
]


def parameters(moves: list[tuple[Backend, Backend]]) -> list[ParameterSet]:
    """Return moves for a test; those that change nothing but the place are slow ones."""
    return [
        pytest.param(
            *(one, other),
            id=f"{one.name}-to-{other.name}",
            marks=[pytest.mark.slow] if one.lvm_type == other.lvm_type else [],
        )
        for one, other in moves
    ]


def furnish(storage: StorageDeployment, volume: dict[str, Any]) -> str:
    """Give a volume a partition table, a file system and scattered data; returns its digest."""
    path = storage.logical_volume(volume).path
    storage.machine.shell(
        f"printf 'label: gpt\\nsize=253M\\n' | sfdisk -q {path}\n"
        f"mkfs.ext4 -q -F -E offset={MIB} {path} 253M"
    )
    return storage.groups.fill(path, mebibytes=FILLED_MIB, begin=FORMATTED)


def check_place(storage: StorageDeployment, found: Volume, soiled: list[Extent]) -> None:
    """Check that a logical volume lies where an earlier tenant's bytes were."""
    for extent in storage.groups.extents(found.group):
        if extent.volume == found.name:
            end = extent.begin + extent.length
            assert any(
                one.begin <= extent.begin and end <= one.begin + one.length for one in soiled
            ), f"{extent} was not soiled: {soiled}"


@pytest.mark.parametrize(("source", "target"), parameters(MOVES))
def test_a_volume_moves_whole(storage: StorageDeployment, source: Backend, target: Backend) -> None:
    """Every byte arrives, no byte of anybody else is there, thin stays thin, nothing is left."""
    volume = storage.create_volume(host=source.host)
    before = furnish(storage, volume)
    allocated = storage.logical_volume(volume).data_percent
    if target.lvm_type != "thin":
        soiled = storage.groups.soil(target.group, DIRT)
    moved = storage.migrate_and_wait(volume["id"], target.host)
    record = storage.wait_for_record(volume["id"], "status", "success", "error")
    assert (record["mode"], record["status"]) == ("driver", "success")
    found = storage.logical_volume(moved)
    assert (found.group, found.name) == (target.group, f"volume-{volume['id']}")
    # All bytes are the source's, so that none is an earlier tenant's.
    assert storage.digest(moved) == before
    if target.lvm_type != "thin":
        check_place(storage, found, soiled)
    elif allocated:
        assert abs(found.data_percent - allocated) <= POINTS
    storage.only(moved)


def test_the_same_group_is_refused(storage: StorageDeployment) -> None:
    """A move to where the volume is already is refused, and the volume is not touched."""
    volume = storage.create_volume(host=ALPHA_THICK.host)
    before = storage.fill(volume, 8)
    answer = storage.migrate(volume["id"], ALPHA_THICK.host)
    assert answer.status_code == 400, answer.text
    storage.only(storage.show(volume["id"]))
    assert storage.digest(volume) == before


@pytest.mark.slow
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
    storage.only(ended)


@pytest.fixture
def mirrored(storage: StorageDeployment) -> Iterator[Backend]:
    """A backend that keeps every byte on two disks."""
    backend = ALPHA_THICK2
    disk = storage.machine.device(SECOND_DISK)
    storage.machine.shell(f"pvcreate -qq {disk} >&2\nvgextend -qq {backend.group} {disk} >&2")
    storage.reconfigure("alpha", {backend.name: {"lvm_mirrors": 1}})
    storage.restart("volume-alpha")
    storage.wait_ready()
    yield backend
    for volume in storage.get("/volumes/detail?all_tenants=1")["volumes"]:
        storage.delete_volume(volume["id"])
    storage.reconfigure("alpha", {})
    storage.restart("volume-alpha")
    storage.machine.shell(f"vgreduce -qq {backend.group} {disk} >&2\npvremove -qq {disk} >&2")
    storage.wait_ready()


@pytest.mark.slow
def test_a_mirrored_target_holds_every_byte_twice(
    storage: StorageDeployment, mirrored: Backend
) -> None:
    """Both disks have what the source had; afterwards nothing is left on either."""
    volume = storage.create_volume(host=ALPHA_THICK.host)
    before = furnish(storage, volume)
    moved = storage.migrate_and_wait(volume["id"], mirrored.host)
    record = storage.wait_for_record(volume["id"], "status", "success", "error")
    assert (record["mode"], record["status"]) == ("driver", "success")
    assert storage.digest(moved) == before
    found = storage.logical_volume(moved)
    mapped = "-".join(word.replace("-", "--") for word in (found.group, found.name))
    for leg in (0, 1):
        assert storage.groups.digest(f"/dev/mapper/{mapped}_rimage_{leg}") == before
    storage.delete_volume(volume["id"])
    storage.only()
