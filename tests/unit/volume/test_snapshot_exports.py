# SPDX-License-Identifier: Apache-2.0
"""Other nodes read a snapshot: none is in another's way."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import snapshots
from cinder_lite.objects import Snapshot
from cinder_lite.volume import snapshot_exports
from cinder_lite.volume.backend import Backend
from tests.unit import rows

ONE, TWO = {"initiator": "iqn.a:one"}, {"initiator": "iqn.a:two"}


class Target:
    """What exports a backend's snapshots, in the place of its driver's methods."""

    def __init__(self, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
        self.secrets = 0
        self.readers: set[str] = set()
        self.full = False
        for name in (
            "create_export_snapshot",
            "remove_export_snapshot",
            "initialize_connection_snapshot",
            "terminate_connection_snapshot",
        ):
            monkeypatch.setattr(backend.driver, name, getattr(self, name))

    def create_export_snapshot(self, _context: Any, snapshot: Snapshot, _connector: Any) -> Any:
        """Settle the secret."""
        if not snapshot.provider_auth:
            time.sleep(0.1)
            self.secrets += 1
        return {"provider_auth": snapshot.provider_auth or f"CHAP user {self.secrets}"}

    def remove_export_snapshot(self, _context: Any, _snapshot: Snapshot) -> None:
        """Remove the target."""
        self.readers.clear()

    def initialize_connection_snapshot(self, snapshot: Snapshot, connector: Any) -> Any:
        """Let an initiator in."""
        if self.full:
            raise exception.VolumeBackendAPIException(data="the target is full.")
        self.readers.add(connector["initiator"])
        return {"data": {"auth": snapshot.provider_auth}}

    def terminate_connection_snapshot(
        self, _snapshot: Snapshot, connector: Any, force: bool = False
    ) -> None:
        """Let an initiator out."""
        self.readers.discard(connector["initiator"])


@pytest.fixture
def target(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> Target:
    """What exports the backend's snapshots."""
    return Target(backend, monkeypatch)


@pytest.fixture
def snapshot(backend: Backend) -> Snapshot:
    """A snapshot of the backend."""
    return rows.snapshot(rows.volume())


def test_who_ends_leaves_the_others_reading(
    backend: Backend, admin: RequestContext, snapshot: Snapshot, target: Target
) -> None:
    for connector in (ONE, TWO):
        snapshot_exports.initialize(backend, admin, snapshot.id, connector)
    snapshot_exports.terminate(backend, admin, snapshot.id, ONE)
    assert target.readers == {TWO["initiator"]}
    snapshot_exports.terminate(backend, admin, snapshot.id, TWO)
    assert not target.readers


def test_who_can_not_be_served_leaves_the_others_reading(
    backend: Backend, admin: RequestContext, snapshot: Snapshot, target: Target
) -> None:
    snapshot_exports.initialize(backend, admin, snapshot.id, ONE)
    target.full = True
    with pytest.raises(exception.VolumeBackendAPIException, match="is full"):
        snapshot_exports.initialize(backend, admin, snapshot.id, TWO)
    assert target.readers == {ONE["initiator"]}


def test_two_at_once_are_told_one_secret(
    backend: Backend, admin: RequestContext, snapshot: Snapshot, target: Target
) -> None:
    told: list[Any] = []

    def initialize(connector: dict[str, Any]) -> None:
        told.append(snapshot_exports.initialize(backend, admin, snapshot.id, connector))

    threads = [threading.Thread(target=initialize, args=(one,)) for one in (ONE, TWO)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert told == [{"data": {"auth": "CHAP user 1"}}] * 2


def test_what_is_being_deleted_is_not_read(
    backend: Backend, admin: RequestContext, snapshot: Snapshot, target: Target
) -> None:
    snapshots.update(snapshot.id, {"status": states.DELETING})
    with pytest.raises(exception.InvalidSnapshot, match="being deleted"):
        snapshot_exports.initialize(backend, admin, snapshot.id, ONE)
    assert not target.readers
