# SPDX-License-Identifier: Apache-2.0
"""The whole API over a database of the test's own, with noauth and without other services."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from oslo_config import cfg

from cinder_lite import policy
from cinder_lite.api import deps, loader
from cinder_lite.volume import api as volume_api
from tests.unit.api.client import Client, Peer
from tests.unit.conftest import SetOption

CONF = cfg.CONF


@dataclasses.dataclass
class Peers:
    """What the API casts to."""

    scheduler: Peer
    volume: Peer


@pytest.fixture(scope="session", autouse=True)
def parsed_configuration() -> None:
    """Parse no files and no arguments: oslo.policy and the paste file are looked for by them."""
    if CONF._namespace is None:
        CONF([], project="cinder_lite", default_config_files=[], default_config_dirs=[])


@pytest.fixture
def peers() -> Iterator[Peers]:
    """Put stand-ins in the place of the scheduler and the volume services."""
    stand_ins = Peers(Peer(), Peer())
    api = volume_api.API()
    api._scheduler = stand_ins.scheduler  # type: ignore[assignment]
    api._volume = stand_ins.volume  # type: ignore[assignment]
    deps.set_volume_api(api)
    yield stand_ins
    deps.set_volume_api(None)


@pytest.fixture
def api(sqlite_database: str, option: SetOption, peers: Peers) -> Iterator[Client]:
    """Return a client of the API."""
    option("auth_strategy", "noauth")
    option("api_paste_config", "api-paste.ini")
    policy.reset()
    yield Client(loader.load_app())
    policy.reset()
