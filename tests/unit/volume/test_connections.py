# SPDX-License-Identifier: Apache-2.0
"""Volumes attached to this node: whatever goes wrong, nothing stays connected or exported."""

from __future__ import annotations

import json
import os
import pathlib
import threading
import types
from collections.abc import Iterator
from typing import Any

import pytest

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import volumes
from cinder_lite.objects import Snapshot, Volume
from cinder_lite.volume import connections
from cinder_lite.volume.connection_notes import Note, Notes
from tests.unit import rows
from tests.unit.conftest import SetOption

SECRET = "a-secret-of-chap"
PROPERTIES = {
    "driver_volume_type": "iscsi",
    "data": {"target_iqn": "iqn.x:y", "auth_password": SECRET},
}
CONNECTOR = {"host": "here", "initiator": "iqn.a:here", "multipath": False}
ORDER = ["initialize", "connect", "disconnect", "terminate", "remove_export"]


class Rpc:
    """The other service."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.failures: dict[str, Exception] = {}

    def _step(self, name: str) -> None:
        self.log.append(name)
        if name in self.failures:
            raise self.failures[name]

    def initialize_connection(self, context: Any, volume: Volume, connector: Any) -> Any:
        """Export the volume."""
        self._step("initialize")
        return PROPERTIES

    def terminate_connection(
        self, context: Any, volume: Volume, connector: Any, *, force: bool
    ) -> None:
        """End the access."""
        assert connector["initiator"] == CONNECTOR["initiator"]
        self._step("terminate")

    def remove_export(self, context: Any, volume: Volume) -> None:
        """End the export."""
        self._step("remove_export")

    def initialize_connection_snapshot(
        self, context: Any, host: str, snapshot_id: str, connector: Any
    ) -> Any:
        """Export the snapshot."""
        self._step("initialize")
        return PROPERTIES

    def terminate_connection_snapshot(
        self, context: Any, host: str, snapshot_id: str, connector: Any
    ) -> None:
        """End the access."""
        assert host == "two@lvm#pool"
        assert connector["initiator"] == CONNECTOR["initiator"]
        self._step("terminate")


class Brick:
    """os-brick's connector."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.connect_error: Exception | None = None
        self.disconnect_errors: list[Exception] = []

    def connect_volume(self, data: dict[str, Any]) -> dict[str, Any]:
        """Log in."""
        self.log.append("connect")
        if self.connect_error:
            raise self.connect_error
        return {"path": "/dev/sdz", "type": "block"}

    def disconnect_volume(self, data: dict[str, Any], device: Any, force: bool) -> None:
        """Log out."""
        assert force
        assert data["auth_password"] == SECRET
        self.log.append("disconnect")
        if self.disconnect_errors:
            raise self.disconnect_errors.pop(0)


class World:
    """One backend, the service of another, and os-brick between them."""

    def __init__(self, state: pathlib.Path) -> None:
        self.log: list[str] = []
        self.rpc = Rpc(self.log)
        self.brick = Brick(self.log)
        self.state = state
        self.driver = types.SimpleNamespace(local_path=lambda volume: f"/dev/vg/{volume.name}")
        self.backend: Any = types.SimpleNamespace(
            driver=self.driver,
            volume_rpcapi=self.rpc,
            service_host="one@lvm",
            context=None,
            configuration=types.SimpleNamespace(
                use_multipath_for_image_xfer=False, enforce_multipath_for_image_xfer=False
            ),
        )

    def notes(self) -> list[pathlib.Path]:
        """Return the files of the notes."""
        return [path for path in self.state.rglob("*") if path.is_file()]


@pytest.fixture
def world(
    tmp_path: pathlib.Path,
    sqlite_database: str,
    option: SetOption,
    admin: RequestContext,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """A backend whose volumes can be connected."""
    option("state_path", str(tmp_path / "state"))
    made = World(tmp_path / "state")
    made.backend.context = admin
    monkeypatch.setattr(connections, "connector_properties", lambda *_: dict(CONNECTOR))
    monkeypatch.setattr(connections, "_brick", lambda properties: made.brick)
    yield made


@pytest.fixture
def target(sqlite_database: str) -> Volume:
    """A target on the other backend."""
    return rows.volume(
        host="two@lvm#pool", migration_status=states.migration_target_of(rows.new_id())
    )


def attach(world: World, context: RequestContext, volume: Volume, *, remote: bool = True) -> Any:
    """Return the context manager under test."""
    return connections.attached(world.backend, context, volume, protocol="iSCSI", remote=remote)


def test_remote(world: World, target: Volume, admin: RequestContext) -> None:
    """The order of things; while it lasts, a note that only the service can read."""
    with attach(world, admin, target) as here:
        assert here.path == "/dev/sdz"
        (note,) = world.notes()
        assert note.stat().st_mode & 0o777 == 0o600
        assert note.parent.stat().st_mode & 0o777 == 0o700
        assert SECRET in note.read_text()
        world.log.append("copy")
        connections.settle(world.backend)  # not left: in use
    assert world.log == [*ORDER[:2], "copy", *ORDER[2:]]
    assert world.notes() == []


def test_local(world: World, admin: RequestContext) -> None:
    """A volume with a path on this node needs no initiator, and is exported to nobody."""
    volume = rows.volume()
    with attach(world, admin, volume, remote=False) as here:
        assert here.path == f"/dev/vg/{volume.name}"
    assert (world.log, world.notes()) == ([], [])


def test_local_without_a_path(
    world: World, admin: RequestContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A volume of this backend that has no path here is connected like any other."""

    def none(volume: Volume) -> str:
        raise NotImplementedError

    world.driver.local_path = none
    for name, answer in (("initialize", PROPERTIES), ("terminate", False), ("remove", None)):
        monkeypatch.setattr(
            connections.exports,
            name,
            lambda *_, _n=name, _a=answer, **__: (world.log.append(_n), _a)[1],
        )
    with attach(world, admin, rows.volume(), remote=False) as here:
        assert here.path == "/dev/sdz"
    assert world.log == ["initialize", "connect", "disconnect", "terminate", "remove"]
    assert world.notes() == []


def test_a_failed_copy(world: World, target: Volume, admin: RequestContext) -> None:
    """Everything is undone, and the copy's own error is what the caller sees."""
    world.brick.disconnect_errors = [OSError("flush")]
    world.rpc.failures["terminate"] = exception.ServiceUnavailable("gone.")
    with pytest.raises(exception.VolumeCopyFailed), attach(world, admin, target):
        raise exception.VolumeCopyFailed(reason="dd")
    assert world.log == ["initialize", "connect", "disconnect", "disconnect", "terminate"]
    assert world.notes() == []


def test_a_refused_export(world: World, target: Volume, admin: RequestContext) -> None:
    """Nothing is connected; the other service is told to forget it, should it have begun."""
    world.rpc.failures["initialize"] = exception.VolumeBackendAPIException(data="no.")
    with (
        pytest.raises(exception.VolumeBackendAPIException),
        attach(world, admin, target),
    ):
        pytest.fail("attached")
    assert world.log == ["initialize", "terminate", "remove_export"]
    assert world.notes() == []


def test_a_failed_login(world: World, target: Volume, admin: RequestContext) -> None:
    """What a half-made connection has left is removed, and the reason names the volume."""
    world.brick.connect_error = OSError("login failed")
    with (
        pytest.raises(exception.VolumeMigrationFailed, match=f"{target.id}.*login failed"),
        attach(world, admin, target),
    ):
        pytest.fail("attached")
    assert world.log == ORDER
    assert world.notes() == []


def test_what_stays_connected_is_tried_again(
    world: World, target: Volume, admin: RequestContext
) -> None:
    """Until it is gone from this node, the export stays and the note, too."""
    world.brick.disconnect_errors = [OSError("busy")] * 4
    with attach(world, admin, target):
        pass
    assert len(world.notes()) == 1
    assert "terminate" not in world.log
    connections.settle(world.backend)
    assert len(world.notes()) == 1
    connections.settle(world.backend)
    assert world.notes() == []
    assert world.log[-3:] == ORDER[2:]


@pytest.mark.parametrize("connected", [False, True])
def test_left_by_a_killed_service(
    world: World, target: Volume, admin: RequestContext, connected: bool
) -> None:
    """The next start disconnects what there is, and ends the export."""
    note = Note(target.id, str(target.host), CONNECTOR, True)
    notes = Notes(str(world.state / "connections" / "one@lvm"))
    notes.write(note.connected_by(PROPERTIES) if connected else note)
    connections.settle(world.backend)
    assert world.log == ORDER[2:] if connected else ORDER[3:]
    assert world.notes() == []


@pytest.mark.parametrize("fate", ["deleted", "swapped", "deleting"])
def test_left_of_a_volume_that_is_another_now(
    world: World, target: Volume, admin: RequestContext, fate: str
) -> None:
    """Only this node is tidied: the export of that name may be somebody else's by now."""
    note = Note(target.id, str(target.host), CONNECTOR, True).connected_by(PROPERTIES)
    Notes(str(world.state / "connections" / "one@lvm")).write(note)
    if fate == "deleted":
        volumes.destroy(target.id)
    elif fate == "swapped":
        volumes.update(target.id, {"host": "one@lvm#pool"})
    else:
        volumes.update(target.id, {"migration_status": states.MIGRATION_DELETING})
    connections.settle(world.backend)
    assert (world.log, world.notes()) == (["disconnect"], [])


# --- snapshots ---------------------------------------------------------------------------------


@pytest.fixture
def snapshot(target: Volume) -> Snapshot:
    """A snapshot on the other backend."""
    return rows.snapshot(target)


def read(world: World, context: RequestContext, snapshot: Snapshot) -> Any:
    """Return the context manager under test."""
    return connections.attached_snapshot(
        world.backend, context, "two@lvm#pool", snapshot, protocol="iSCSI"
    )


def test_a_snapshot(world: World, snapshot: Snapshot, admin: RequestContext) -> None:
    with read(world, admin, snapshot) as here:
        assert here.path == "/dev/sdz"
        world.log.append("copy")
        connections.settle(world.backend)  # not left: in use
    assert world.log == ["initialize", "connect", "copy", "disconnect", "terminate"]
    assert world.notes() == []


@pytest.mark.parametrize("step", ["initialize", "connect"])
def test_a_snapshot_that_can_not_be_connected(
    world: World, snapshot: Snapshot, admin: RequestContext, step: str
) -> None:
    world.rpc.failures["initialize"] = exception.VolumeBackendAPIException(data="no.")
    if step == "connect":
        world.rpc.failures.clear()
        world.brick.connect_error = OSError("login failed")
    with pytest.raises(exception.CinderLiteException), read(world, admin, snapshot):
        pytest.fail("attached")
    assert world.log[-1] == "terminate"
    assert world.notes() == []


@pytest.mark.parametrize("connected", [False, True])
def test_a_snapshot_left_by_a_killed_service(
    world: World, snapshot: Snapshot, connected: bool
) -> None:
    """Its export ends, too: nothing else would before the snapshot is deleted."""
    note = Note(snapshot.id, "two@lvm#pool", CONNECTOR, remote=True, snapshot=True)
    notes = Notes(str(world.state / "connections" / "one@lvm"))
    notes.write(note.connected_by(PROPERTIES) if connected else note)
    connections.settle(world.backend)
    assert world.log == (["disconnect", "terminate"] if connected else ["terminate"])
    assert world.notes() == []


def test_a_note_of_an_earlier_release(world: World, target: Volume) -> None:
    note = Note(target.id, str(target.host), CONNECTOR, remote=True).connected_by(PROPERTIES)
    written = {key: value for key, value in vars(note).items() if key != "snapshot"}
    folder = world.state / "connections" / "one@lvm"
    folder.mkdir(parents=True)
    (folder / target.id).write_text(json.dumps(written))
    connections.settle(world.backend)
    assert (world.log, world.notes()) == (ORDER[2:], [])


def test_a_snapshot_is_read_once_at_a_time_on_a_node(
    world: World, snapshot: Snapshot, admin: RequestContext
) -> None:
    """Two readers would have one device, of which the first that ends would rob the other."""
    other = World(world.state)  # another backend of this node
    other.backend.service_host, other.log = "one@more", world.log
    other.rpc.log = other.brick.log = world.log

    def second() -> None:
        with read(other, admin, snapshot):
            world.log.append("second copy")

    thread = threading.Thread(target=second)
    with read(world, admin, snapshot):
        thread.start()
        thread.join(0.3)
        world.log.append("first copy")
    thread.join(30)
    assert world.log == [
        *("initialize", "connect", "first copy", "disconnect", "terminate"),
        *("initialize", "connect", "second copy", "disconnect", "terminate"),
    ]


def test_another_process_of_the_node_waits_as_well(
    world: World, snapshot: Snapshot, admin: RequestContext
) -> None:
    Notes.of(str(world.state / "connections" / "one@lvm")).write(
        Note(snapshot.id, "two@lvm#pool", CONNECTOR, remote=True, snapshot=True)
    )
    (entered, told), (left, leave) = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(leave)
            world.backend.service_host = "one@more"
            with read(world, admin, snapshot):
                os.write(told, b"1")
                os.read(left, 1)
        finally:
            os._exit(0)
    assert os.read(entered, 1) == b"1"
    connections.settle(world.backend)  # what this backend left is the other's connection now
    assert world.log == []
    os.close(leave)
    os.waitpid(child, 0)
    connections.settle(world.backend)
    assert world.log == ["terminate"]
    assert world.notes() == []


# --- notes, connectors -------------------------------------------------------------------------


def test_multipath_is_remembered(world: World) -> None:
    """What is connected by multipath must be disconnected so, also after a restart."""
    note = Note("v", "two@lvm#pool", {**CONNECTOR, "multipath": True}, True)
    notes = Notes(str(world.state))
    notes.write(note.connected_by(PROPERTIES))
    read = notes.read("v")
    assert read is not None
    assert read.properties == {**PROPERTIES, "multipath": True}


def test_a_note_that_can_not_be_read_is_no_note(world: World) -> None:
    """A torn file keeps nothing from starting."""
    world.state.mkdir()
    (world.state / "v").write_text("{")
    assert Notes(str(world.state)).read("v") is None


def test_what_is_here_is_connected_as_by_os_brick() -> None:
    from os_brick.initiator.connectors.local import LocalConnector

    data = {"device_path": "/srv/volumes/v", "access_mode": "rw"}
    ours = connections._brick({"driver_volume_type": "local", "data": data})
    device = ours.connect_volume(data)
    assert device == LocalConnector("").connect_volume(data)
    ours.disconnect_volume(data, device, force=True)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """os-brick and privsep, of which is noted how they are used."""
    import os_brick
    from os_brick.initiator import connector
    from oslo_privsep import priv_context

    used: dict[str, Any] = {}
    monkeypatch.setattr(os_brick, "setup", lambda conf: used.update(conf=conf))
    monkeypatch.setattr(priv_context, "init", lambda root_helper: used.update(prefix=root_helper))

    def properties(*args: Any) -> dict[str, Any]:
        used["asked"] = args
        if "error" in used:
            raise used["error"]
        return {"host": "here", "multipath": args[2]}

    monkeypatch.setattr(connector, "get_connector_properties", properties)
    for prepared in (connections._os_brick, connections.prepare_brick):
        prepared.cache_clear()
    yield used
    for prepared in (connections._os_brick, connections.prepare_brick):
        prepared.cache_clear()


def backend_with(use: bool, enforce: bool) -> Any:
    """Return a backend with the two options of multipath."""
    return types.SimpleNamespace(
        configuration=types.SimpleNamespace(
            use_multipath_for_image_xfer=use, enforce_multipath_for_image_xfer=enforce
        )
    )


@pytest.mark.parametrize(
    ("uid", "prefix"),
    [(1000, ["sudo", "cinder-lite-rootwrap", "/etc/x.conf"]), (0, ["env"])],
)
def test_how_os_brick_becomes_root(
    library: dict[str, Any],
    option: SetOption,
    monkeypatch: pytest.MonkeyPatch,
    uid: int,
    prefix: list[str],
) -> None:
    """By rootwrap, and not at all where the service is root."""
    option("rootwrap_config", "/etc/x.conf")
    monkeypatch.setattr(connections.os, "geteuid", lambda: uid)
    connections.connector_properties(backend_with(False, False), "iSCSI")
    assert library["prefix"] == prefix
    assert library["asked"][0] == ("" if uid == 0 else " ".join(prefix))


@pytest.mark.parametrize(("use", "enforce"), [(False, False), (True, False), (True, True)])
def test_multipath_options_are_passed_on(library: dict[str, Any], use: bool, enforce: bool) -> None:
    """What the operator wants reaches os-brick, and the target's service."""
    found = connections.connector_properties(backend_with(use, enforce), "iSCSI")
    assert library["asked"][2:] == (use, enforce)
    assert (found["multipath"], found["enforce_multipath"]) == (use, enforce)


def test_multipath_that_is_enforced_and_missing(library: dict[str, Any]) -> None:
    """The reason names the option; without it, the error is os-brick's own."""
    library["error"] = OSError("multipathd is not running")
    with pytest.raises(exception.VolumeMigrationFailed, match="enforce_multipath_for_image_xfer"):
        connections.connector_properties(backend_with(True, True), "iSCSI")
    with pytest.raises(OSError, match="multipathd"):
        connections.connector_properties(backend_with(True, False), "iSCSI")


def test_a_local_protocol_asks_nobody(library: dict[str, Any]) -> None:
    """A file needs no initiator: no daemon of privsep is started for it."""
    found = connections.connector_properties(backend_with(True, True), "file")
    assert found["multipath"] is False
    assert library == {}
