# SPDX-License-Identifier: Apache-2.0
"""Brings up what tempest needs, runs the tests that are wanted, and keeps what came of them."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.functional.harness import glance as images
from tests.functional.harness import keystone as identity
from tests.functional.harness import tempest as tempest_module
from tests.functional.harness import venvs
from tests.functional.harness.deployment import Deployment
from tests.functional.harness.servers import ServerPool
from tests.functional.harness.tempest import Results, Tempest
from tests.tempest import required

KEEP = "CINDER_LITE_KEEP"
"""Set: the scratch directory stays after the run."""
IMAGE_BYTES = 1024**2
TOOLS = (
    ("keystone", identity.REQUIREMENTS),
    ("glance", images.REQUIREMENTS),
    ("tempest", tempest_module.REQUIREMENTS),
)


@pytest.fixture(scope="session")
def directory() -> Iterator[Path]:
    """A directory for all that the run writes; it goes at the end."""
    path = Path(tempfile.mkdtemp(prefix="cinder-lite-tempest-"))
    yield path
    if not os.environ.get(KEEP):
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def servers(directory: Path) -> Iterator[ServerPool]:
    """RabbitMQ, MariaDB, Keystone and Glance, the latter in the former's catalogue."""
    pool = ServerPool(directory / "servers")
    try:
        with ThreadPoolExecutor() as threads:  # pip keeps a small machine busy: before the rest
            list(threads.map(lambda tool: venvs.environment(*tool), TOOLS))
        pool.prepare(("mariadb", "rabbitmq"))
        pool.begin("keystone", identity.Keystone)
        connection = pool.get("mariadb").fresh()
        keystone = _keystone(pool)
        pool.begin("glance", lambda home: images.Glance(home, keystone, connection))
        pool.wait("glance")
        yield pool
    finally:
        pool.stop()


def _keystone(pool: ServerPool) -> identity.Keystone:
    keystone = pool.wait("keystone")
    assert isinstance(keystone, identity.Keystone)
    return keystone


@pytest.fixture(scope="session")
def deployment(servers: ServerPool, directory: Path) -> Iterator[Deployment]:
    """One host with two backends, with the quotas of a fresh installation."""
    glance = servers.wait("glance")
    assert isinstance(glance, images.Glance)
    home = directory / "deployment"
    home.mkdir()
    running = Deployment(
        home,
        servers,
        keystone=_keystone(servers),
        hosts=("alpha",),
        backends=("file", "second"),
        overrides={
            "DEFAULT": {
                "quota_volumes": 10,
                "quota_gigabytes": 1000,
                "glance_api_servers": glance.url,
            }
        },
    )
    with contextlib.ExitStack() as stack:
        stack.callback(running.stop_all)
        running.start_all()
        _keystone(servers).register(running.root_url)
        yield running


@pytest.fixture(scope="session")
def results(
    deployment: Deployment,
    servers: ServerPool,
    directory: Path,
    request: pytest.FixtureRequest,
) -> Results:
    """What tempest says of the tests that this run of pytest has selected."""
    glance = servers.wait("glance")
    assert isinstance(glance, images.Glance)
    wanted = required.selected(request.session.items) or required.names()
    home = directory / "tempest"
    home.mkdir()
    tempest = Tempest(home, deployment, glance.add_image("cirros", IMAGE_BYTES))
    with tempest_module.empty_network_service() as url:
        _keystone(servers).publish("network", url)
        tempest.configure()
        return tempest.run(wanted)
