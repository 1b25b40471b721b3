# SPDX-License-Identifier: Apache-2.0
"""RabbitMQ, MariaDB and PostgreSQL, run by hand on free loopback ports out of a scratch directory.

The packages' own services are neither used nor touched. Data safety is switched off where that
saves time: nothing here outlives the tests.
"""

from __future__ import annotations

import json
import os
import pwd
import secrets
import shutil
import socket
import threading
from collections.abc import Iterable
from pathlib import Path

from tests.functional.harness import process

USER = "cinder"
PASSWORD = "cinderpw"
START_SECONDS = 120


def _find(*candidates: str) -> Path | None:
    """Return the first program that exists; a pattern stands for its highest match."""
    for candidate in candidates:
        pattern = Path(candidate)
        if not pattern.is_absolute():
            found = shutil.which(candidate)
            matches = [Path(found)] if found else []
        else:
            matches = sorted(Path("/").glob(str(pattern.relative_to("/"))))
        if matches:
            return matches[-1]
    return None


class Server:
    """A server of the tests: found, started, asked for fresh rooms, stopped."""

    name = ""

    def __init__(self, directory: Path) -> None:
        """:param directory: an empty directory of its own for its data and logs"""
        self.directory = directory
        self.port = process.free_port()
        self.children: list[process.Process] = []

    @staticmethod
    def installed() -> bool:
        """Tell whether the programs are on this machine."""
        raise NotImplementedError

    def start(self) -> None:
        """Start the server and return when it serves.

        :raises HarnessError: it does not
        """
        raise NotImplementedError

    def fresh(self) -> str:
        """Make an empty room (a virtual host, a database) and return its URL."""
        raise NotImplementedError

    def stop(self) -> None:
        """End the server's processes, the newest first."""
        for child in reversed(self.children):
            child.kill()

    def _child(self, child: process.Process) -> process.Process:
        self.children.append(child)
        return child.start()


class RabbitMQ(Server):
    """A broker with a node name, cookie and epmd of its own and no plugins."""

    name = "rabbitmq"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._node = f"cinder-lite-{secrets.token_hex(4)}@localhost"
        self._epmd_port = process.free_port()
        self._environment = {
            "HOME": str(directory),
            "HOSTNAME": "localhost",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(process.free_port()),
            "RABBITMQ_MNESIA_BASE": str(directory / "data"),
            "RABBITMQ_LOG_BASE": str(directory / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONF_ENV_FILE": str(directory / "env.conf"),
            "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "enabled_plugins"),
            "RABBITMQ_PID_FILE": str(directory / "rabbit.pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-start_epmd false +S 2:2 +A 8",
        }

    @staticmethod
    def _program(name: str) -> Path | None:
        return _find(f"/usr/lib/rabbitmq/bin/{name}", name)

    @staticmethod
    def installed() -> bool:
        """Tell whether rabbitmq-server and epmd are on this machine."""
        return RabbitMQ._program("rabbitmq-server") is not None and _find("epmd") is not None

    def _write_settings(self) -> None:
        (self.directory / "log").mkdir()
        (self.directory / "env.conf").touch()
        (self.directory / "enabled_plugins").write_text("[].")
        cookie = self.directory / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(16))
        cookie.chmod(0o400)
        (self.directory / "rabbitmq.conf").write_text(
            "vm_memory_high_watermark.absolute = 512MB\n"
            "disk_free_limit.absolute = 50MB\n"
            "loopback_users = none\n"
            "log.console.level = warning\n"
            f"load_definitions = {self.directory}/definitions.json\n"
        )
        (self.directory / "definitions.json").write_text(
            json.dumps(
                {
                    "users": [{"name": USER, "password": PASSWORD, "tags": ""}],
                    "vhosts": [{"name": "/"}],
                    "permissions": [
                        {
                            "user": USER,
                            "vhost": "/",
                            "configure": ".*",
                            "write": ".*",
                            "read": ".*",
                        }
                    ],
                }
            )
        )

    def start(self) -> None:
        """Start epmd and the broker; ready when the broker greets on its AMQP port."""
        self._write_settings()
        epmd = _find("epmd")
        server = self._program("rabbitmq-server")
        assert epmd is not None and server is not None
        self._child(
            process.Process(
                "epmd",
                [epmd, "-port", str(self._epmd_port), "-address", "127.0.0.1"],
                self.directory / "epmd.out",
            )
        )
        # The start script waits for Erlang and passes SIGTERM on; a SIGKILL would orphan Erlang.
        broker = self._child(
            process.Process(
                self.name,
                [server],
                self.directory / "rabbitmq.out",
                environment=self._environment,
                death_signal="TERM",
                directory=self.directory,
            )
        )
        broker.wait_ready(self._greets, START_SECONDS)

    def _greets(self) -> bool:
        """AMQP 0-9-1: a wrong protocol header is answered with the right one."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
                link.sendall(b"AMQP\x00\x00\x00\x00")
                return link.recv(4) == b"AMQP"
        except OSError:
            return False

    def fresh(self) -> str:
        """Make a virtual host and return its ``rabbit://`` URL."""
        vhost = f"v{secrets.token_hex(4)}"
        control = self._program("rabbitmqctl")
        assert control is not None
        code = (
            f'ok = rabbit_vhost:add(<<"{vhost}">>, <<"tests">>), '
            f'rabbit_auth_backend_internal:set_permissions(<<"{USER}">>, <<"{vhost}">>, '
            '<<".*">>, <<".*">>, <<".*">>, <<"tests">>).'
        )
        child = process.Process(
            "rabbitmqctl",
            [control, "-q", "eval", code],
            self.directory / "rabbitmqctl.out",
            environment=self._environment,
        ).start()
        if child.wait(60) != 0:
            raise process.HarnessError(f"rabbitmqctl failed:\n{process.tail(child.log)}")
        return f"rabbit://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{vhost}"

    def stop(self) -> None:
        """End the broker through its start script, then epmd."""
        for child in reversed(self.children):
            child.stop(timeout=30)


class MariaDB(Server):
    """A MariaDB with one account that may do everything."""

    name = "mariadb"

    @staticmethod
    def _program() -> Path | None:
        return _find("/usr/sbin/mariadbd", "/usr/sbin/mysqld", "mariadbd")

    @staticmethod
    def installed() -> bool:
        """Tell whether mariadbd is on this machine."""
        return MariaDB._program() is not None and _find("mariadb-install-db") is not None

    def start(self) -> None:
        """Lay out a data directory and start mariadbd on it."""
        data = self.directory / "data"
        user = pwd.getpwuid(os.getuid()).pw_name
        install, program = _find("mariadb-install-db"), self._program()
        assert install is not None and program is not None
        process.run(
            [install, "--no-defaults", f"--user={user}", f"--datadir={data}", "--skip-test-db"],
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
                    f"--user={user}",
                    f"--datadir={data}",
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
        return _find(f"/usr/lib/postgresql/*/bin/{name}", name)

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
        import signal

        for child in reversed(self.children):
            child.stop(timeout=10, first=signal.SIGQUIT)


KINDS: dict[str, type[Server]] = {kind.name: kind for kind in (RabbitMQ, MariaDB, PostgreSQL)}


class _Keeper(threading.Thread):
    """Starts a server, keeps it, stops it: all in one thread, whose end would end the server."""

    def __init__(self, server: Server) -> None:
        super().__init__(name=server.name, daemon=True)
        self.server = server
        self.error: Exception | None = None
        self.ready = threading.Event()
        self.release = threading.Event()

    def run(self) -> None:
        try:
            self.server.start()
        except Exception as error:  # told to whoever asks for the server
            self.error = error
        self.ready.set()
        self.release.wait()
        self.server.stop()


class ServerPool:
    """The servers of one test run: each started at most once, several at the same time."""

    def __init__(self, directory: Path) -> None:
        """:param directory: scratch directory; every user must be able to reach it"""
        self._directory = directory
        self._keepers: dict[str, _Keeper] = {}

    def prepare(self, names: Iterable[str]) -> None:
        """Begin to start servers without waiting for them; those not installed are left out."""
        for name in names:
            if name in self._keepers or not KINDS[name].installed():
                continue
            home = self._directory / name
            home.mkdir()
            self._keepers[name] = _Keeper(KINDS[name](home))
            self._keepers[name].start()

    def get(self, name: str) -> Server:
        """Return a server that serves.

        :raises LookupError: it is not installed on this machine
        :raises HarnessError: it did not start
        """
        self.prepare([name])
        if name not in self._keepers:
            raise LookupError(f"{name} is not installed")
        keeper = self._keepers[name]
        keeper.ready.wait()
        if keeper.error is not None:
            raise process.HarnessError(f"{name} did not start: {keeper.error}")
        return keeper.server

    def stop(self) -> None:
        """Stop all of them, at the same time."""
        for keeper in self._keepers.values():
            keeper.release.set()
        for keeper in self._keepers.values():
            keeper.join(60)
        self._keepers.clear()
