# SPDX-License-Identifier: Apache-2.0
"""Groups on a backend: what ends well, what fails, and what a crash leaves."""

from __future__ import annotations

import contextlib
import datetime
import types
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import (
    engine,
    group_changes,
    group_snapshots,
    groups,
    models,
    quotas,
    snapshots,
    volumes,
)
from cinder_lite.objects import Group, GroupSnapshot, Snapshot, Volume, utcnow
from cinder_lite.volume import group_snapshots as snapshot_room
from cinder_lite.volume import groups as room
from cinder_lite.volume import lifecycle
from cinder_lite.volume.drivers import base
from cinder_lite.volume.uses import Uses
from tests.unit import rows


class Driver:
    """Takes notes; ``refuse`` names what it fails to do."""

    def __init__(self) -> None:
        self.initialized = True
        self.data: set[str] = set()
        self.refuse: dict[str, Exception] = {}

    def _check(self, what: str, name: str) -> None:
        for key in (what, f"{what} {name}"):
            if key in self.refuse:
                raise self.refuse[key]

    def create_snapshot(self, snapshot: Snapshot) -> None:
        self._check("create_snapshot", snapshot.id)
        self.data.add(snapshot.id)

    create_group_snapshot = base.VolumeDriver.create_group_snapshot

    def delete_snapshot(self, snapshot: Snapshot) -> None:
        self._check("delete_snapshot", snapshot.id)
        self.data.discard(snapshot.id)

    def remove_export_snapshot(self, _context: Any, snapshot: Snapshot) -> None:
        self._check("remove_export_snapshot", snapshot.id)

    def remove_export(self, _context: Any, volume: Volume) -> None:
        self._check("remove_export", volume.id)

    def delete_volume(self, volume: Volume) -> None:
        self._check("delete_volume", volume.id)
        self.data.discard(volume.id)


@pytest.fixture
def driver() -> Driver:
    """Return the backend's driver."""
    return Driver()


@pytest.fixture
def backend(sqlite_database: str, driver: Driver, admin: RequestContext) -> Any:
    """Return the backend ``one@file``."""
    return types.SimpleNamespace(driver=driver, context=admin, service_host="one@file", uses=Uses())


@contextlib.contextmanager
def claim(_volume_id: str) -> Iterator[bool]:
    """Let everybody have every volume."""
    yield True


@pytest.fixture
def group(backend: Any) -> Group:
    """Return a group with two volumes."""
    kind = rows.volume_type()
    made = rows.group(rows.group_type(), kind)
    for _ in range(2):
        rows.volume(group_id=made.id, volume_type_id=kind.id)
    return made


def _members(group: Group) -> list[Volume]:
    return groups.volumes_of(group.id)


def _status(admin: RequestContext, group: Group) -> str | None:
    return groups.get(admin, group.id).status


# --- deletion --------------------------------------------------------------------------------


def test_deletion(backend: Any, admin: RequestContext, driver: Driver, group: Group) -> None:
    driver.data |= {volume.id for volume in _members(group)}
    group_changes.begin_delete(group.id, with_volumes=True)
    room.delete(backend, admin, group.id, claim)
    assert driver.data == set()
    with pytest.raises(exception.GroupNotFound):
        groups.get(admin, group.id)
    usages = quotas.usages(rows.PROJECT)
    assert (usages["volumes"][1], usages["groups"][1]) == (0, 0)
    room.delete(backend, admin, group.id, claim)  # the same message again


def test_a_deletion_that_fails_names_what_is_left(
    backend: Any,
    admin: RequestContext,
    driver: Driver,
    group: Group,
    caplog: pytest.LogCaptureFixture,
) -> None:
    bad = _members(group)[0]
    driver.refuse[f"delete_volume {bad.id}"] = exception.VolumeBackendAPIException(data="no.")
    group_changes.begin_delete(group.id, with_volumes=True)
    room.delete(backend, admin, group.id, claim)
    assert _status(admin, group) == states.ERROR
    (left,) = _members(group)
    assert (left.id, left.status) == (bad.id, states.ERROR_DELETING)
    assert f"Group {group.id}: not deleted, because these volumes are left: {bad.id}" in caplog.text
    driver.refuse.clear()
    assert group_changes.begin_delete(group.id, with_volumes=True)[1] == []
    room.delete(backend, admin, group.id, claim)
    assert _members(group) == []


def test_a_deletion_that_was_interrupted_is_finished(
    backend: Any, admin: RequestContext, group: Group
) -> None:
    group_changes.begin_delete(group.id, with_volumes=True)
    room.settle(backend)
    assert _status(admin, group) == states.DELETING, "somebody may be working on its volumes"
    for volume in _members(group):
        lifecycle.delete(backend, admin, volume.id)
    room.settle(backend)
    with pytest.raises(exception.GroupNotFound):
        groups.get(admin, group.id)


def _age(table: sa.Table, key: str) -> None:
    """Make a row's last change old."""
    old = utcnow() - datetime.timedelta(hours=1)
    with engine.transaction() as connection:
        connection.execute(
            sa.update(table).where(table.c.id == key).values(created_at=old, updated_at=old)
        )


# --- copies ----------------------------------------------------------------------------------


@pytest.fixture
def copy(group: Group) -> Group:
    """Return a copy of the group that nobody has made yet."""
    return group_changes.copy_group({"user_id": "u", "project_id": rows.PROJECT}, group.id)


@pytest.fixture
def outcome(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the status that a volume gets when it is made: available unless named here."""
    statuses: dict[str, str] = {}

    def create(_backend: Any, _context: Any, volume_id: str, _spec: Any) -> None:
        status = statuses.get(volume_id, states.AVAILABLE)
        launched_at = None if status == states.ERROR else utcnow()
        volumes.update(volume_id, {"status": status, "launched_at": launched_at})

    monkeypatch.setattr(lifecycle, "create", create)
    return statuses


def test_a_copy(backend: Any, admin: RequestContext, copy: Group, outcome: dict[str, str]) -> None:
    room.copy(backend, admin, copy.id, claim)
    assert _status(admin, copy) == states.AVAILABLE
    assert {volume.status for volume in _members(copy)} == {states.AVAILABLE}


@pytest.mark.parametrize("status", [states.IN_USE, states.ERROR_EXTENDING, states.DOWNLOADING])
def test_a_copy_whose_first_volume_is_used_before_the_last_is_made(
    backend: Any, admin: RequestContext, copy: Group, outcome: dict[str, str], status: str
) -> None:
    outcome[_members(copy)[0].id] = status
    room.copy(backend, admin, copy.id, claim)
    assert _status(admin, copy) == states.AVAILABLE


def test_a_copy_that_fails(
    backend: Any,
    admin: RequestContext,
    copy: Group,
    outcome: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    bad = _members(copy)[1]
    outcome[bad.id] = states.ERROR
    room.copy(backend, admin, copy.id, claim)
    assert _status(admin, copy) == states.ERROR
    assert f"because these volumes were not: {bad.id} (error)" in caplog.text
    assert group_changes.begin_delete(copy.id, with_volumes=True)[1] == []


def test_a_copy_is_finished_when_its_volumes_are(
    backend: Any, admin: RequestContext, group: Group, copy: Group
) -> None:
    room.settle(backend)
    assert _status(admin, copy) == states.CREATING
    for volume in _members(copy):
        volumes.update(volume.id, {"status": states.AVAILABLE, "launched_at": utcnow()})
    room.settle(backend)
    assert _status(admin, copy) == states.AVAILABLE


def test_a_group_that_was_reset_is_left_alone(
    backend: Any, admin: RequestContext, group: Group
) -> None:
    groups.update(group.id, {"status": states.CREATING})
    room.settle(backend)
    assert _status(admin, group) == states.CREATING


# --- snapshots -------------------------------------------------------------------------------


@pytest.fixture
def taken(group: Group) -> GroupSnapshot:
    """Return a snapshot of the group that nobody has made yet."""
    return _take(group)


def _take(group: Group) -> GroupSnapshot:
    words = {"user_id": "u", "project_id": rows.PROJECT, "name": "now", "description": None}
    return group_snapshots.create(group.id, words, ())


def _parts(taken: GroupSnapshot) -> list[Snapshot]:
    return group_snapshots.snapshots_of(taken.id)


def _statuses(admin: RequestContext, taken: GroupSnapshot) -> tuple[str | None, set[str | None]]:
    now = group_snapshots.get(admin, taken.id).status
    return now, {part.status for part in _parts(taken)}


def test_a_snapshot(
    backend: Any, admin: RequestContext, driver: Driver, taken: GroupSnapshot
) -> None:
    snapshot_room.create(backend, admin, taken.id)
    assert _statuses(admin, taken) == (states.AVAILABLE, {states.AVAILABLE})
    assert driver.data == {part.id for part in _parts(taken)}
    assert {part.progress for part in _parts(taken)} == {"100%"}


def test_a_snapshot_is_of_all_volumes_or_of_none(
    backend: Any,
    admin: RequestContext,
    driver: Driver,
    taken: GroupSnapshot,
    caplog: pytest.LogCaptureFixture,
) -> None:
    bad = _parts(taken)[1]
    full = exception.VolumeBackendAPIException(data="the disk is full.")
    driver.refuse[f"create_snapshot {bad.id}"] = full
    snapshot_room.create(backend, admin, taken.id)
    assert _statuses(admin, taken) == (states.ERROR, {states.ERROR})
    assert driver.data == set()
    assert "the disk is full." in caplog.text


def test_without_a_driver(
    backend: Any, admin: RequestContext, driver: Driver, taken: GroupSnapshot
) -> None:
    driver.initialized = False
    snapshot_room.create(backend, admin, taken.id)
    assert _statuses(admin, taken) == (states.ERROR, {states.ERROR})


@pytest.mark.parametrize(
    ("spec", "attach_status", "expected"),
    [
        ("<is> True", "attached", states.ERROR),
        ("<is> True", "detached", states.AVAILABLE),
        ("<is> False", "attached", states.AVAILABLE),
    ],
)
def test_snapshots_of_one_moment(
    backend: Any, admin: RequestContext, spec: str, attach_status: str, expected: str
) -> None:
    kind = rows.volume_type()
    group = rows.group(rows.group_type("strict", consistent_group_snapshot_enabled=spec), kind)
    rows.volume(group_id=group.id, volume_type_id=kind.id, attach_status=attach_status)
    taken = _take(group)
    snapshot_room.create(backend, admin, taken.id)
    assert _statuses(admin, taken) == (expected, {expected})


def test_deletion_of_a_snapshot(
    backend: Any, admin: RequestContext, driver: Driver, taken: GroupSnapshot
) -> None:
    snapshot_room.create(backend, admin, taken.id)
    assert group_snapshots.begin_delete(taken.id) == []
    snapshot_room.delete(backend, admin, taken.id)
    assert driver.data == set()
    with pytest.raises(exception.GroupSnapshotNotFound):
        group_snapshots.get(admin, taken.id)
    assert quotas.usages(rows.PROJECT)["snapshots"][1] == 0
    snapshot_room.delete(backend, admin, taken.id)  # the same message again


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (exception.SnapshotIsBusy(snapshot_name="s"), states.AVAILABLE),
        (exception.VolumeBackendAPIException(data="no."), states.ERROR_DELETING),
        (ValueError("surprise"), states.ERROR_DELETING),
    ],
)
def test_a_snapshot_that_can_not_go(
    backend: Any,
    admin: RequestContext,
    driver: Driver,
    taken: GroupSnapshot,
    refusal: Exception,
    status: str,
) -> None:
    snapshot_room.create(backend, admin, taken.id)
    bad = _parts(taken)[0]
    driver.refuse[f"delete_snapshot {bad.id}"] = refusal
    group_snapshots.begin_delete(taken.id)
    snapshot_room.delete(backend, admin, taken.id)
    assert _statuses(admin, taken) == (states.ERROR, {status})
    driver.refuse.clear()
    assert group_snapshots.begin_delete(taken.id) == []
    snapshot_room.delete(backend, admin, taken.id)
    assert driver.data == set()


def test_a_snapshot_that_another_backend_reads_stays(
    backend: Any, admin: RequestContext, taken: GroupSnapshot
) -> None:
    snapshot_room.create(backend, admin, taken.id)
    read = _parts(taken)[0]
    rows.volume(snapshot_id=read.id, status=states.CREATING, host="two@file#file")
    group_snapshots.begin_delete(taken.id)
    snapshot_room.delete(backend, admin, taken.id)
    assert _statuses(admin, taken) == (states.ERROR, {states.AVAILABLE})
    assert [part.id for part in _parts(taken)] == [read.id]


def test_what_a_crash_left_of_snapshots_is_done_again(
    backend: Any, admin: RequestContext, driver: Driver, group: Group, taken: GroupSnapshot
) -> None:
    driver.data.add(_parts(taken)[0].id)  # one was made when the service died
    snapshot_room.settle(backend)
    assert _statuses(admin, taken)[0] == states.CREATING, "its message may be on the way"
    _age(models.group_snapshots, taken.id)
    snapshot_room.settle(backend)
    assert _statuses(admin, taken) == (states.AVAILABLE, {states.AVAILABLE})
    group_snapshots.begin_delete(taken.id)
    _age(models.group_snapshots, taken.id)
    snapshot_room.settle(backend)
    assert driver.data == set()
    assert snapshots.of_volume(_members(group)[0].id) == []


@pytest.mark.parametrize("status", [states.CREATING, states.DELETING])
def test_a_snapshot_whose_status_was_reset_keeps_its_data(
    backend: Any, admin: RequestContext, driver: Driver, taken: GroupSnapshot, status: str
) -> None:
    snapshot_room.create(backend, admin, taken.id)
    group_snapshots.update(taken.id, {"status": status})
    _age(models.group_snapshots, taken.id)
    snapshot_room.settle(backend)
    snapshot_room.create(backend, admin, taken.id)
    assert _statuses(admin, taken) == (status, {states.AVAILABLE})
    assert len(driver.data) == 2
