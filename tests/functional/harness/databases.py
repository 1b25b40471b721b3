# SPDX-License-Identifier: Apache-2.0
"""MariaDB and PostgreSQL: database servers of the tests' own."""

from __future__ import annotations

import os
import pwd
import secrets
import signal
from pathlib import Path

from tests.functional.harness import process
from tests.functional.harness.server import (
    PASSWORD,
    START_SECONDS,
    USER,
    Server,
    find_program,
)


class MariaDB(Server):
    """A MariaDB with one account that may do everything."""

    name = "mariadb"

    @staticmethod
    def _program() -> Path | None:
        return find_program("/usr/sbin/mariadbd", "/usr/sbin/mysqld", "mariadbd")

    @staticmethod
    def installed() -> bool:
        """Tell whether mariadbd is on this machine."""
        return MariaDB._program() is not None and find_program("mariadb-install-db") is not None

    def start(self) -> None:
        """Lay out a data directory and start mariadbd on it."""
        data = self.directory / "data"
        user = pwd.getpwuid(os.getuid()).pw_name
        install, program = find_program("mariadb-install-db"), self._program()
        assert install is not None and program is not None
        # Of its own: a server that starts removes what others have in a directory that they share.
        temporary = self.directory / "tmp"
        temporary.mkdir()
        directories = [f"--user={user}", f"--datadir={data}", f"--tmpdir={temporary}"]
        process.run(
            [install, "--no-defaults", *directories, "--skip-test-db"],
            self.directory / "install.out",
        )
        (self.directory / "account.sql").write_text(
            f"CREATE USER '{USER}'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL ON *.* TO '{USER}'@'127.0.0.1' WITH GRANT OPTION;\n"
        )
        child = self._child(
            process.Process(
                self.name,
                [
                    program,
                    "--no-defaults",
                    *directories,
                    f"--socket={self.directory}/mariadb.sock",
                    f"--port={self.port}",
                    f"--pid-file={self.directory}/mariadb.pid",
                    f"--init-file={self.directory}/account.sql",
                    "--bind-address=127.0.0.1",
                    "--skip-name-resolve",
                    "--skip-log-bin",
                    "--max-connections=500",
                    "--innodb-buffer-pool-size=64M",
                    "--innodb-log-file-size=16M",
                    "--innodb-flush-log-at-trx-commit=0",
                    "--innodb-doublewrite=0",
                    "--performance-schema=0",
                ],
                self.directory / "mariadb.out",
            )
        )
        child.wait_ready(self._serves, START_SECONDS)

    def _serves(self) -> bool:
        if not process.port_open(self.port):
            return False
        import pymysql

        try:
            self._execute("SELECT 1")
        except pymysql.err.OperationalError:
            return False
        return True

    def _execute(self, statement: str) -> None:
        import pymysql

        with pymysql.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, connect_timeout=5
        ) as link:
            link.cursor().execute(statement)

    def fresh(self) -> str:
        """Make a database and return its SQLAlchemy URL."""
        database = f"cinder_{secrets.token_hex(4)}"
        self._execute(f"CREATE DATABASE {database} CHARACTER SET utf8mb4")
        return f"mysql+pymysql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}?charset=utf8mb4"


class PostgreSQL(Server):
    """A PostgreSQL cluster that trusts everybody on its loopback port."""

    name = "postgresql"

    @staticmethod
    def _program(name: str) -> Path | None:
        return find_program(f"/usr/lib/postgresql/*/bin/{name}", name)

    @staticmethod
    def installed() -> bool:
        """Tell whether initdb and postgres are on this machine."""
        return (
            PostgreSQL._program("initdb") is not None
            and PostgreSQL._program("postgres") is not None
        )

    @staticmethod
    def _user() -> int | None:
        """PostgreSQL refuses to run as root: lend it an account without rights."""
        return pwd.getpwnam("nobody").pw_uid if os.getuid() == 0 else None

    def start(self) -> None:
        """Make a cluster and start postgres on it."""
        data = self.directory / "data"
        user = self._user()
        initdb, postgres = self._program("initdb"), self._program("postgres")
        assert initdb is not None and postgres is not None
        if user is not None:
            os.chown(self.directory, user, -1)
        process.run(
            [initdb, "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            self.directory / "initdb.out",
            user=user,
        )
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "300",
            "shared_buffers": "32MB",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_wal_senders": "0",
            "wal_level": "minimal",
        }
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        # SIGQUIT is PostgreSQL's "at once, and take your children along".
        child = self._child(
            process.Process(
                self.name,
                [postgres, "-D", data, *options],
                self.directory / "postgresql.out",
                user=user,
                death_signal="QUIT",
            )
        )
        child.wait_ready(self._serves, START_SECONDS)

    def _serves(self) -> bool:
        if not process.port_open(self.port):
            return False
        import psycopg2

        try:
            self._execute("SELECT 1")
        except psycopg2.OperationalError:
            return False
        return True

    def _execute(self, statement: str) -> None:
        import psycopg2

        link = psycopg2.connect(host="127.0.0.1", port=self.port, user=USER, dbname="postgres")
        try:
            link.autocommit = True  # CREATE DATABASE cannot run in a transaction
            link.cursor().execute(statement)
        finally:
            link.close()

    def fresh(self) -> str:
        """Make a database and return its SQLAlchemy URL."""
        database = f"cinder_{secrets.token_hex(4)}"
        self._execute(f"CREATE DATABASE {database}")
        return f"postgresql+psycopg2://{USER}@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        """End postgres and its children at once."""
        for child in reversed(self.children):
            child.stop(timeout=10, first=signal.SIGQUIT)
