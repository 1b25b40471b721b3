# SPDX-License-Identifier: Apache-2.0
"""What cinder-lite-status finds wrong before the services do."""

from __future__ import annotations

import pathlib
import socket
from collections.abc import Callable, Iterator

import oslo_messaging
import pytest
from oslo_upgradecheck.upgradecheck import Code, Result

from cinder_lite.cmd import status
from cinder_lite.conf import CONF
from cinder_lite.db import engine
from tests.unit.conftest import SetOption


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Return a port of 127.0.0.1 at which nobody listens, and nobody else can."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture
def check_transport(option: SetOption) -> Callable[[str], Result]:
    """Return the check of the broker at a URL."""

    def check(url: str) -> Result:
        oslo_messaging.TransportURL.parse(CONF, "fake:/")  # registers transport_url
        option("transport_url", url)
        return status.Checks()._transport()

    return check


def test_a_broker_that_is_down_is_a_failure(
    check_transport: Callable[[str], Result], closed_port: int
) -> None:
    result = check_transport(f"rabbit://cinder:secret@127.0.0.1:{closed_port}/")
    assert result.code == Code.FAILURE
    assert "refused" in result.details
    assert "secret" not in result.details


def test_a_transport_that_is_none_is_a_failure(check_transport: Callable[[str], Result]) -> None:
    result = check_transport("rabit://127.0.0.1/")
    assert result.code == Code.FAILURE
    assert "rabit" in result.details


def test_messages_inside_one_process_are_a_warning(
    check_transport: Callable[[str], Result],
) -> None:
    assert check_transport("fake:/").code == Code.WARNING


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql+psycopg2://cinder:secret@127.0.0.1:{port}/cinder_lite", "refused"),
        ("postgresql+pg8000://cinder:secret@127.0.0.1:{port}/cinder_lite", "pg8000"),
    ],
    ids=["down", "no driver"],
)
def test_a_database_that_can_not_be_asked_is_a_failure(
    option: SetOption, closed_port: int, url: str, reason: str
) -> None:
    option("connection", url.format(port=closed_port), group="database")
    engine.dispose()
    result = status.Checks()._schema()
    engine.dispose()
    assert result.code == Code.FAILURE
    assert reason in result.details
    assert "\n" not in result.details


def test_a_database_without_tables_is_to_be_synced(
    option: SetOption, tmp_path: pathlib.Path
) -> None:
    option("connection", f"sqlite:///{tmp_path}/empty.sqlite", group="database")
    engine.dispose()
    result = status.Checks()._schema()
    engine.dispose()
    assert result.code == Code.FAILURE
    assert "db sync" in result.details
