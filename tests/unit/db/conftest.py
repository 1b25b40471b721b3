# SPDX-License-Identifier: Apache-2.0
"""Databases of the db tests: SQLite always, a server where an environment variable gives its URL.

``CINDER_LITE_TEST_MYSQL_URL`` and ``CINDER_LITE_TEST_POSTGRESQL_URL`` each name a database that
the tests may empty.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from oslo_config import cfg

from cinder_lite.db import engine, models, schema
from tests.unit.conftest import SetOption

CONF = cfg.CONF
SERVERS = {
    name: os.environ[variable]
    for name, variable in (
        ("mysql", "CINDER_LITE_TEST_MYSQL_URL"),
        ("postgresql", "CINDER_LITE_TEST_POSTGRESQL_URL"),
    )
    if os.environ.get(variable)
}


@pytest.fixture(scope="session")
def server_schemas() -> set[str]:
    """Return the servers whose schema is in place: each is made once, from nothing."""
    return set()


def _make_schema(url: str) -> None:
    empty = sa.create_engine(url)
    with empty.begin() as connection:
        known = sa.MetaData()
        known.reflect(connection)
        known.drop_all(connection)
    empty.dispose()
    schema.sync()


def _empty_tables() -> None:
    with engine.transaction() as connection:
        for table in reversed(models.metadata.sorted_tables):
            connection.execute(sa.delete(table))


@pytest.fixture(params=["sqlite", *SERVERS])
def database(
    request: pytest.FixtureRequest, option: SetOption, server_schemas: set[str]
) -> Iterator[str]:
    """Give the test an empty database with the schema; returns the URL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_database")
        return
    url = SERVERS[request.param]
    option("connection", url, group="database")
    engine.dispose()
    if request.param not in server_schemas:
        _make_schema(url)
        server_schemas.add(request.param)
    _empty_tables()
    yield url
    engine.dispose()


@pytest.fixture(autouse=True)
def quick_retries(option: SetOption) -> None:
    """Let retries not wait."""
    option("db_retry_interval", 0.001, group="database")
    option("db_max_retry_interval", 0.01, group="database")


@pytest.fixture
def lost(sqlite_database: str, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Break the connection after a commit, and before it is told of; once for each entry."""
    real, pending = engine.transaction, list[bool]()

    @contextlib.contextmanager
    def transaction() -> Iterator[sa.Connection]:
        with real() as connection:
            yield connection
        if pending:
            pending.pop()
            raise sa.exc.OperationalError(
                "COMMIT", {}, Exception("lost"), connection_invalidated=True
            )

    monkeypatch.setattr(engine, "transaction", transaction)
    return pending
