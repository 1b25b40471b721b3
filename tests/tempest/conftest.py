# SPDX-License-Identifier: Apache-2.0
"""Brings up what tempest needs, runs the tests that are wanted, and keeps what came of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.harness import stack
from tests.functional.harness import tempest as tempest_module
from tests.functional.harness.deployment import Deployment
from tests.functional.harness.scratch import scratch
from tests.functional.harness.servers import ServerPool
from tests.functional.harness.tempest import Results, Tempest
from tests.tempest import required

IMAGE_BYTES = 1024**2


@pytest.fixture(scope="session")
def directory() -> Iterator[Path]:
    """A directory for all that the run writes; it goes at the end."""
    with scratch("tempest") as path:
        yield path


@pytest.fixture(scope="session")
def servers(directory: Path) -> Iterator[ServerPool]:
    """RabbitMQ, MariaDB, Keystone and Glance."""
    with stack.identity_and_images(directory, "tempest", tempest_module.REQUIREMENTS) as pool:
        yield pool


@pytest.fixture(scope="session")
def deployment(servers: ServerPool, directory: Path) -> Iterator[Deployment]:
    """One host with two backends, with the quotas of a fresh installation."""
    home = directory / "deployment"
    home.mkdir()
    running = Deployment(
        home,
        servers,
        keystone=stack.identity_of(servers),
        hosts=("alpha",),
        backends=("file", "second"),
        overrides={
            "DEFAULT": {
                "quota_volumes": 10,
                "quota_gigabytes": 1000,
                "glance_api_servers": stack.images_of(servers).url,
            }
        },
    )
    with contextlib.ExitStack() as end:
        end.callback(running.stop_all)
        running.start_all()
        stack.identity_of(servers).register(running.root_url)
        yield running


@pytest.fixture(scope="session")
def results(
    deployment: Deployment,
    servers: ServerPool,
    directory: Path,
    request: pytest.FixtureRequest,
) -> Results:
    """What tempest says of the tests that this run of pytest has selected."""
    wanted = required.selected(request.session.items) or required.names()
    home = directory / "tempest"
    home.mkdir()
    tempest = Tempest(home, deployment, stack.images_of(servers).add_image("cirros", IMAGE_BYTES))
    with tempest_module.empty_network_service() as url:
        stack.identity_of(servers).publish("network", url)
        tempest.configure()
        return tempest.run(wanted)
