# SPDX-License-Identifier: Apache-2.0
"""Connections: one pool for single statements and one for transactions.

A single statement (every read of the API, every compare-and-swap) runs in autocommit, which saves
the BEGIN and ROLLBACK or COMMIT that a transaction would send: on a local MariaDB that is half of
the time of a read by id. Work of several statements runs in a transaction of the second pool.

Connections are not pinged before use. A statement that meets a lost connection, a deadlock or a
busy database is run again by :func:`retried`; the pool has dropped its dead connections by then.
"""

from __future__ import annotations

import contextlib
import functools
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

import sqlalchemy as sa
from oslo_config import cfg
from oslo_log import log as logging
from sqlalchemy import exc as sa_exc
from sqlalchemy import pool as sa_pool

from cinder_lite import concurrency
from cinder_lite.db import mysql_connection

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

P = ParamSpec("P")
T = TypeVar("T")

_lock = threading.Lock()
_SLOT_SECONDS = 0.05
"""How long a free connection is waited for before one more is opened."""

_MYSQL_RETRY = frozenset(
    {1205, 1213, 1020, 1305, 2006, 2013, 2014, 2045, 2055, 2003, 2002, 1927, 1053}
)
"""Lock wait timeout, deadlock, record changed, savepoint gone (a deadlock inside one has rolled the
whole transaction back), and the ways in which a server goes away."""
_PG_RETRY_CLASSES = ("40001", "40P01", "57P01", "57P02", "57P03", "08")
"""Serialization failure, deadlock, and the ways in which a server goes away."""
_SQLITE_BUSY_SECONDS = 10.0


def _url() -> str:
    url = CONF.database.connection
    if not url:
        raise SystemExit("Set [database] connection: without it no service can start.")
    return str(url)


class _Pool:
    """An engine, and how many of its connections are kept."""

    def __init__(self, engine: sa.Engine, kept: int) -> None:
        self.engine = engine
        self._slots = threading.Semaphore(kept) if kept else None

    @contextlib.contextmanager
    def slot(self) -> Iterator[sa.Engine]:
        """Wait a moment for a connection that is kept.

        One more is closed after its use, and to open it costs as much as ten statements: under a
        burst, waiting is faster. Whoever waits in vain gets one all the same, so a thread that
        holds one may ask for another.
        """
        got = self._slots is not None and self._slots.acquire(timeout=_SLOT_SECONDS)
        try:
            yield self.engine
        finally:
            if self._slots is not None and got:
                self._slots.release()


_pools: dict[str, _Pool] = {}


def _pool(kind: str) -> _Pool:
    with contextlib.suppress(KeyError):
        return _pools[kind]
    with _lock:
        if kind not in _pools:
            engine = create(_url(), autocommit=kind == "statement")
            _pools[kind] = _Pool(engine, CONF.database.max_pool_size)
        return _pools[kind]


def load_driver() -> None:
    """Import what connections need, without opening one."""
    sa.make_url(_url()).get_dialect().import_dbapi()


def create(url: str, *, autocommit: bool) -> sa.Engine:
    """Return a new engine for ``url``.

    :param autocommit: every statement is its own transaction
    """
    options: dict[str, Any] = {"pool_recycle": CONF.database.connection_recycle_time}
    if autocommit:
        options["isolation_level"] = "AUTOCOMMIT"
        options["pool_reset_on_return"] = None
        # Without it SQLAlchemy ends every use with a ROLLBACK that has nothing to roll back.
        options["skip_autocommit_rollback"] = True
    sqlite = url.startswith("sqlite")
    address = sa.make_url(url)
    if address.get_backend_name() in ("mysql", "mariadb"):
        # "utf8" in the URL is MySQL's old one without the characters of four bytes.
        address = address.update_query_dict({"charset": "utf8mb4"})
    if url.startswith("postgresql"):
        concurrency.prepare_psycopg2()
    if sqlite:
        # One connection per pool: SQLite has one writer anyway, and a green thread must never
        # wait inside SQLite for another one of its own process.
        options |= {
            "connect_args": {"timeout": _SQLITE_BUSY_SECONDS, "check_same_thread": False},
            "poolclass": sa_pool.QueuePool,
            "pool_size": 1,
            "max_overflow": 0,
        }
    else:
        options |= {
            "pool_size": CONF.database.max_pool_size,
            "max_overflow": CONF.database.max_overflow,
            "pool_timeout": CONF.database.pool_timeout,
            "pool_use_lifo": True,
        }
        if not autocommit:
            # What a compare-and-swap reads must be what others have committed, not a snapshot.
            options["isolation_level"] = "READ COMMITTED"
    engine = sa.create_engine(address, **options)
    if engine.driver == "pymysql":
        mysql_connection.use(engine)
    if sqlite:
        _prepare_sqlite(engine, autocommit=autocommit)
    return engine


def _prepare_sqlite(engine: sa.Engine, *, autocommit: bool) -> None:
    @sa.event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    if not autocommit:
        # Taking the write lock first spares the upgrade that SQLite refuses with "locked".
        @sa.event.listens_for(engine, "begin")
        def begin(connection: sa.Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")


def dispose() -> None:
    """Close every pooled connection: before a fork's child uses the database, and in tests."""
    with _lock:
        pools = list(_pools.values())
        _pools.clear()
    for pool in pools:
        pool.engine.dispose()


@contextlib.contextmanager
def statement() -> Iterator[sa.Connection]:
    """Give a connection on which every statement commits by itself."""
    with _pool("statement").slot() as engine, engine.connect() as connection:
        yield connection


@contextlib.contextmanager
def transaction() -> Iterator[sa.Connection]:
    """Give a connection inside a transaction: committed at the end, rolled back on an error."""
    with _pool("transaction").slot() as engine, engine.begin() as connection:
        yield connection


def transaction_engine() -> sa.Engine:
    """Return the engine of transactions, for the schema's migrations."""
    return _pool("transaction").engine


def dialect() -> str:
    """Return ``mysql``, ``postgresql`` or ``sqlite``."""
    name = _pool("statement").engine.dialect.name
    return "mysql" if name == "mariadb" else name


def _code(error: sa_exc.DBAPIError) -> int | str | None:
    """Return the server's code of an error: a number of MySQL's, an SQLSTATE of PostgreSQL's."""
    original = error.orig
    args = getattr(original, "args", ())
    if args and isinstance(args[0], int):
        return args[0]
    # psycopg2's name of it, and psycopg 3's.
    state = getattr(original, "pgcode", None) or getattr(original, "sqlstate", None)
    return str(state) if state else None


def _may_retry(error: sa_exc.DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    code = _code(error)
    if isinstance(code, int):
        return code in _MYSQL_RETRY
    if code:
        return code.startswith(_PG_RETRY_CLASSES)
    text = str(error.orig).lower()
    return any(
        words in text
        for words in (
            "database is locked",
            "database table is locked",
            "could not connect",
            "connection refused",
            "server closed the connection",
            "connection already closed",
            "terminating connection",
            "database system is starting up",
            "database system is shutting down",
        )
    )


def retried(func: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function that is one statement or one transaction, so that it is run again.

    After a deadlock, a busy database or a lost connection the whole function runs again, after
    ``db_retry_interval`` seconds and then twice as long each time, ``db_max_retries`` times.
    """

    @functools.wraps(func)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        attempt = 0
        pause = float(CONF.database.db_retry_interval)
        while True:
            try:
                return func(*args, **kwargs)
            except sa_exc.DBAPIError as error:
                most = CONF.database.db_max_retries
                if not _may_retry(error) or 0 <= most <= attempt:
                    raise
                attempt += 1
                level = LOG.debug if attempt == 1 else LOG.warning
                level(
                    "Database: %(name)s is tried again (%(n)d): %(error)s",
                    {"name": func.__name__, "n": attempt, "error": error.orig},
                )
                time.sleep(pause * random.uniform(0.5, 1.0))  # spreads the retries
                pause = min(pause * 2, float(CONF.database.db_max_retry_interval))

    return run


def is_duplicate(error: sa_exc.IntegrityError) -> bool:
    """Tell whether an integrity error is a duplicate key (and not a missing parent row)."""
    return _code(error) in ("23505", 1062) or "UNIQUE constraint failed" in str(error.orig)
