# SPDX-License-Identifier: Apache-2.0
"""OpenStack's own services around a deployment: what the suites against them have alike."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.functional.harness.glance import REQUIREMENTS as GLANCE
from tests.functional.harness.glance import Glance
from tests.functional.harness.keystone import REQUIREMENTS as KEYSTONE
from tests.functional.harness.keystone import Keystone
from tests.functional.harness.servers import ServerPool
from tests.functional.harness.venvs import environment


@contextlib.contextmanager
def identity_and_images(
    directory: Path, tool: str, requires: Sequence[str]
) -> Iterator[ServerPool]:
    """Yield RabbitMQ, MariaDB, Keystone and Glance, the latter in the former's catalogue.

    :param tool: one more program of OpenStack that the suite needs
    :param requires: what that is installed of
    """
    pool = ServerPool(directory / "servers")
    tools = (("keystone", KEYSTONE), ("glance", GLANCE), (tool, requires))
    try:
        with ThreadPoolExecutor() as threads:  # pip keeps a small machine busy: before the rest
            list(threads.map(lambda one: environment(*one), tools))
        pool.prepare(("mariadb", "rabbitmq"))
        pool.begin("keystone", Keystone)
        connection = pool.get("mariadb").fresh()
        identity = identity_of(pool)
        pool.begin("glance", lambda home: Glance(home, identity, connection))
        pool.wait("glance")
        yield pool
    finally:
        pool.stop()


def identity_of(pool: ServerPool) -> Keystone:
    """Return the Keystone of a pool."""
    found = pool.wait("keystone")
    assert isinstance(found, Keystone)
    return found


def images_of(pool: ServerPool) -> Glance:
    """Return the Glance of a pool."""
    found = pool.wait("glance")
    assert isinstance(found, Glance)
    return found
