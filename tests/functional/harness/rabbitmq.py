# SPDX-License-Identifier: Apache-2.0
"""RabbitMQ: a broker of the tests' own."""

from __future__ import annotations

import json
import secrets
import socket
from pathlib import Path

from tests.functional.harness import process
from tests.functional.harness.server import (
    PASSWORD,
    START_SECONDS,
    USER,
    Server,
    find_program,
)


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
        return find_program(f"/usr/lib/rabbitmq/bin/{name}", name)

    @staticmethod
    def installed() -> bool:
        """Tell whether rabbitmq-server and epmd are on this machine."""
        return RabbitMQ._program("rabbitmq-server") is not None and find_program("epmd") is not None

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
        epmd = find_program("epmd")
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
