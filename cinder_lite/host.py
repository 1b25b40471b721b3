# SPDX-License-Identifier: Apache-2.0
"""Host strings: ``host@backend#pool``, and their parts."""

from __future__ import annotations

from typing import NamedTuple


class HostName(NamedTuple):
    """The three parts of a host string; the last two may be absent."""

    host: str
    backend: str | None
    pool: str | None

    @property
    def service(self) -> str:
        """``host@backend``: the name under which the volume service is registered."""
        return f"{self.host}@{self.backend}" if self.backend else self.host


def parse(name: str) -> HostName:
    """Take a host string apart.

    :param name: ``host``, ``host@backend``, ``host#pool`` or ``host@backend#pool``
    """
    service, _, pool = name.partition("#")
    host, _, backend = service.partition("@")
    return HostName(host, backend or None, pool or None)


def service_of(name: str) -> str:
    """Return ``host@backend`` of a host string that may name a pool."""
    return name.partition("#")[0]


def pool_of(name: str) -> str | None:
    """Return the pool of a host string, None where it names none."""
    return name.partition("#")[2] or None


def with_pool(service: str, pool: str) -> str:
    """Return ``service#pool``.

    :param service: ``host@backend``
    :param pool: the pool's name
    """
    return f"{service}#{pool}"
