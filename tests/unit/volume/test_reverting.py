# SPDX-License-Identifier: Apache-2.0
"""A volume gets the data of its latest snapshot again."""

from __future__ import annotations

import contextlib
import datetime
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import engine, reverts, snapshots, volumes
from cinder_lite.objects import Snapshot, Volume, utcnow
from cinder_lite.volume import connections, reverting, snapshotting
from cinder_lite.volume.backend import Backend
from tests.unit import rows
from tests.unit.volume import filebackend as files
from tests.unit.volume.create.test_sources import Brick


@pytest.fixture
def volume(backend: Backend) -> Volume:
    """A volume that is being reverted: data, then a snapshot, then DATA."""
    made = rows.volume()
    backend.driver.create_volume(made)
    files.write(backend, made, b"data")
    return made


@pytest.fixture
def snapshot(backend: Backend, admin: RequestContext, volume: Volume) -> Snapshot:
    made = rows.snapshot(volume, status=states.CREATING)
    snapshotting.create(backend, admin, made.id)
    files.write(backend, volume, b"DATA")
    volumes.update(volume.id, {"status": states.REVERTING})
    snapshots.update(made.id, {"status": states.RESTORING, "scheduled_at": utcnow()})
    return made


def states_of(admin: RequestContext, snapshot: Snapshot) -> tuple[str | None, str | None]:
    volume = volumes.get(admin, snapshot.volume_id)
    return volume.status, snapshots.get(admin, snapshot.id).status


def run(backend: Backend, admin: RequestContext, snapshot: Snapshot) -> None:
    reverting.revert(backend, admin, snapshot.volume_id, snapshot.id)


def test_the_driver_brings_the_data_back(
    backend: Backend, admin: RequestContext, volume: Volume, snapshot: Snapshot
) -> None:
    run(backend, admin, snapshot)
    assert files.read(backend, volume, 4) == b"data"
    assert states_of(admin, snapshot) == (states.AVAILABLE, states.AVAILABLE)
    assert len(snapshots.of_volume(volume.id)) == 1
    files.write(backend, volume, b"DATA")
    run(backend, admin, snapshot)
    assert files.read(backend, volume, 4) == b"DATA", "the second message"


def test_a_driver_that_wants_it_has_the_volume_kept_meanwhile(
    backend: Backend,
    admin: RequestContext,
    volume: Volume,
    snapshot: Snapshot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backend.driver, "snapshot_revert_use_temp_snapshot", lambda: True)
    revert = backend.driver.revert_to_snapshot
    kept: list[bytes] = []

    def watched(context: Any, one: Volume, to: Snapshot) -> None:
        latest = snapshots.of_volume(one.id)[0]
        kept.append(files.read(backend, latest, 4))
        revert(context, one, to)

    monkeypatch.setattr(backend.driver, "revert_to_snapshot", watched)
    run(backend, admin, snapshot)
    assert kept == [b"DATA"]
    assert files.read(backend, volume, 4) == b"data"
    assert [one.id for one in snapshots.of_volume(volume.id)] == [snapshot.id]


def test_when_it_fails_the_kept_data_stays(
    backend: Backend,
    admin: RequestContext,
    volume: Volume,
    snapshot: Snapshot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any) -> None:
        raise exception.VolumeBackendAPIException(data="the disk is gone.")

    monkeypatch.setattr(backend.driver, "snapshot_revert_use_temp_snapshot", lambda: True)
    monkeypatch.setattr(backend.driver, "revert_to_snapshot", fail)
    run(backend, admin, snapshot)
    assert states_of(admin, snapshot) == (states.ERROR, states.AVAILABLE)
    kept = snapshots.of_volume(volume.id)[0]
    assert (kept.status, kept.use_quota) == (states.AVAILABLE, False)
    assert "backup snapshot" in str(kept.display_name)
    assert files.read(backend, kept, 4) == b"DATA"


def test_a_driver_that_can_not_has_the_bytes_copied(
    backend: Backend,
    admin: RequestContext,
    volume: Volume,
    snapshot: Snapshot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unable(*_: Any) -> None:
        raise NotImplementedError

    def copy(src: str, dest: str, size_in_m: int, *_: Any, **options: Any) -> None:
        assert (size_in_m, options["sync"], options.get("sparse", False)) == (1024, True, False)
        assert options["root_helper"], "a device is opened as root where the service is not"
        shutil.copyfile(src, dest)

    monkeypatch.setattr(backend.driver, "revert_to_snapshot", unable)
    monkeypatch.setattr(connections, "_brick", lambda properties: Brick())
    monkeypatch.setattr("cinder_lite.volume.backend.copy_volume", copy)
    run(backend, admin, snapshot)
    assert states_of(admin, snapshot) == (states.AVAILABLE, states.AVAILABLE)
    assert files.read(backend, volume, 4) == b"data"
    left = {path.name for path in files.path(backend, volume).parent.iterdir()}
    assert left == {volume.name, snapshot.name}


def test_lost_work_is_done(
    backend: Backend, admin: RequestContext, volume: Volume, snapshot: Snapshot
) -> None:
    claims = files.Claims()
    reverting.settle_lost(backend, claims)
    assert claims.asked == []
    snapshots.update(snapshot.id, {"scheduled_at": utcnow() - datetime.timedelta(hours=1)})
    reverting.settle_lost(backend, files.Claims(volume.id))
    assert states_of(admin, snapshot) == (states.REVERTING, states.RESTORING)
    reverting.settle_lost(backend, files.Claims())
    assert states_of(admin, snapshot) == (states.AVAILABLE, states.AVAILABLE)
    assert files.read(backend, volume, 4) == b"data"


LONG_AGO = datetime.timedelta(hours=1)


def age(thing: Volume | Snapshot) -> None:
    """Make what was asked for last of a volume or snapshot old."""
    if isinstance(thing, Volume):
        volumes.update(thing.id, {"updated_at": utcnow() - LONG_AGO})
    else:
        snapshots.update(thing.id, {"scheduled_at": utcnow() - LONG_AGO})


def test_both_are_available_at_once(
    backend: Backend,
    admin: RequestContext,
    snapshot: Snapshot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whenever the service is killed, no half of a mark is left."""
    seen: list[tuple[str | None, str | None]] = []

    def watch(real: Callable[[], contextlib.AbstractContextManager[sa.Connection]]) -> Any:
        @contextlib.contextmanager
        def watched() -> Iterator[sa.Connection]:
            with real() as connection:
                yield connection
            with monkeypatch.context() as unwatched:
                unwatched.setattr(engine, "statement", statement)
                seen.append(states_of(admin, snapshot))

        return watched

    statement = engine.statement
    monkeypatch.setattr(engine, "statement", watch(statement))
    monkeypatch.setattr(engine, "transaction", watch(engine.transaction))
    run(backend, admin, snapshot)
    assert set(seen) == {
        (states.REVERTING, states.RESTORING),
        (states.AVAILABLE, states.AVAILABLE),
    }


@pytest.fixture
def second(backend: Backend, admin: RequestContext, volume: Volume, snapshot: Snapshot) -> Snapshot:
    """A second snapshot, of ``DATA``; the volume, whose status was reset, is to go back to it."""
    volumes.update(volume.id, {"status": states.AVAILABLE})
    made = rows.snapshot(volume, status=states.CREATING)
    snapshotting.create(backend, admin, made.id)
    files.write(backend, volume, b"last")
    assert reverts.begin(made, ()) == []
    return made


def test_a_volume_is_never_reverted_to_a_snapshot_that_was_meant_before(
    backend: Backend, admin: RequestContext, volume: Volume, snapshot: Snapshot, second: Snapshot
) -> None:
    age(snapshot)
    reverting.settle_lost(backend, files.Claims())
    run(backend, admin, snapshot)
    assert files.read(backend, volume, 4) == b"last", "a late message, or none"
    run(backend, admin, second)
    assert files.read(backend, volume, 4) == b"DATA"
    assert states_of(admin, snapshot) == (states.AVAILABLE, states.AVAILABLE)
    assert states_of(admin, second) == (states.AVAILABLE, states.AVAILABLE)


def test_the_end_of_one_reverting_is_not_that_of_the_next(
    admin: RequestContext, volume: Volume, snapshot: Snapshot, second: Snapshot
) -> None:
    reverts.end(volume.id, states.AVAILABLE, snapshot.id)
    assert states_of(admin, second) == (states.REVERTING, states.RESTORING)


def test_a_snapshot_alone_is_not_restored(
    backend: Backend, admin: RequestContext, volume: Volume, snapshot: Snapshot
) -> None:
    volumes.update(volume.id, {"status": states.IN_USE})
    reverting.settle_lost(backend, files.Claims())
    assert states_of(admin, snapshot) == (states.IN_USE, states.RESTORING)
    age(snapshot)
    reverting.settle_lost(backend, files.Claims(volume.id))
    assert states_of(admin, snapshot) == (states.IN_USE, states.RESTORING)
    reverting.settle_lost(backend, files.Claims())
    assert states_of(admin, snapshot) == (states.IN_USE, states.AVAILABLE)
    assert files.read(backend, volume, 4) == b"DATA"


def test_a_volume_alone_is_not_reverted(
    backend: Backend, admin: RequestContext, volume: Volume, snapshot: Snapshot
) -> None:
    snapshots.update(snapshot.id, {"status": states.AVAILABLE, "scheduled_at": None})
    reverting.settle_lost(backend, files.Claims())
    assert states_of(admin, snapshot) == (states.REVERTING, states.AVAILABLE)
    age(volume)
    reverting.settle_lost(backend, files.Claims(volume.id))
    assert states_of(admin, snapshot) == (states.REVERTING, states.AVAILABLE)
    reverting.settle_lost(backend, files.Claims())
    assert states_of(admin, snapshot) == (states.AVAILABLE, states.AVAILABLE)
    assert files.read(backend, volume, 4) == b"DATA"
