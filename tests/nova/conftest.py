# SPDX-License-Identifier: Apache-2.0
"""Brings up Keystone, Glance, Placement and Nova, and cinder_lite among them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.functional.harness import compute, process, settings, stack, tempest
from tests.functional.harness.compute import Compute
from tests.functional.harness.deployment import Deployment
from tests.functional.harness.scratch import scratch
from tests.functional.harness.servers import ServerPool

IMAGE_BYTES = 1024**2

_running: list[tuple[Deployment, Compute]] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Add the ends of the services' logs to the report of a failed test."""
    report = yield
    if report.failed:
        for deployment, nova in _running:
            report.sections.append(("cinder_lite's logs", deployment.logs()))
            report.sections.append(("Nova's logs", nova.logs()))
    return report


@pytest.fixture(scope="session")
def directory() -> Iterator[Path]:
    """A directory for all that the run writes; it goes at the end."""
    with scratch("nova") as path:
        yield path


@pytest.fixture(scope="session")
def servers(directory: Path) -> Iterator[ServerPool]:
    """RabbitMQ, MariaDB, Keystone and Glance."""
    with stack.identity_and_images(directory, "nova", compute.REQUIREMENTS) as pool:
        yield pool


@pytest.fixture(scope="session")
def cloud(servers: ServerPool, directory: Path) -> Iterator[tuple[Deployment, Compute]]:
    """One volume host with two backends, and Nova with two compute hosts, which know each other."""
    identity = stack.identity_of(servers)
    account = identity.service_settings()["keystone_authtoken"]
    home = directory / "deployment"
    home.mkdir()
    shared: settings.Settings = {
        backend: {"file_data_dir_is_shared": "true"} for backend in ("file", "second")
    }
    deployment = Deployment(
        home,
        servers,
        keystone=identity,
        hosts=("alpha",),
        backends=("file", "second"),
        overrides={
            "DEFAULT": {"migration_nova_poll_interval": 1, "migration_settle_interval": 3},
            "nova": account,
            "service_user": {"send_service_user_token": "true", **account},
            **shared,
        },
    )
    with contextlib.ExitStack() as end:
        end.callback(deployment.stop_all)
        deployment.start_all()
        identity.register(deployment.root_url)
        identity.publish("network", end.enter_context(tempest.empty_network_service()))
        servers.begin("nova", lambda where: Compute(where, identity, servers))
        nova = servers.wait("nova")
        assert isinstance(nova, Compute)
        _running.append((deployment, nova))
        yield deployment, nova
        _running.clear()


@pytest.fixture(scope="session")
def volumes(cloud: tuple[Deployment, Compute]) -> Deployment:
    """The volume service."""
    return cloud[0]


@pytest.fixture(scope="session")
def nova(cloud: tuple[Deployment, Compute]) -> Compute:
    """Nova."""
    return cloud[1]


@pytest.fixture(scope="session")
def flavor(nova: Compute) -> str:
    """The id of a flavor."""
    return nova.flavor()


@pytest.fixture(scope="session")
def server(nova: Compute, servers: ServerPool, flavor: str) -> Iterator[str]:
    """The id of a server that runs from an image."""
    image = stack.images_of(servers).add_image("nothing", IMAGE_BYTES)
    server_id = nova.boot(imageRef=image, flavorRef=flavor)
    yield server_id
    nova.delete(server_id)


@pytest.fixture
def volume(volumes: Deployment, nova: Compute, server: str) -> Iterator[str]:
    """The id of a volume that the server uses; at the end it is detached and nothing is left."""
    volume_id = str(volumes.create_volume()["id"])
    nova.attach(server, volume_id)
    volumes.wait_for_status(volume_id, "in-use")
    yield volume_id
    nova.wait(server, "ACTIVE")
    nova.detach(server, volume_id)
    volumes.wait_for_status(volume_id, "available")
    process.wait_until(lambda: not nova.attachments(server), 30, "Nova to note that it is detached")
    volumes.delete_volume(volume_id)
