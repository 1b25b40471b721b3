# SPDX-License-Identifier: Apache-2.0
"""A volume goes with its snapshots, or is forgotten and leaves its data, or had none."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import deletion, engine, groups, quotas, snapshots, volumes
from cinder_lite.group import api as group_api
from cinder_lite.objects import Volume
from cinder_lite.volume import lifecycle, snapshotting
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.deleting import Deleting
from tests.unit import rows
from tests.unit.volume import filebackend as files

DELETING = {"status": states.DELETING}


@pytest.fixture
def volume(backend: Backend, admin: RequestContext) -> Volume:
    """A volume with two snapshots."""
    made = rows.volume()
    backend.driver.create_volume(made)
    for _ in range(2):
        snapshot = rows.snapshot(made, status=states.CREATING)
        snapshotting.create(backend, admin, snapshot.id)
    return made


def left(backend: Backend, volume: Volume) -> int:
    return len(list(files.path(backend, volume).parent.iterdir()))


def test_its_snapshots_go_first(backend: Backend, admin: RequestContext, volume: Volume) -> None:
    assert deletion.begin(volume.id, DELETING, (), cascade=True) == []
    assert {one.status for one in snapshots.of_volume(volume.id)} == {states.DELETING}
    lifecycle.delete(backend, admin, volume.id)
    assert left(backend, volume) == 0
    with pytest.raises(exception.VolumeNotFound):
        volumes.get(admin, volume.id)


def test_one_that_stays_keeps_the_volume(
    backend: Backend, admin: RequestContext, volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(snapshot: Any) -> None:
        raise exception.SnapshotIsBusy(snapshot_name=snapshot.name)

    assert deletion.begin(volume.id, DELETING, (), cascade=True) == []
    monkeypatch.setattr(backend.driver, "delete_snapshot", busy)
    lifecycle.delete(backend, admin, volume.id)
    assert volumes.get(admin, volume.id).status == states.ERROR_DELETING
    assert files.path(backend, volume).exists()


def test_without_cascade_it_must_have_none(volume: Volume, admin: RequestContext) -> None:
    assert deletion.begin(volume.id, DELETING, ()) == ["the volume has snapshots."]
    assert volumes.get(admin, volume.id).status == states.AVAILABLE


@pytest.mark.parametrize(
    ("values", "force", "why"),
    [
        ({"status": states.CREATING}, False, "but is creating"),
        ({"status": states.CREATING}, True, None),
        ({"group_snapshot_id": "g"}, True, "belongs to the group snapshot g"),
        ({"project_id": "other"}, False, "belongs to another project"),
    ],
)
def test_snapshots_that_can_not_go(
    volume: Volume, admin: RequestContext, values: dict[str, Any], force: bool, why: str | None
) -> None:
    one = snapshots.of_volume(volume.id)[0]
    snapshots.update(one.id, values)
    refused = deletion.begin(
        volume.id, DELETING, (), cascade=True, force=force, project_id=rows.PROJECT
    )
    if why is None:
        assert refused == []
        return
    (sentence,) = refused
    assert why in sentence
    assert one.id in sentence
    assert volumes.get(admin, volume.id).status == states.AVAILABLE


def test_unmanaging_leaves_the_data(backend: Backend, admin: RequestContext) -> None:
    volume = rows.volume(status=states.UNMANAGING)
    backend.driver.create_volume(volume.replace(status=states.CREATING))
    lifecycle.delete(backend, admin, volume.id)
    assert files.path(backend, volume).exists()
    with pytest.raises(exception.VolumeNotFound):
        volumes.get(admin, volume.id)


# --- without data ------------------------------------------------------------------------------


class Killed(BaseException):
    """The process has ended."""


@pytest.fixture
def killed(sqlite_database: str, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Kill the process after a transaction; once for each entry."""
    real, pending = engine.transaction, list[bool]()

    @contextlib.contextmanager
    def transaction() -> Iterator[sa.Connection]:
        with real() as connection:
            yield connection
        if pending:
            pending.pop()
            raise Killed

    monkeypatch.setattr(engine, "transaction", transaction)
    return pending


def test_one_without_a_host_goes_even_if_its_api_is_killed(
    killed: list[bool], admin: RequestContext
) -> None:
    volume = rows.volume(host=None, status=states.ERROR)
    killed.append(True)
    with pytest.raises(Killed):
        Deleting().delete(admin, volume)
    with pytest.raises(exception.VolumeNotFound):
        volumes.get(admin, volume.id)
    assert quotas.usages(rows.PROJECT)["volumes"][1] == 0


def test_a_group_without_data_goes_even_if_its_api_is_killed(
    killed: list[bool], admin: RequestContext
) -> None:
    group = rows.group(rows.group_type(), rows.volume_type(), host=None)
    volume = rows.volume(host=None, status=states.ERROR, group_id=group.id)
    killed.append(True)
    broker: Any = None
    with contextlib.suppress(Killed):
        group_api.delete(admin, broker, group, with_volumes=True)
    with pytest.raises(exception.VolumeNotFound):
        volumes.get(admin, volume.id)
    with pytest.raises(exception.GroupNotFound):
        groups.get(admin, group.id)
