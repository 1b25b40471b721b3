# SPDX-License-Identifier: Apache-2.0
"""Connections, transactions, and what is run again."""

from __future__ import annotations

import sqlite3
import threading

import pytest
import sqlalchemy as sa
from sqlalchemy import exc as sa_exc

from cinder_lite.db import engine, models, services
from tests.unit import rows
from tests.unit.conftest import SetOption


class ServerError(Exception):
    """What a driver raises."""

    def __init__(
        self, *args: object, pgcode: str | None = None, sqlstate: str | None = None
    ) -> None:
        super().__init__(*args)
        if pgcode:
            self.pgcode = pgcode
        if sqlstate:
            self.sqlstate = sqlstate


def _failing(
    error: Exception, times: int, *, invalidated: bool = False
) -> tuple[list[int], object]:
    calls: list[int] = []

    @engine.retried
    def work() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise sa_exc.DBAPIError("UPDATE", {}, error, connection_invalidated=invalidated)
        return "done"

    return calls, work


@pytest.mark.parametrize(
    "error",
    [
        ServerError(1213, "Deadlock found when trying to get lock; try restarting transaction"),
        ServerError(1205, "Lock wait timeout exceeded; try restarting transaction"),
        ServerError(1305, "SAVEPOINT sa_savepoint_1 does not exist"),
        ServerError(2013, "Lost connection to server during query"),
        ServerError("deadlock detected", pgcode="40P01"),
        ServerError("could not serialize access", sqlstate="40001"),
        ServerError("terminating connection due to administrator command", pgcode="57P01"),
        ServerError("connection to server failed: FATAL:  the database system is starting up"),
        ServerError("connection to server at 127.0.0.1 failed: Connection refused"),
        sqlite3.OperationalError("database is locked"),
    ],
    ids=str,
)
def test_what_passes_is_tried_again(error: Exception) -> None:
    calls, work = _failing(error, 3)
    assert work() == "done"  # type: ignore[operator]
    assert len(calls) == 4


@pytest.mark.parametrize(
    "error",
    [
        ServerError(1062, "Duplicate entry"),
        ServerError(1045, "Access denied for user"),
        ServerError("duplicate key", pgcode="23505"),
        sqlite3.OperationalError("no such table: volumes"),
    ],
    ids=str,
)
def test_what_does_not_pass_is_raised_at_once(error: Exception) -> None:
    calls, work = _failing(error, 1)
    with pytest.raises(sa_exc.DBAPIError):
        work()  # type: ignore[operator]
    assert len(calls) == 1


def test_a_connection_that_was_lost_is_tried_again() -> None:
    calls, work = _failing(ServerError("gone"), 1, invalidated=True)
    assert work() == "done"  # type: ignore[operator]
    assert len(calls) == 2


def test_it_gives_up_after_so_many_tries(option: SetOption) -> None:
    option("db_max_retries", 2, group="database")
    calls, work = _failing(sqlite3.OperationalError("database is locked"), 99)
    with pytest.raises(sa_exc.DBAPIError):
        work()  # type: ignore[operator]
    assert len(calls) == 3


def test_minus_one_never_gives_up(option: SetOption) -> None:
    option("db_max_retries", -1, group="database")
    calls, work = _failing(sqlite3.OperationalError("database is locked"), 30)
    assert work() == "done"  # type: ignore[operator]
    assert len(calls) == 31


def test_other_errors_pass_through() -> None:
    @engine.retried
    def work() -> None:
        raise ValueError("not the database's")

    with pytest.raises(ValueError, match="not the database's"):
        work()


@pytest.mark.usefixtures("database")
def test_a_transaction_is_rolled_back_on_an_error() -> None:
    with pytest.raises(RuntimeError), engine.transaction() as connection:
        connection.execute(sa.update(models.services).values(host="x"))
        connection.execute(
            sa.insert(models.services), {"host": "h", "binary": "b", "topic": "t", "deleted": False}
        )
        raise RuntimeError
    assert services.listing() == []


@pytest.mark.usefixtures("database")
def test_a_statement_commits_by_itself() -> None:
    service = rows.service()
    with engine.statement() as connection:
        connection.execute(sa.update(models.services).values(host="changed"))
        # Seen by the other pool before this connection is given back.
        with engine.transaction() as other:
            assert other.execute(sa.select(models.services.c.host)).scalar() == "changed"
    assert services.listing()[0].id == service.id


@pytest.mark.usefixtures("sqlite_database")
def test_sqlite_waits_for_another_process_that_writes(sqlite_database: str) -> None:
    service = rows.service()
    other = sqlite3.connect(
        sqlite_database.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    ends = threading.Timer(0.1, other.execute, ("COMMIT",))
    ends.start()
    assert services.heartbeat(service.id)
    ends.join()
    other.close()


def test_connections_are_made_anew_after_dispose(database: str) -> None:
    rows.service()
    engine.dispose()
    assert len(services.listing()) == 1


def test_a_killed_connection_is_not_noticed_by_the_caller(database: str) -> None:
    if database.startswith("sqlite"):
        pytest.skip("SQLite has no server")
    service = rows.service()
    services.heartbeat(service.id)
    killer = sa.create_engine(database, isolation_level="AUTOCOMMIT")
    with killer.connect() as connection:
        if database.startswith("postgresql"):
            connection.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        else:
            mine = connection.execute(sa.text("SELECT connection_id()")).scalar()
            found = connection.execute(
                sa.text(
                    "SELECT id FROM information_schema.processlist "
                    "WHERE db = database() AND id <> :mine"
                ),
                {"mine": mine},
            )
            for (number,) in found.all():
                connection.execute(sa.text(f"KILL {number}"))
    killer.dispose()
    assert services.heartbeat(service.id)
    assert rows.service().id == service.id


def test_without_a_connection_option_no_service_starts(option: SetOption) -> None:
    option("connection", None, group="database")
    engine.dispose()
    with pytest.raises(SystemExit, match="connection"), engine.statement():
        pass


@pytest.mark.usefixtures("database")
def test_duplicates_are_told_from_other_integrity_errors() -> None:
    row = {"project_id": "p", "resource": "r", "in_use": 0, "reserved": 0}
    with pytest.raises(sa_exc.IntegrityError) as twice, engine.transaction() as connection:
        connection.execute(sa.insert(models.quota_usages), [row, row])
    assert engine.is_duplicate(twice.value)
    orphan = {"volume_id": rows.new_id(), "key": "k", "value": "v"}
    with pytest.raises(sa_exc.IntegrityError) as missing, engine.transaction() as connection:
        connection.execute(sa.insert(models.volume_metadata), orphan)
    assert not engine.is_duplicate(missing.value)


@pytest.mark.usefixtures("database")
def test_the_dialect_is_named_as_the_server(database: str) -> None:
    assert engine.dialect() == database.partition(":")[0].partition("+")[0]


@pytest.mark.parametrize("scheme", ["mysql", "mariadb"])
def test_a_connection_to_mysql_takes_all_of_unicode(scheme: str) -> None:
    made = engine.create(f"{scheme}+pymysql://cinder@127.0.0.1/x?charset=utf8", autocommit=False)
    assert made.url.query["charset"] == "utf8mb4"
