# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the creations' tests."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from cinder_lite import concurrency
from cinder_lite.conf.backend import BackendConfiguration
from cinder_lite.context import RequestContext
from cinder_lite.image import glance as glance_client
from cinder_lite.scheduler import failures
from cinder_lite.volume import connections, lifecycle
from cinder_lite.volume import manager as volume_manager
from tests import glance as fakes
from tests.unit import rows
from tests.unit.conftest import SetOption
from tests.unit.volume.create import world as worlds
from tests.unit.volume.migration import conftest as moves
from tests.unit.volume.migration import world as move_worlds


@pytest.fixture
def glance(option: SetOption, tmp_path: pathlib.Path) -> Iterator[fakes.FakeGlance]:
    """Run a stand-in for Glance."""
    with fakes.running() as running:
        option("glance_api_servers", [running.url])
        option("image_conversion_dir", str(tmp_path / "conversion"))
        yield running
    glance_client._client.cache_clear()


@pytest.fixture
def world(
    tmp_path: pathlib.Path,
    sqlite_database: str,
    option: SetOption,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[worlds.World]:
    """Give the test a running API, scheduler and two volume services."""
    option("state_path", str(tmp_path / "state"))
    made = worlds.World(tmp_path)
    made.context = RequestContext(
        user_id="u", project_id=rows.PROJECT, is_admin=True, roles=["admin"], overwrite=False
    )
    for name in ("one", "two"):
        section = f"{name}_file"
        BackendConfiguration(section)
        option("file_data_dir", str(tmp_path / name), section)
        option("volume_backend_name", "file", section)
        option("volume_driver", f"{move_worlds.__name__}.WatchedDriver", section)

    class Client(worlds.Broker):
        RPC_API_VERSION = "1.0"

        def __init__(self) -> None:
            super().__init__(made)

    monkeypatch.setattr(volume_manager, "VolumeAPI", Client)
    monkeypatch.setattr(volume_manager, "SchedulerAPI", lambda: worlds.SchedulerAPI(made))
    monkeypatch.setattr(connections, "_brick", lambda properties: move_worlds.Brick())
    monkeypatch.setattr(concurrency, "spawn", made.spawn)
    monkeypatch.setattr(lifecycle, "utcnow", moves._later)
    monkeypatch.setattr(failures, "utcnow", moves._later)
    moves._spare_the_disk(monkeypatch)
    move_worlds.watch_database(made, monkeypatch)
    move_worlds.WORLD.append(made)
    for name in ("one", "two", worlds.SCHEDULER):
        made.start(name)
    made.report()
    made.idle()
    yield made
    move_worlds.WORLD.pop()
