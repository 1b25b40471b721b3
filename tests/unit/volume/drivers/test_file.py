# SPDX-License-Identifier: Apache-2.0
"""Tests of the file driver on real files."""

from __future__ import annotations

import errno
import os
import pathlib
import socket
import types
import uuid

import pytest

from cinder_lite import exception
from cinder_lite.context import RequestContext
from cinder_lite.objects import Snapshot, Volume
from cinder_lite.volume.drivers import file as file_driver
from cinder_lite.volume.drivers import filestore
from cinder_lite.volume.drivers.file import FileDriver
from tests.unit.volume.copy.conftest import MIB, allocated
from tests.unit.volume.drivers.conftest import (
    GIB,
    MakeDriver,
    fill,
    fingerprint,
    host_of,
    volume_of,
)

HERE = {"host": socket.gethostname(), "ip": "127.0.0.1"}


def files(driver: FileDriver) -> list[str]:
    return sorted(os.listdir(driver.configuration.file_data_dir))


def snapshot_of(volume: Volume) -> Snapshot:
    return Snapshot(
        id=str(uuid.uuid4()),
        volume_id=volume.id,
        volume_size=volume.size,
        volume_name=volume.name,
    )


@pytest.fixture
def volume(alpha: FileDriver) -> Volume:
    """Return a volume on alpha, empty."""
    made = volume_of(alpha)
    alpha.create_volume(made)
    return made


# --- set-up and figures --------------------------------------------------------------------------


def test_setup_removes_what_a_killed_service_left(
    alpha: FileDriver, volume: Volume, context: RequestContext
) -> None:
    directory = pathlib.Path(alpha.configuration.file_data_dir)
    (directory / f"{filestore.PARTIAL_PREFIX}volume-x").write_bytes(b"half")
    alpha.do_setup(context)
    assert files(alpha) == [volume.name]


def test_a_directory_that_can_not_be_made_is_one_sentence(
    make_driver: MakeDriver, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(exception.VolumeBackendAPIException, match="file_data_dir .* not be used"):
        make_driver("alpha", file_data_dir=str(tmp_path / "file" / "dir"))


def test_a_directory_that_is_none_is_one_sentence(tmp_path: pathlib.Path) -> None:
    configuration = types.SimpleNamespace(file_data_dir=str(tmp_path / "absent"))
    driver = FileDriver(configuration=configuration, host="node1@alpha")
    with pytest.raises(exception.VolumeBackendAPIException, match="is no directory"):
        driver.check_for_setup_error()


def test_figures(alpha: FileDriver, volume: Volume) -> None:
    alpha.create_volume(volume_of(alpha, size=7))
    stats = alpha.get_volume_stats(refresh=True)
    facts = os.statvfs(alpha.configuration.file_data_dir)
    assert stats["total_capacity_gb"] == round(facts.f_blocks * facts.f_frsize / GIB, 2)
    assert 0 < stats["free_capacity_gb"] <= stats["total_capacity_gb"]
    assert stats["provisioned_capacity_gb"] == 8
    directory = os.path.realpath(alpha.configuration.file_data_dir)
    assert stats["location_info"] == f"FileDriver:{socket.gethostname()}:{directory}"
    expected = {
        "volume_backend_name": "alpha",
        "storage_protocol": "file",
        "reserved_percentage": 5,
        "max_over_subscription_ratio": "20.0",
        "thin_provisioning_support": True,
        "thick_provisioning_support": False,
        "sparse_copy_volume": True,
        "QoS_support": False,
        "multiattach": False,
    }
    assert {name: stats[name] for name in expected} == expected


def test_thick_volumes_are_told_as_such(make_driver: MakeDriver) -> None:
    stats = make_driver("thick", file_sparsed_volumes=False).get_volume_stats()
    assert not stats["thin_provisioning_support"]
    assert stats["thick_provisioning_support"]
    assert not stats["sparse_copy_volume"]


# --- volumes -------------------------------------------------------------------------------------


def test_a_volume_is_a_sparse_file_of_its_size(alpha: FileDriver, volume: Volume) -> None:
    facts = os.stat(alpha.local_path(volume))
    assert (facts.st_size, facts.st_blocks) == (GIB, 0)
    assert files(alpha) == [f"volume-{volume.id}"]


def test_a_thick_volume_takes_its_space(make_driver: MakeDriver) -> None:
    driver = make_driver("thick", file_sparsed_volumes=False)
    made = volume_of(driver)
    driver.create_volume(made)
    assert allocated(driver.local_path(made)) >= GIB


def test_a_volume_is_not_created_twice(alpha: FileDriver, volume: Volume) -> None:
    before = fill(alpha, volume)
    with pytest.raises(exception.VolumeBackendAPIException, match=f"{volume.id} could not be"):
        alpha.create_volume(volume)
    assert fingerprint(alpha.local_path(volume)) == before


def test_a_full_disk_leaves_nothing(
    make_driver: MakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    driver = make_driver("thick", file_sparsed_volumes=False)
    monkeypatch.setattr(filestore.os, "posix_fallocate", full)
    made = volume_of(driver)
    with pytest.raises(exception.VolumeBackendAPIException) as caught:
        driver.create_volume(made)
    assert f"volume {made.id} could not be created: No space left on device" in caught.value.msg
    assert files(driver) == []


def test_deleting_is_idempotent(alpha: FileDriver, volume: Volume) -> None:
    alpha.delete_volume(volume)
    alpha.delete_volume(volume)
    assert files(alpha) == []


def test_a_volume_grows_with_its_data(alpha: FileDriver, volume: Volume) -> None:
    fill(alpha, volume)
    alpha.extend_volume(volume, 3)
    alpha.extend_volume(volume, 2)
    assert os.stat(alpha.local_path(volume)).st_size == 3 * GIB


def test_a_volume_that_is_missing_can_not_grow(alpha: FileDriver) -> None:
    with pytest.raises(exception.VolumeBackendAPIException, match="extended to 2 GiB: No such"):
        alpha.extend_volume(volume_of(alpha), 2)


# --- copies --------------------------------------------------------------------------------------


def test_a_snapshot_keeps_the_data_of_its_moment(alpha: FileDriver, volume: Volume) -> None:
    before = fill(alpha, volume)
    snapshot = snapshot_of(volume)
    alpha.create_snapshot(snapshot)
    with pathlib.Path(alpha.local_path(volume)).open("r+b") as file:
        file.write(b"changed")
    path = os.path.join(alpha.configuration.file_data_dir, f"snapshot-{snapshot.id}")
    assert fingerprint(path) == before
    assert allocated(path) <= 4 * MIB
    alpha.delete_snapshot(snapshot)
    alpha.delete_snapshot(snapshot)
    assert files(alpha) == [volume.name]


def test_a_volume_from_a_snapshot_may_be_larger(alpha: FileDriver, volume: Volume) -> None:
    before = fill(alpha, volume)
    snapshot = snapshot_of(volume)
    alpha.create_snapshot(snapshot)
    larger = volume_of(alpha, size=2)
    alpha.create_volume_from_snapshot(larger, snapshot)
    assert os.stat(alpha.local_path(larger)).st_size == 2 * GIB
    os.truncate(alpha.local_path(larger), GIB)
    assert fingerprint(alpha.local_path(larger)) == before


def test_a_clone_has_the_same_data(alpha: FileDriver, volume: Volume) -> None:
    before = fill(alpha, volume)
    clone = volume_of(alpha)
    alpha.create_cloned_volume(clone, volume)
    assert fingerprint(alpha.local_path(clone)) == before
    assert allocated(alpha.local_path(clone)) <= 4 * MIB


def test_reverting_brings_the_data_back_and_keeps_the_size(
    alpha: FileDriver, volume: Volume, context: RequestContext
) -> None:
    fill(alpha, volume)
    snapshot = snapshot_of(volume)
    alpha.create_snapshot(snapshot)
    alpha.extend_volume(volume, 2)
    with pathlib.Path(alpha.local_path(volume)).open("r+b") as file:
        file.seek(MIB)
        file.write(b"changed")
    alpha.revert_to_snapshot(context, volume.replace(size=2), snapshot)
    path = pathlib.Path(alpha.local_path(volume))
    assert path.stat().st_size == 2 * GIB
    with path.open("rb") as file:
        file.seek(MIB)
        assert file.read(7) != b"changed"
    assert len(files(alpha)) == 2


def test_blocks_are_shared_where_that_is_possible(
    alpha: FileDriver, volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    def clone(fd: int, number: int, source: int) -> None:
        os.ftruncate(fd, os.fstat(source).st_size)

    def copy(*_: object, **__: object) -> None:
        raise AssertionError("the bytes were copied")

    monkeypatch.setattr(filestore.fcntl, "ioctl", clone)
    monkeypatch.setattr(file_driver, "sparse_copy_file", copy)
    larger = volume_of(alpha, size=2)
    alpha.create_cloned_volume(larger, volume)
    assert os.stat(alpha.local_path(larger)).st_size == 2 * GIB


def test_thick_copies_are_thick(make_driver: MakeDriver, offloads: list[bool]) -> None:
    """The kernel would give them the source's blocks where a file system can share them."""
    driver = make_driver("thick", file_sparsed_volumes=False)
    made, clone = volume_of(driver), volume_of(driver)
    driver.create_volume(made)
    driver.create_cloned_volume(clone, made)
    assert allocated(driver.local_path(clone)) >= GIB
    assert offloads == [False]


def test_a_copy_of_what_is_missing_is_one_sentence(alpha: FileDriver) -> None:
    absent = volume_of(alpha)
    with pytest.raises(exception.VolumeBackendAPIException, match=f"{absent.name} is missing"):
        alpha.create_cloned_volume(volume_of(alpha), absent)
    assert files(alpha) == []


# --- access --------------------------------------------------------------------------------------


def test_os_brick_connects_to_the_file(alpha: FileDriver, volume: Volume) -> None:
    from os_brick.initiator import connector

    connection = alpha.initialize_connection(volume, HERE)
    brick = connector.InitiatorConnector.factory(connection["driver_volume_type"].upper(), "sudo")
    device = brick.connect_volume(connection["data"])
    assert device["path"] == alpha.local_path(volume)
    brick.disconnect_volume(connection["data"], device, force=True)
    alpha.terminate_connection(volume, HERE, force=True)


def test_the_node_may_go_by_the_service_s_name(alpha: FileDriver, volume: Volume) -> None:
    assert alpha.initialize_connection(volume, {"host": "node1"})["driver_volume_type"] == "local"


@pytest.mark.parametrize("connector", [{"host": "elsewhere"}, {}])
def test_another_node_is_refused(
    alpha: FileDriver, volume: Volume, connector: dict[str, str]
) -> None:
    with pytest.raises(exception.InvalidInput, match="can not be connected to"):
        alpha.initialize_connection(volume, connector)


def test_a_volume_that_is_missing_can_not_be_connected(alpha: FileDriver) -> None:
    with pytest.raises(exception.VolumeBackendAPIException, match="is missing"):
        alpha.initialize_connection(volume_of(alpha), HERE)


# --- moves ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["available", "retyping", "maintenance"])
def test_a_move_brings_the_data_and_then_removes_the_old(
    alpha: FileDriver, beta: FileDriver, volume: Volume, context: RequestContext, status: str
) -> None:
    before = fill(alpha, volume)
    volume = volume.replace(status=status)
    assert alpha.migrate_volume(context, volume, host_of(beta)) == (True, None)
    assert fingerprint(alpha.local_path(volume)) == fingerprint(beta.local_path(volume)) == before
    alpha.finish_migration(context, volume, host_of(beta))
    assert (files(alpha), files(beta)) == ([], [volume.name])
    assert fingerprint(beta.local_path(volume)) == before


def test_a_volume_is_moved_under_the_name_it_has(
    alpha: FileDriver, beta: FileDriver, context: RequestContext
) -> None:
    volume = volume_of(alpha, name_id_override=str(uuid.uuid4()))
    alpha.create_volume(volume)
    assert alpha.migrate_volume(context, volume, host_of(beta)) == (True, None)
    alpha.finish_migration(context, volume, host_of(beta))
    assert files(beta) == [f"volume-{volume.name_id_override}"]


def test_a_move_is_undone(
    alpha: FileDriver, beta: FileDriver, volume: Volume, context: RequestContext
) -> None:
    before = fill(alpha, volume)
    alpha.migrate_volume(context, volume, host_of(beta))
    alpha.cancel_migration(context, volume, host_of(beta))
    alpha.cancel_migration(context, volume, host_of(beta))
    assert (files(alpha), files(beta)) == ([volume.name], [])
    assert fingerprint(alpha.local_path(volume)) == before


def test_a_move_is_not_undone_when_the_volume_is_recorded_elsewhere(
    alpha: FileDriver, beta: FileDriver, volume: Volume, context: RequestContext
) -> None:
    alpha.migrate_volume(context, volume, host_of(beta))
    moved = volume.replace(host=f"{beta.host}#pool")
    with pytest.raises(exception.VolumeBackendAPIException, match="belongs to node1@beta#pool"):
        alpha.cancel_migration(context, moved, host_of(beta))
    assert files(beta) == [volume.name]


@pytest.mark.parametrize("status", ["in-use", "error", "creating", "deleting"])
def test_a_volume_in_another_status_is_not_moved_by_the_driver(
    alpha: FileDriver, beta: FileDriver, volume: Volume, context: RequestContext, status: str
) -> None:
    volume = volume.replace(status=status)
    assert alpha.migrate_volume(context, volume, host_of(beta)) == (False, None)
    assert files(beta) == []


@pytest.mark.parametrize(
    "location",
    [
        None,
        "",
        "nonsense",
        "FileDriver:elsewhere:/var/lib/x",
        f"LVMVolumeDriver:{socket.gethostname()}:vg:thin:0",
        f"FileDriver:{socket.gethostname()}:",
        f"FileDriver:{socket.gethostname()}:/no/such/directory",
    ],
)
def test_what_is_no_directory_of_this_node_is_declined(
    alpha: FileDriver, volume: Volume, context: RequestContext, location: str | None
) -> None:
    host = {"host": "node1@beta#pool", "capabilities": {"location_info": location}}
    assert alpha.migrate_volume(context, volume, host) == (False, None)
    alpha.cancel_migration(context, volume, host)
    alpha.finish_migration(context, volume, host)
    assert files(alpha) == [volume.name]


def test_the_same_directory_is_refused_and_nothing_is_touched(
    alpha: FileDriver,
    make_driver: MakeDriver,
    volume: Volume,
    context: RequestContext,
    tmp_path: pathlib.Path,
) -> None:
    (tmp_path / "twin").symlink_to(alpha.configuration.file_data_dir)
    twin = make_driver("twin")
    host = host_of(twin)
    host["capabilities"]["location_info"] = f"FileDriver:{socket.gethostname()}:{tmp_path}/twin"
    before = fill(alpha, volume)
    with pytest.raises(exception.VolumeBackendAPIException, match="both backends keep"):
        alpha.migrate_volume(context, volume, host)
    alpha.cancel_migration(context, volume, host)
    with pytest.raises(exception.VolumeBackendAPIException, match="both backends keep"):
        alpha.finish_migration(context, volume, host)
    assert fingerprint(alpha.local_path(volume)) == before


def test_a_move_that_fails_names_the_volume(
    alpha: FileDriver, beta: FileDriver, context: RequestContext
) -> None:
    absent = volume_of(alpha)
    with pytest.raises(exception.VolumeBackendAPIException) as caught:
        alpha.migrate_volume(context, absent, host_of(beta))
    assert f"volume {absent.id} could not be moved to node1@beta#pool" in caught.value.msg


# --- the end of a host copy ----------------------------------------------------------------------


def test_the_target_gets_the_volume_s_name(
    alpha: FileDriver, beta: FileDriver, volume: Volume, context: RequestContext
) -> None:
    target = volume_of(beta)
    beta.create_volume(target)
    for _ in range(2):  # the service may ask again after a crash
        update = beta.update_migrated_volume(context, volume, target, "available")
        assert update == {"_name_id": None, "provider_location": None}
        assert files(beta) == [f"volume-{volume.id}"]


def test_the_name_is_that_of_the_id_even_if_the_source_had_another(
    beta: FileDriver, context: RequestContext
) -> None:
    volume, target = volume_of(beta, name_id_override=str(uuid.uuid4())), volume_of(beta)
    beta.create_volume(target)
    beta.update_migrated_volume(context, volume, target, "available")
    assert files(beta) == [f"volume-{volume.id}"]


def test_a_name_that_is_taken_is_left_to_who_has_it(
    alpha: FileDriver, volume: Volume, context: RequestContext
) -> None:
    before = fill(alpha, volume)
    target = volume_of(alpha)
    alpha.create_volume(target)
    update = alpha.update_migrated_volume(context, volume, target, "available")
    assert update == {"_name_id": target.id, "provider_location": None}
    assert fingerprint(alpha.local_path(volume)) == before
    assert files(alpha) == sorted([volume.name, target.name])


def test_a_volume_in_use_keeps_the_path_that_its_user_knows(
    beta: FileDriver, context: RequestContext
) -> None:
    volume, target = volume_of(beta), volume_of(beta)
    beta.create_volume(target)
    update = beta.update_migrated_volume(context, volume, target, "in-use")
    assert update["_name_id"] == target.id
    assert files(beta) == [target.name]


def test_a_rename_that_fails_keeps_the_target_s_name(
    beta: FileDriver, context: RequestContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    volume, target = volume_of(beta), volume_of(beta)
    beta.create_volume(target)
    monkeypatch.setattr(filestore, "_link", fail)
    update = beta.update_migrated_volume(context, volume, target, "available")
    assert update["_name_id"] == target.id
    assert files(beta) == [target.name]
