# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the moves' tests."""

from __future__ import annotations

import datetime
import os
import pathlib
import types
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from oslo_config import cfg

from cinder_lite import concurrency
from cinder_lite.compute import nova
from cinder_lite.conf.backend import BackendConfiguration
from cinder_lite.db import engine
from cinder_lite.objects import utcnow
from cinder_lite.volume import connections, lifecycle
from cinder_lite.volume import manager as volume_manager
from cinder_lite.volume.migration import host_copy, recovery
from tests.unit.conftest import SetOption
from tests.unit.volume.migration import world as worlds
from tests.unit.volume.migration.compute import Nova

CONF = cfg.CONF


def _later() -> datetime.datetime:
    """Let what happened a moment ago look old, so that lost work is taken up at once."""
    return utcnow() + datetime.timedelta(hours=1)


class _Clock:
    """A clock that runs out at the second look: timeouts are not waited for."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        self._now += 10_000.0
        return self._now


@pytest.fixture
def world(
    tmp_path: pathlib.Path,
    sqlite_database: str,
    option: SetOption,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[worlds.World]:
    """Give the test two running backends."""
    option("state_path", str(tmp_path / "state"))
    made = worlds.World(tmp_path)
    for name in ("one", "two"):
        section = f"{name}_file"
        BackendConfiguration(section)
        option("file_data_dir", str(tmp_path / name), section)
        option("volume_backend_name", "file", section)
        option("volume_driver", f"{worlds.__name__}.WatchedDriver", section)
    monkeypatch.setattr(volume_manager, "VolumeAPI", _client_of(made))
    monkeypatch.setattr(volume_manager, "SchedulerAPI", lambda: worlds.Scheduler(made))
    monkeypatch.setattr(connections, "_brick", lambda properties: worlds.Brick())
    monkeypatch.setattr("cinder_lite.volume.backend.copy_volume", worlds.copy_volume)
    monkeypatch.setattr(host_copy, "time", types.SimpleNamespace(monotonic=_Clock().monotonic))
    monkeypatch.setattr(concurrency, "spawn", made.spawn)
    monkeypatch.setattr(recovery, "utcnow", _later)
    monkeypatch.setattr(lifecycle, "utcnow", _later)
    monkeypatch.setattr(recovery, "_GONE_TRIES", 0)
    _spare_the_disk(monkeypatch)
    worlds.watch_database(made, monkeypatch)
    worlds.WORLD.append(made)
    made.start("one")
    made.start("two")
    yield made
    worlds.WORLD.pop()


@pytest.fixture
def compute(world: worlds.World, monkeypatch: pytest.MonkeyPatch, option: SetOption) -> Nova:
    """The Nova of the world."""
    made = Nova(world)
    monkeypatch.setattr(nova, "API", made)
    monkeypatch.setattr(nova, "configured", lambda: True)
    option("migration_nova_poll_interval", 0.02)
    return made


def _spare_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flush nothing: a process dies here, never the machine."""
    create = engine.create

    def create_fast(url: str, *, autocommit: bool) -> Any:
        made = create(url, autocommit=autocommit)
        sa.event.listen(made, "connect", lambda c, _: c.execute("PRAGMA synchronous=OFF"))
        return made

    monkeypatch.setattr(engine, "create", create_fast)
    monkeypatch.setattr(os, "fsync", lambda fd: None)


def _client_of(made: worlds.World) -> Any:
    class Client(worlds.Broker):
        RPC_API_VERSION = "1.0"

        def __init__(self) -> None:
            super().__init__(made)

    return Client
