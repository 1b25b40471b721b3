# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the storage tests: one machine for all of them, services and groups inside it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import glance
from tests.functional.conftest import REQUIRE_SERVERS
from tests.functional.harness.scratch import scratch
from tests.functional.harness.servers import ServerPool
from tests.storage.deployment import BACKENDS, StorageDeployment
from tests.storage.groups import LAB_DISKS, SUPPORT_DISKS, Groups
from tests.storage.vm import image
from tests.storage.vm.machine import Machine, VirtualMachine
from tests.storage.vm.native import NativeMachine

FIRST_SECONDS = 1800
"""Time limit of the first test, which may have to wait for the image."""
TEST_SECONDS = 1500
"""Time limit of every other test; on two processors of its own, none takes two minutes."""
_live: list[Machine | StorageDeployment] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let this machine's own kernel do."""
    told = "no virtual machine: run the storage tests on this one, which is there for nothing else"
    parser.addoption("--native", action="store_true", help=told)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything below this directory, so that ``-m 'not storage'`` leaves it out."""
    for item in _mine(items):
        item.add_marker(pytest.mark.storage)
        item.add_marker(pytest.mark.timeout(TEST_SECONDS))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Give the first test the time that the image may take."""
    for item in _mine(session.items)[:1]:
        item.add_marker(pytest.mark.timeout(FIRST_SECONDS), append=False)


def _skip_or_fail(reason: str) -> None:
    if os.environ.get(REQUIRE_SERVERS):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _mine(items: list[pytest.Item]) -> list[pytest.Item]:
    here = Path(__file__).parent
    return [item for item in items if here in item.path.parents]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Add the ends of the machine's logs to the report of a failed test."""
    report = yield
    if report.failed:
        for one in _live:
            report.sections.append((f"logs of the {type(one).__name__}", one.logs()))
    return report


@pytest.fixture(scope="session")
def storage_scratch() -> Iterator[Path]:
    """A directory for the machine's disks; it goes at the end."""
    with scratch("storage") as directory:
        yield directory


@pytest.fixture(scope="session")
def machine(storage_scratch: Path, request: pytest.FixtureRequest) -> Iterator[Machine]:
    """The machine, booted once for all tests."""
    native = request.config.getoption("--native", default=False)
    missing = [] if native else image.missing_tools()
    reason = f"{', '.join(missing)} missing: install bindep's storage profile" if missing else ""
    if os.getuid() != 0:
        reason = "the storage tests need root"
    if reason:
        _skip_or_fail(reason)
    directory = storage_scratch / "machine"
    directory.mkdir()
    groups = {backend.group: backend.gibibytes for backend in BACKENDS}
    disks = {**SUPPORT_DISKS, **LAB_DISKS, **groups}
    running: Machine
    if native:
        running = NativeMachine(directory, disks)
    else:
        running = VirtualMachine(directory, image.ready(), disks)
    _live.append(running)
    try:
        yield running.boot()
    finally:
        _live.remove(running)
        running.halt()


@pytest.fixture(scope="session")
def groups(machine: Machine) -> Groups:
    """The machine's volume groups."""
    return Groups(machine)


@pytest.fixture(scope="session")
def storage_servers(storage_scratch: Path) -> Iterator[ServerPool]:
    """The broker and the database, outside of the machine."""
    pool = ServerPool(storage_scratch)
    yield pool
    pool.stop()


@pytest.fixture(scope="session")
def running(
    storage_scratch: Path, storage_servers: ServerPool, request: pytest.FixtureRequest
) -> Iterator[StorageDeployment]:
    """The services, with the driver under test, on two nodes in the machine."""
    storage_servers.prepare(("rabbitmq", "mariadb"))
    groups: Groups = request.getfixturevalue("groups")
    for server in ("rabbitmq", "mariadb"):
        try:
            storage_servers.get(server)
        except LookupError as error:
            _skip_or_fail(f"{error}: install the packages of bindep.txt")
    directory = storage_scratch / f"deployment-{secrets.token_hex(4)}"
    directory.mkdir()
    with glance.running() as images:
        deployment = StorageDeployment(directory, storage_servers, groups, images)
        _live.append(deployment)
        try:
            yield deployment.start_all()
        finally:
            _live.remove(deployment)
            deployment.stop_all()


@pytest.fixture
def storage(running: StorageDeployment) -> Iterator[StorageDeployment]:
    """The services; whatever a test has left of volumes is deleted, and then nothing may be left.

    A test that passed but for its leftovers fails, too.
    """
    yield running
    for volume in running.get("/volumes/detail?all_tenants=1")["volumes"]:
        running.request("POST", f"/volumes/{volume['id']}/action", {"os-force_delete": {}})
        running.wait_gone(volume["id"])
    running.only()
