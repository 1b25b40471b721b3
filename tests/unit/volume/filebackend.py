# SPDX-License-Identifier: Apache-2.0
"""A backend of files in the test's directory, with peers that keep what they are told."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterator
from typing import Any

from cinder_lite import context as request_context
from cinder_lite.conf.backend import BackendConfiguration
from cinder_lite.objects import Snapshot, Volume
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.drivers.file import FileDriver
from tests.unit.api.client import Peer

MIB = 1024**2
GIB = 1024**3


def make(directory: pathlib.Path, name: str, host: str) -> Backend:
    """Return a backend that is set up.

    :param name: its section, whose file_data_dir is set
    :param host: ``host@backend``
    """
    configuration = BackendConfiguration(name)
    driver = FileDriver(configuration=configuration, host=host)
    admin = request_context.admin_context()
    driver.do_setup(admin)
    driver.set_initialized()
    peers: Any = Peer(), Peer()
    return Backend(
        service_host=host,
        driver=driver,
        configuration=configuration,
        throttle=driver.throttle,
        volume_rpcapi=peers[0],
        scheduler_rpcapi=peers[1],
        context=admin,
    )


def path(backend: Backend, thing: Volume | Snapshot) -> pathlib.Path:
    """Return where the data of a volume or snapshot is, or would be."""
    return pathlib.Path(backend.configuration.file_data_dir) / thing.name


def write(backend: Backend, thing: Volume | Snapshot, data: bytes, offset: int = 0) -> None:
    """Write into a volume."""
    with path(backend, thing).open("r+b") as file:
        file.seek(offset)
        file.write(data)


def read(backend: Backend, thing: Volume | Snapshot, count: int, offset: int = 0) -> bytes:
    """Read from a volume or snapshot."""
    with path(backend, thing).open("rb") as file:
        file.seek(offset)
        return file.read(count)


class Claims:
    """Claims as the manager's; some are another thread's."""

    def __init__(self, *taken: str) -> None:
        self.taken = set(taken)
        self.asked: list[str] = []

    @contextlib.contextmanager
    def __call__(self, name: str) -> Iterator[bool]:
        """Reserve a name."""
        self.asked.append(name)
        yield name not in self.taken
