# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the functional tests, and what is shown when one of them fails."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.functional.harness import scratch as scratch_module
from tests.functional.harness import servers as servers_module
from tests.functional.harness.clients import Clients
from tests.functional.harness.deployment import Deployment
from tests.functional.harness.keystone import Keystone
from tests.functional.harness.servers import ServerPool

REQUIRE_SERVERS = "CINDER_LITE_REQUIRE_SERVERS"
"""Set by tools/run_tests.sh: a server that is missing fails its tests instead of skipping them."""

_live: list[Deployment] = []

STANDARD: dict[str, dict[str, str]] = {
    "mariadb": {"database": "mariadb"},
    "postgresql": {"database": "postgresql"},
    "threading": {"database": "mariadb", "service_backend": "threading"},
    "standalone": {"database": "sqlite", "messaging": "in-process"},
}
"""The deployments on which every test of the volumes' life runs."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything below this directory, so that ``-m 'not functional'`` leaves it out."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.functional)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Add the ends of the services' logs to the report of a failed test."""
    report = yield
    if report.failed:
        for deployment in _live:
            report.sections.append((f"logs in {deployment.directory}", deployment.logs()))
    return report


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A directory for all that the run writes; it goes at the end."""
    with scratch_module.scratch("tests") as directory:
        yield directory


@pytest.fixture(scope="session")
def servers(scratch: Path, request: pytest.FixtureRequest) -> Iterator[ServerPool]:
    """The broker and the databases; all of them begin to start when the first is wanted."""
    pool = ServerPool(scratch)
    if len(request.session.items) > 1:
        pool.prepare(servers_module.KINDS)
        if any(item.get_closest_marker("keystone") for item in request.session.items):
            pool.begin("keystone", Keystone)
    yield pool
    pool.stop()


def _require(pool: ServerPool, *names: str) -> None:
    for name in names:
        try:
            pool.get(name)
        except LookupError as error:
            if os.environ.get(REQUIRE_SERVERS):
                pytest.fail(f"{error}: install the packages of bindep.txt", pytrace=False)
            pytest.skip(str(error))


def _start(pool: ServerPool, scratch: Path, **options: Any) -> Deployment:
    wanted = [options.get("database", "mariadb")]
    if options.get("messaging", "rabbit") == "rabbit":
        wanted.append("rabbitmq")
    _require(pool, *(name for name in wanted if name != "sqlite"))
    directory = scratch / f"deployment-{secrets.token_hex(4)}"
    directory.mkdir()
    overrides = options.pop("settings", None)
    deployment = Deployment(directory, pool, overrides=overrides, **options)
    _live.append(deployment)
    try:
        return deployment.start_all()
    except BaseException:
        _end(deployment)
        raise


def _end(deployment: Deployment) -> None:
    _live.remove(deployment)
    try:
        deployment.stop_all()
    finally:
        if not scratch_module.kept():
            deployment.discard()


def _starter(pool: ServerPool, scratch: Path) -> Iterator[Callable[..., Deployment]]:
    started: list[Deployment] = []

    def start(**options: Any) -> Deployment:
        started.append(_start(pool, scratch, **options))
        return started[-1]

    yield start
    errors = []
    for deployment in started:
        try:
            _end(deployment)
        except AssertionError as error:
            errors.append(str(error))
    assert not errors, errors


@pytest.fixture
def deploy(servers: ServerPool, scratch: Path) -> Iterator[Callable[..., Deployment]]:
    """A function that starts a deployment; see :class:`Deployment` for what it takes.

    ``settings`` of the function is ``overrides`` of the class. What it started ends with the test.
    """
    yield from _starter(servers, scratch)


@pytest.fixture(scope="module")
def start_deployment(servers: ServerPool, scratch: Path) -> Iterator[Callable[..., Deployment]]:
    """As ``deploy``, for deployments that all tests of a module share."""
    yield from _starter(servers, scratch)


@pytest.fixture(scope="session", params=list(STANDARD))
def deployment(
    request: pytest.FixtureRequest, servers: ServerPool, scratch: Path
) -> Iterator[Deployment]:
    """The usual deployments, one after another; tests share each of them."""
    options: dict[str, Any] = dict(STANDARD[request.param])
    options["backends"] = ("file", "second")
    running = _start(servers, scratch, **options)
    yield running
    _end(running)


@pytest.fixture
def clients(deployment: Deployment) -> Clients:
    """The stock clients of an administrator of ``deployment``."""
    return Clients(deployment)


@pytest.fixture(scope="session")
def keystone(servers: ServerPool) -> Keystone:
    """A real Keystone; started only where a test asks for it."""
    servers.begin("keystone", Keystone)
    identity = servers.wait("keystone")
    assert isinstance(identity, Keystone)
    return identity


@pytest.fixture(scope="session")
def keystone_deployment(
    keystone: Keystone, servers: ServerPool, scratch: Path
) -> Iterator[Deployment]:
    """Services over RabbitMQ and MariaDB that check their callers' tokens with Keystone."""
    running = _start(servers, scratch, keystone=keystone)
    keystone.register(running.root_url)
    yield running
    _end(running)
