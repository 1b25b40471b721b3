# SPDX-License-Identifier: Apache-2.0
"""Making and deleting snapshots on a backend, and taking up what was lost."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import engine, models, snapshots, volumes
from cinder_lite.objects import Snapshot, Volume, utcnow
from cinder_lite.volume import snapshotting
from cinder_lite.volume.backend import Backend
from tests.unit import rows
from tests.unit.volume import filebackend as files


@pytest.fixture
def volume(backend: Backend) -> Volume:
    """A volume with data."""
    made = rows.volume(bootable=True)
    backend.driver.create_volume(made)
    files.write(backend, made, b"data")
    return made


def asked(volume: Volume, **values: Any) -> Snapshot:
    return rows.snapshot(volume, **{"status": states.CREATING, "progress": "0%", **values})


def failing(*_: Any) -> None:
    raise exception.VolumeBackendAPIException(data="the disk is full.")


def now(admin: RequestContext, snapshot: Snapshot) -> Snapshot:
    return snapshots.get(admin, snapshot.id)


def test_a_snapshot_has_the_data_of_its_moment(
    backend: Backend, admin: RequestContext, volume: Volume
) -> None:
    with engine.statement() as connection:
        item = {"volume_id": volume.id, "key": "image_id", "value": "i"}
        connection.execute(sa.insert(models.volume_glance_metadata), item)
    snapshot = asked(volume)
    snapshotting.create(backend, admin, snapshot.id)
    files.write(backend, volume, b"DATA")
    assert files.read(backend, snapshot, 4) == b"data"
    made = now(admin, snapshot)
    assert (made.status, made.progress, made.scheduled_at) == ("available", "100%", None)
    table = models.volume_glance_metadata
    with engine.statement() as connection:
        copied = sa.select(table.c.value).where(table.c.snapshot_id == snapshot.id)
        assert connection.execute(copied).scalar() == "i"


def test_one_that_fails_is_in_error_and_leaves_nothing(
    backend: Backend,
    admin: RequestContext,
    volume: Volume,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    snapshot = asked(volume)
    monkeypatch.setattr(backend.driver, "create_snapshot", failing)
    snapshotting.create(backend, admin, snapshot.id)
    assert now(admin, snapshot).status == states.ERROR
    assert not files.path(backend, snapshot).exists()
    assert "the disk is full" in caplog.text


def test_without_a_driver_nothing_is_made(
    backend: Backend, admin: RequestContext, volume: Volume
) -> None:
    snapshot = asked(volume)
    backend.driver._initialized = False
    snapshotting.create(backend, admin, snapshot.id)
    assert now(admin, snapshot).status == states.ERROR


@pytest.mark.parametrize("status", [states.AVAILABLE, states.ERROR, states.DELETING])
def test_what_is_not_being_created_is_not_made(
    backend: Backend, admin: RequestContext, volume: Volume, status: str
) -> None:
    snapshot = asked(volume, status=status)
    snapshotting.create(backend, admin, snapshot.id)
    assert now(admin, snapshot).status == status
    assert not files.path(backend, snapshot).exists()


def test_one_that_is_deleted_while_it_is_made_goes(
    backend: Backend, admin: RequestContext, volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = asked(volume)
    make = backend.driver.create_snapshot

    def slow(one: Snapshot) -> Any:
        snapshots.update(one.id, {"status": states.DELETING})
        return make(one)

    monkeypatch.setattr(backend.driver, "create_snapshot", slow)
    snapshotting.create(backend, admin, snapshot.id)
    assert not files.path(backend, snapshot).exists()
    with pytest.raises(exception.SnapshotNotFound):
        now(admin, snapshot)


def test_deleting_takes_data_and_row(
    backend: Backend, admin: RequestContext, volume: Volume
) -> None:
    snapshot = asked(volume)
    snapshotting.create(backend, admin, snapshot.id)
    assert not snapshotting.delete(backend, admin, snapshot.id), "nobody has asked for it"
    snapshots.update(snapshot.id, {"status": states.DELETING})
    assert snapshotting.delete(backend, admin, snapshot.id)
    assert snapshotting.delete(backend, admin, snapshot.id), "the second message"
    assert not files.path(backend, snapshot).exists()
    with pytest.raises(exception.SnapshotNotFound):
        now(admin, snapshot)


def test_one_that_is_needed_is_available_again(
    backend: Backend, admin: RequestContext, volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = asked(volume, status=states.DELETING)

    def busy(one: Snapshot) -> None:
        raise exception.SnapshotIsBusy(snapshot_name=one.name)

    monkeypatch.setattr(backend.driver, "delete_snapshot", busy)
    assert not snapshotting.delete(backend, admin, snapshot.id)
    assert now(admin, snapshot).status == states.AVAILABLE


@pytest.mark.parametrize("status", states.BEING_MADE)
def test_one_that_another_backend_reads_is_available_again(
    backend: Backend, admin: RequestContext, volume: Volume, status: str
) -> None:
    snapshot = asked(volume)
    snapshotting.create(backend, admin, snapshot.id)
    rows.volume(snapshot_id=snapshot.id, status=status, host="one@file#pool")
    copy = rows.volume(snapshot_id=snapshot.id, status=status, host="one@files#pool")
    snapshots.update(snapshot.id, {"status": states.DELETING})
    assert not snapshotting.delete(backend, admin, snapshot.id)
    assert now(admin, snapshot).status == states.AVAILABLE
    assert files.read(backend, snapshot, 4) == b"data"
    volumes.update(copy.id, {"status": states.AVAILABLE})
    snapshots.update(snapshot.id, {"status": states.DELETING})
    assert snapshotting.delete(backend, admin, snapshot.id)


def test_one_that_can_not_be_deleted_says_so(
    backend: Backend, admin: RequestContext, volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = asked(volume, status=states.DELETING)
    monkeypatch.setattr(backend.driver, "delete_snapshot", failing)
    assert not snapshotting.delete(backend, admin, snapshot.id)
    assert now(admin, snapshot).status == states.ERROR_DELETING


def test_unmanaging_leaves_the_data(
    backend: Backend, admin: RequestContext, volume: Volume
) -> None:
    snapshot = asked(volume)
    snapshotting.create(backend, admin, snapshot.id)
    snapshots.update(snapshot.id, {"status": states.UNMANAGING})
    assert snapshotting.delete(backend, admin, snapshot.id, unmanage_only=True)
    assert files.read(backend, snapshot, 4) == b"data"
    with pytest.raises(exception.SnapshotNotFound):
        now(admin, snapshot)


# --- lost messages -----------------------------------------------------------------------------


OLD = utcnow() - datetime.timedelta(hours=1)


def test_lost_work_is_done(backend: Backend, admin: RequestContext, volume: Volume) -> None:
    creating = asked(volume, scheduled_at=OLD)
    # An earlier instance has died with the snapshot made, but not recorded.
    backend.driver.create_snapshot(creating)
    files.write(backend, volume, b"more")
    deleting = asked(volume, status=states.DELETING, scheduled_at=OLD)
    unmanaging = asked(volume, status=states.UNMANAGING, scheduled_at=OLD)
    snapshotting.settle_lost(backend, files.Claims())
    assert now(admin, creating).status == states.AVAILABLE
    assert files.read(backend, creating, 4) == b"more"
    assert [one.id for one in snapshots.of_volume(volume.id)] == [creating.id]
    assert not files.path(backend, deleting).exists()
    assert not files.path(backend, unmanaging).exists()


@pytest.mark.parametrize("when", [None, utcnow() + datetime.timedelta(hours=1)])
def test_what_was_asked_just_now_or_reset_by_hand_is_left(
    backend: Backend, admin: RequestContext, volume: Volume, when: datetime.datetime | None
) -> None:
    made = [asked(volume, status=status, scheduled_at=when) for status in ("creating", "deleting")]
    claims = files.Claims()
    snapshotting.settle_lost(backend, claims)
    assert claims.asked == []
    assert [now(admin, one).status for one in made] == ["creating", "deleting"]


def test_another_threads_work_is_left(
    backend: Backend, admin: RequestContext, volume: Volume
) -> None:
    snapshot = asked(volume, scheduled_at=OLD)
    snapshotting.settle_lost(backend, files.Claims(snapshot.id))
    assert now(admin, snapshot).status == states.CREATING


def test_other_backends_snapshots_are_left(backend: Backend, admin: RequestContext) -> None:
    elsewhere = rows.volume(host="two@file#file")
    snapshot = asked(elsewhere, scheduled_at=OLD)
    snapshotting.settle_lost(backend, files.Claims())
    assert now(admin, snapshot).status == states.CREATING
    assert volumes.get(admin, elsewhere.id).status == states.AVAILABLE


def test_whoever_listens_is_told(
    backend: Backend, admin: RequestContext, volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []

    def tell(_context: Any, one: Snapshot, zone: str | None, event: str) -> None:
        heard.append(f"{one.status} {zone} {event}")

    monkeypatch.setattr(snapshotting.notifications, "about_snapshot", tell)
    snapshot = asked(volume)
    snapshotting.create(backend, admin, snapshot.id)
    snapshots.update(snapshot.id, {"status": states.DELETING})
    snapshotting.delete(backend, admin, snapshot.id)
    assert heard == [
        "creating nova create.start",
        "available nova create.end",
        "deleting nova delete.start",
        "deleting nova delete.end",
    ]
