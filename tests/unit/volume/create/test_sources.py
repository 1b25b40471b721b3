# SPDX-License-Identifier: Apache-2.0
"""Volumes made of snapshots and of other volumes, on one backend and across two."""

from __future__ import annotations

import os
import pathlib
import shutil
import socket
import types
from collections.abc import Callable
from typing import Any

import pytest

from cinder_lite import exception, states
from cinder_lite.conf.backend import BackendConfiguration
from cinder_lite.context import RequestContext
from cinder_lite.db import snapshots, volumes
from cinder_lite.objects import Snapshot, Volume
from cinder_lite.volume import connections, snapshot_exports, snapshotting
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.copy import CopyProgress, copy_volume
from cinder_lite.volume.create import sources
from cinder_lite.volume.create.progress import Progress
from cinder_lite.volume.create.spec import VolumeSpec
from tests.unit import rows
from tests.unit.conftest import SetOption
from tests.unit.volume import filebackend as files

Make = Callable[[Backend, Volume], Any]


@pytest.fixture
def source(backend: Backend) -> Volume:
    """A volume with data."""
    made = rows.volume()
    backend.driver.create_volume(made)
    files.write(backend, made, b"data")
    return made


@pytest.fixture
def snapshot(backend: Backend, source: Volume, admin: RequestContext) -> Snapshot:
    """A snapshot of it."""
    made = rows.snapshot(source, status=states.CREATING)
    snapshotting.create(backend, admin, made.id)
    return snapshots.get(admin, made.id)


def target(size: int = 1, host: str = "one@file#file") -> Volume:
    return rows.volume(size=size, status=states.CREATING, host=host)


def of_snapshot(backend: Backend, admin: RequestContext, volume: Volume, snapshot: Snapshot) -> Any:
    spec = VolumeSpec(type="snap", snapshot_id=snapshot.id)
    return sources.from_snapshot(backend, admin, volume, spec, Progress(volume.id))


def of_volume(backend: Backend, admin: RequestContext, volume: Volume, source: Volume) -> Any:
    spec = VolumeSpec(type="source_vol", source_volid=source.id)
    return sources.from_volume(backend, admin, volume, spec, Progress(volume.id))


# --- one backend -------------------------------------------------------------------------------


def test_a_volume_of_a_snapshot_has_its_data_and_may_be_larger(
    backend: Backend, admin: RequestContext, source: Volume, snapshot: Snapshot
) -> None:
    files.write(backend, source, b"DATA")
    volume = target(size=2)
    of_snapshot(backend, admin, volume, snapshot)
    assert files.read(backend, volume, 4) == b"data"
    assert files.path(backend, volume).stat().st_size == 2 * files.GIB


def test_a_clone_has_the_data_of_now(
    backend: Backend, admin: RequestContext, source: Volume
) -> None:
    volume = target(size=2)
    of_volume(backend, admin, volume, source)
    files.write(backend, source, b"DATA")
    assert files.read(backend, volume, 4) == b"data"
    assert files.path(backend, volume).stat().st_size == 2 * files.GIB


@pytest.mark.parametrize("status", [states.DELETING, states.ERROR, states.CREATING])
def test_a_snapshot_that_is_not_available_is_not_read(
    backend: Backend, admin: RequestContext, snapshot: Snapshot, status: str
) -> None:
    snapshots.update(snapshot.id, {"status": status})
    volume = target()
    with pytest.raises(exception.InvalidSnapshot, match=status):
        of_snapshot(backend, admin, volume, snapshot)
    assert not files.path(backend, volume).exists()


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"status": states.DELETING}, "but is deleting"),
        ({"migration_status": states.MIGRATION_MIGRATING}, "is moving to another backend"),
    ],
)
def test_a_volume_that_goes_or_moves_is_not_cloned(
    backend: Backend, admin: RequestContext, source: Volume, values: dict[str, Any], why: str
) -> None:
    volumes.update(source.id, values)
    with pytest.raises(exception.InvalidVolume, match=why):
        of_volume(backend, admin, target(), source)


def test_what_has_gone_is_said(backend: Backend, admin: RequestContext) -> None:
    with pytest.raises(exception.SnapshotNotFound):
        of_snapshot(backend, admin, target(), Snapshot(id=rows.new_id(), volume_id="v"))
    with pytest.raises(exception.VolumeNotFound):
        of_volume(backend, admin, target(), Volume(id=rows.new_id()))


def test_a_driver_that_can_not_says_so(
    backend: Backend, admin: RequestContext, source: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unable(*_: Any) -> None:
        raise NotImplementedError

    monkeypatch.setattr(backend.driver, "create_cloned_volume", unable)
    with pytest.raises(exception.VolumeBackendAPIException, match="FileDriver of one@file can not"):
        of_volume(backend, admin, target(), source)


def test_nobody_deletes_what_is_read(
    backend: Backend, admin: RequestContext, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def make(volume: Volume, of: Snapshot, _progress: Any) -> None:
        seen.append(of.id in backend.uses._shared)

    monkeypatch.setattr(backend.driver, "create_volume_from_snapshot", make)
    of_snapshot(backend, admin, target(), snapshot)
    assert seen == [True]
    assert not backend.uses._shared


# --- across backends ---------------------------------------------------------------------------


class Brick:
    """Connects to a file by its path."""

    def connect_volume(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the path."""
        return {"path": data["device_path"]}

    def disconnect_volume(self, data: dict[str, Any], device: Any, force: bool) -> None:
        """Do nothing."""


class Remote:
    """The RPC client through which the other backend's service is reached, at once."""

    def __init__(self, backend: Backend, admin: RequestContext) -> None:
        self._backend = backend
        self._admin = admin
        self.calls: list[str] = []

    def create_snapshot(self, _context: Any, host: str, snapshot_id: str) -> None:
        """Make it."""
        self.calls.append(f"create on {host}")
        snapshotting.create(self._backend, self._admin, snapshot_id)

    def delete_snapshot(self, _context: Any, host: str, snapshot_id: str) -> None:
        """Delete it."""
        self.calls.append(f"delete on {host}")
        snapshotting.delete(self._backend, self._admin, snapshot_id)

    def initialize_connection_snapshot(self, _context: Any, _host: str, *args: Any) -> Any:
        """Connect."""
        self.calls.append("connect")
        return snapshot_exports.initialize(self._backend, self._admin, *args)

    def terminate_connection_snapshot(self, _context: Any, _host: str, *args: Any) -> None:
        """Disconnect."""
        self.calls.append("disconnect")
        snapshot_exports.terminate(self._backend, self._admin, *args)


def copy(src: str, dest: str, size_in_m: int, _block: Any, **options: Any) -> str:
    """Copy what there is; the options matter to whoever copies."""
    assert options["sync"]
    assert options["sparse"]
    assert options["root_helper"], "a device is opened as root where the service is not"
    options["progress"](CopyProgress(1, 1, 0, 1, 1.0))
    shutil.copyfile(src, dest)
    os.truncate(dest, size_in_m * files.MIB)
    return "copied"


@pytest.fixture
def other(
    tmp_path: pathlib.Path,
    backend: Backend,
    admin: RequestContext,
    option: SetOption,
    monkeypatch: pytest.MonkeyPatch,
) -> Backend:
    """The backend ``two@file``, which reaches ``one@file``."""
    option("state_path", str(tmp_path))
    BackendConfiguration("files_of_two")
    option("file_data_dir", str(tmp_path / "two"), "files_of_two")
    option("volume_backend_name", "file", "files_of_two")
    made = files.make(tmp_path / "two", "files_of_two", "two@file")
    object.__setattr__(made, "volume_rpcapi", Remote(backend, admin))
    pools = [{"name": "one@file#file", "capabilities": {"storage_protocol": "file"}}]
    made.scheduler_rpcapi.answers["get_pools"] = pools  # type: ignore[attr-defined]
    monkeypatch.setattr(connections, "_brick", lambda properties: Brick())
    monkeypatch.setattr("cinder_lite.volume.backend.copy_volume", copy)
    monkeypatch.setattr(sources, "time", types.SimpleNamespace(sleep=lambda seconds: None))
    rows.service("one@file")
    assert socket.gethostname()
    return made


def test_a_snapshot_of_another_backend_is_copied(
    other: Backend, admin: RequestContext, snapshot: Snapshot
) -> None:
    volume = target(host="two@file#file")
    of_snapshot(other, admin, volume, snapshot)
    assert files.read(other, volume, 4) == b"data"
    assert other.volume_rpcapi.calls == ["connect", "disconnect"]  # type: ignore[attr-defined]


def test_what_a_larger_copy_of_another_backends_snapshot_adds_reads_as_zero(
    other: Backend, admin: RequestContext, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a new volume holds what lay there before, as thick logical volumes do."""
    make, measure = other.driver.create_volume, other.driver.get_volume_stats

    def used(volume: Volume) -> Any:
        update = make(volume)
        for offset in (0, files.GIB, 2 * files.GIB - 4):
            files.write(other, volume, b"DIRT", offset)
        return update

    monkeypatch.setattr(other.driver, "create_volume", used)
    thick = {**measure(), "sparse_copy_volume": False}
    monkeypatch.setattr(other.driver, "get_volume_stats", lambda: thick)
    monkeypatch.setattr("cinder_lite.volume.backend.copy_volume", copy_volume)
    volume = target(size=2, host="two@file#file")
    of_snapshot(other, admin, volume, snapshot)
    assert files.read(other, volume, 4) == b"data"
    assert files.read(other, volume, 4, files.GIB) == bytes(4)
    assert files.read(other, volume, 4, 2 * files.GIB - 4) == bytes(4)


def test_a_volume_of_another_backend_is_copied_by_a_temporary_snapshot(
    backend: Backend, other: Backend, admin: RequestContext, source: Volume
) -> None:
    volumes.update(source.id, {"status": states.IN_USE})
    volume = target(host="two@file#file")
    of_volume(other, admin, volume, source)
    assert files.read(other, volume, 4) == b"data"
    assert other.volume_rpcapi.calls == [  # type: ignore[attr-defined]
        "create on one@file#file",
        "connect",
        "disconnect",
        "delete on one@file#file",
    ]
    assert snapshots.of_volume(source.id) == []
    left = [path.name for path in files.path(backend, source).parent.iterdir()]
    assert left == [source.name]


def test_a_copy_that_fails_leaves_no_temporary_snapshot(
    other: Backend, admin: RequestContext, source: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise exception.VolumeCopyFailed(reason="the cable is cut.")

    monkeypatch.setattr("cinder_lite.volume.backend.copy_volume", fail)
    with pytest.raises(exception.VolumeCopyFailed):
        of_volume(other, admin, target(host="two@file#file"), source)
    assert snapshots.of_volume(source.id) == []


def test_a_temporary_snapshot_of_a_dead_service_is_used_again(
    backend: Backend, other: Backend, admin: RequestContext, source: Volume
) -> None:
    volume = target(host="two@file#file")
    left = sources._temporary_snapshot(other, admin, volume, source)
    of_volume(other, admin, volume, source)
    calls = other.volume_rpcapi.calls  # type: ignore[attr-defined]
    assert calls.count("create on one@file#file") == 1
    with pytest.raises(exception.SnapshotNotFound):
        snapshots.get(admin, left.id)


def test_a_source_whose_service_is_down_is_not_waited_for(
    other: Backend, admin: RequestContext, source: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(other.volume_rpcapi, "create_snapshot", lambda *_: None)
    down = types.SimpleNamespace(is_up=False)
    monkeypatch.setattr(sources.db_services, "get", lambda **_: down)
    with pytest.raises(exception.VolumeBackendAPIException, match="one@file is down"):
        of_volume(other, admin, target(host="two@file#file"), source)


def test_a_driver_that_connects_volumes_only_says_so(
    backend: Backend,
    other: Backend,
    admin: RequestContext,
    snapshot: Snapshot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unable(*_: Any) -> None:
        raise NotImplementedError

    monkeypatch.setattr(backend.driver, "initialize_connection_snapshot", unable)
    with pytest.raises(exception.VolumeBackendAPIException, match="connects volumes only"):
        of_snapshot(other, admin, target(host="two@file#file"), snapshot)
