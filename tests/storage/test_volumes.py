# SPDX-License-Identifier: Apache-2.0
"""The life of volumes on LVM: create, delete, extend, snapshots, clones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.functional.harness.process import wait_until
from tests.storage.deployment import (
    ALPHA_THICK,
    ALPHA_THICK2,
    ALPHA_THIN,
    BACKENDS,
    SLOW_SECONDS,
    Backend,
    StorageDeployment,
)

GIB = 1024**3
DIRT = "what lay in the group before"
SECRET = "an earlier tenant's secret"
CYCLES = 60
AT_ONCE = 8
QUICK = (ALPHA_THICK, ALPHA_THIN)
"""Backends whose simplest test belongs to the plain test command."""
THICK_AND_THIN = [
    pytest.param(ALPHA_THICK, id="thick", marks=pytest.mark.slow),
    pytest.param(ALPHA_THIN, id="thin"),
]


def snapshot(storage: StorageDeployment, volume: dict[str, Any]) -> dict[str, Any]:
    """Make a snapshot of a volume and wait until it is available."""
    answer = storage.request("POST", "/snapshots", {"snapshot": {"volume_id": volume["id"]}})
    assert answer.status_code == 202, answer.text
    made: dict[str, Any] = answer.json()["snapshot"]
    wait_for_snapshot(storage, made)
    return made


def wait_for_snapshot(storage: StorageDeployment, made: dict[str, Any]) -> None:
    """Wait until a snapshot is available."""
    path = f"/snapshots/{made['id']}"
    wait_until(lambda: storage.get(path)["snapshot"]["status"] == "available", SLOW_SECONDS, path)


def delete_snapshot(storage: StorageDeployment, made: dict[str, Any]) -> None:
    """Delete a snapshot and wait until it is gone."""
    path = f"/snapshots/{made['id']}"
    assert storage.request("DELETE", path).status_code == 202
    wait_until(lambda: storage.request("GET", path).status_code == 404, SLOW_SECONDS, path)


def create_from(
    storage: StorageDeployment, key: str, identifier: str, **fields: str
) -> dict[str, Any]:
    """Create a volume of 2 GiB from a snapshot or another volume."""
    asked = {"size": 2, key: identifier, **fields}
    answer = storage.request("POST", "/volumes", {"volume": asked})
    assert answer.status_code == 202, answer.text
    return storage.wait_for_status(answer.json()["volume"]["id"], "available")


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param(one, id=one.group, marks=() if one in QUICK else pytest.mark.slow)
        for one in BACKENDS
    ],
)
def test_a_volume_is_a_logical_volume(storage: StorageDeployment, backend: Backend) -> None:
    """It is made in the backend's group, thick or thin, and exported to nobody."""
    volume = storage.create_volume(host=backend.host)
    found = storage.logical_volume(volume)
    assert (found.size, bool(found.pool)) == (GIB, backend.lvm_type == "thin")
    storage.only(volume)
    storage.delete_volume(volume["id"])
    storage.only()


def test_a_deleted_volumes_bytes_are_gone(storage: StorageDeployment) -> None:
    """Nothing of a deleted thick volume is left in the group for the next tenant."""
    backend = ALPHA_THICK2
    volume = storage.create_volume(host=backend.host)
    storage.groups.write_pattern(storage.logical_volume(volume).path, SECRET)
    assert storage.groups.count_on_disk(backend.group, SECRET) == GIB // 4096
    storage.delete_volume(volume["id"])
    assert storage.groups.count_on_disk(backend.group, SECRET) == 0


@pytest.mark.slow
@pytest.mark.parametrize("backend", [ALPHA_THICK, ALPHA_THIN], ids=lambda backend: backend.name)
def test_extend(storage: StorageDeployment, backend: Backend) -> None:
    """A volume grows and keeps its bytes."""
    volume = storage.create_volume(host=backend.host)
    path = storage.logical_volume(volume).path
    storage.fill(volume)
    before = storage.groups.digest(path)
    answer = storage.action(volume["id"], "os-extend", {"new_size": 2})
    assert answer.status_code == 202, answer.text
    storage.wait_for(volume["id"], "size", 2)
    storage.wait_for_status(volume["id"], "available")
    assert storage.logical_volume(volume).size == 2 * GIB
    assert storage.groups.digest(path, GIB) == before


@pytest.mark.slow
@pytest.mark.parametrize("backend", THICK_AND_THIN)
def test_snapshots_and_volumes_from_them(storage: StorageDeployment, backend: Backend) -> None:
    """A snapshot keeps the bytes while its volume changes, and gives them to a new volume."""
    volume = storage.create_volume(host=backend.host)
    path = storage.logical_volume(volume).path
    storage.fill(volume)
    first = storage.groups.digest(path)
    made = snapshot(storage, volume)
    storage.groups.fill(path, seed=2, mebibytes=16)
    copy = create_from(storage, "snapshot_id", made["id"])
    device = storage.logical_volume(copy)
    assert device.size == 2 * GIB
    assert storage.groups.digest(device.path, GIB) == first
    delete_snapshot(storage, made)
    storage.delete_volume(volume["id"])
    assert storage.groups.digest(device.path, GIB) == first


@pytest.mark.slow
@pytest.mark.parametrize("backend", THICK_AND_THIN)
def test_revert(storage: StorageDeployment, backend: Backend) -> None:
    """A volume has its snapshot's bytes again, the snapshot still has them, and nothing is left."""
    volume = storage.create_volume(host=backend.host)
    path = storage.logical_volume(volume).path
    storage.groups.write_pattern(path, SECRET)
    first = storage.fill(volume)
    made = snapshot(storage, volume)
    for seed in (2, 3):
        storage.groups.fill(path, seed=seed)
        answer = storage.action(volume["id"], "revert", {"snapshot_id": made["id"]})
        assert answer.status_code == 202, answer.text
        storage.wait_for_status(volume["id"], "available")
        wait_for_snapshot(storage, made)
        assert storage.groups.digest(path) == first
    delete_snapshot(storage, made)
    assert storage.groups.digest(path) == first
    storage.delete_volume(volume["id"])
    if backend.lvm_type != "thin":  # a pool clears what it gives out
        assert storage.groups.count_on_disk(backend.group, SECRET) == 0


@pytest.mark.slow
def test_a_larger_volume_from_another_backends_snapshot(storage: StorageDeployment) -> None:
    """What it has beyond the snapshot is zeros, whatever lay there before."""
    target = ALPHA_THICK2
    kind = {"name": f"on {target.group}", "extra_specs": {"volume_backend_name": target.group}}
    answer = storage.request("POST", "/types", {"volume_type": kind})
    assert answer.status_code == 200, answer.text
    volume = storage.create_volume(host=ALPHA_THIN.host)
    before = storage.fill(volume)
    made = snapshot(storage, volume)
    storage.groups.soil(target.group, DIRT, 3.0)
    copy = create_from(storage, "snapshot_id", made["id"], volume_type=kind["name"])
    device = storage.logical_volume(copy)
    assert (device.group, device.size) == (target.group, 2 * GIB)
    assert storage.groups.digest(device.path, GIB) == before
    assert storage.groups.count_pattern(device.path, DIRT) == 0
    delete_snapshot(storage, made)


@pytest.mark.parametrize("backend", THICK_AND_THIN)
def test_clone(storage: StorageDeployment, backend: Backend) -> None:
    """A clone has its source's bytes and a life of its own."""
    volume = storage.create_volume(host=backend.host)
    path = storage.logical_volume(volume).path
    storage.fill(volume)
    first = storage.groups.digest(path)
    clone = create_from(storage, "source_volid", volume["id"])
    storage.delete_volume(volume["id"])
    device = storage.logical_volume(clone)
    assert storage.groups.digest(device.path, GIB) == first


@pytest.mark.slow
def test_many_at_once(storage: StorageDeployment) -> None:
    """Sixty volumes are made and deleted, eight at a time: none is lost, none is left."""

    def cycle(number: int) -> str:
        volume = storage.create_volume(host=ALPHA_THIN.host, name=f"cycle {number}")
        name = storage.logical_volume(volume).name
        storage.delete_volume(volume["id"])
        return name

    with ThreadPoolExecutor(AT_ONCE) as pool:
        names = list(pool.map(cycle, range(CYCLES)))
    assert len(set(names)) == CYCLES
    storage.only()
