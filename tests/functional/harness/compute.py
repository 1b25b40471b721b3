# SPDX-License-Identifier: Apache-2.0
"""A real Nova and a real Placement from PyPI, with compute hosts that emulate nothing.

Each runs on loopback out of a scratch directory. Servers have no networks: Nova's calls to Neutron
are answered by an empty one.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import requests

from tests.functional.harness import process, settings, venvs
from tests.functional.harness.keystone import REGION, Keystone
from tests.functional.harness.servers import ServerPool

REQUIREMENTS = ("nova", "openstack-placement", "PyMySQL", "pyuwsgi", "setuptools")
HOSTS = ("compute1", "compute2")
DRIVER = Path(__file__).with_name("fault_driver.py")
MODULE = "cinder_lite_tests"
"""Name of the driver's module in Nova."""
MICROVERSION = "2.93"
START_SECONDS = 120.0
WAIT_SECONDS = 60.0


class Compute:
    """Nova with two compute hosts."""

    def __init__(self, directory: Path, keystone: Keystone, servers: ServerPool) -> None:
        """Describe it; :meth:`start` starts it.

        :param directory: an empty directory of its own
        :param keystone: where tokens are checked and services are found
        :param servers: the broker and the database server
        """
        self.directory = directory
        self.port, self._placement_port = process.free_port(), process.free_port()
        self.url = f"http://127.0.0.1:{self.port}/v2.1"
        self._keystone = keystone
        self._servers = servers
        self._home = venvs.environment("nova", REQUIREMENTS)
        self._children: list[process.Process] = []

    # --- the services ------------------------------------------------------------------------

    def start(self) -> None:
        """Set up and start all services; they serve when this returns.

        :raises HarnessError: something does not come up
        """
        self._install_driver()
        self._write_settings()
        self._make_databases()
        self._keystone.publish("compute", self.url)
        self._keystone.publish("placement", f"http://127.0.0.1:{self._placement_port}")
        self._start_placement()
        for name in ("conductor", "scheduler"):
            self._service(name, name)
        for host in HOSTS:
            self._service("compute", host)
        self._start_api()
        process.wait_until(self._all_up, START_SECONDS, "Nova's services")
        self._manage("cell_v2", "discover_hosts")

    def stop(self) -> None:
        """End all services, at the same time."""
        for child in self._children:
            child.send(process.signal.SIGTERM)
        for child in reversed(self._children):
            child.stop()

    def logs(self) -> str:
        """Return the ends of all logs."""
        return "\n".join(f"{log.name}:\n{process.tail(log, 8)}" for log in self._logs())

    def _logs(self) -> list[Path]:
        return sorted(self.directory.glob("*.log"))

    def _install_driver(self) -> None:
        [package] = self._home.glob("lib/python3*/site-packages/nova/virt")
        shutil.copyfile(DRIVER, package / f"{MODULE}.py")

    def _write_settings(self) -> None:
        shutil.copyfile(self._home / "etc/nova/api-paste.ini", self.directory / "api-paste.ini")
        self._transport = self._servers.get("rabbitmq").fresh()
        database = self._servers.get("mariadb")
        self._databases = {
            name: database.fresh() for name in ("api", "cell0", "cell1", "placement")
        }
        for name in ("api", "conductor", "scheduler", *HOSTS):
            self._write(name)
        account = self._keystone.service_settings()["keystone_authtoken"]
        (self.directory / "placement.conf").write_text(
            settings.render(
                {
                    "api": {"auth_strategy": "keystone"},
                    "placement_database": {"connection": self._databases["placement"]},
                    "keystone_authtoken": account,
                }
            )
        )

    def _write(self, name: str) -> None:
        """Write one service's configuration."""
        state = self.directory / f"state-{name}"
        state.mkdir()
        account = self._keystone.service_settings()["keystone_authtoken"]
        text = settings.render(
            {
                "DEFAULT": {
                    "host": name,
                    "my_ip": "127.0.0.1",
                    "state_path": state,
                    "transport_url": self._transport,
                    "compute_driver": f"{MODULE}.TestDriver",
                    "heal_instance_info_cache_interval": -1,
                    "sync_power_state_interval": -1,
                    "vif_plugging_is_fatal": "false",
                    "vif_plugging_timeout": 0,
                    "report_interval": 2,
                },
                "api": {"auth_strategy": "keystone"},
                "api_database": {"connection": self._databases["api"]},
                "database": {"connection": self._databases["cell1"]},
                "oslo_concurrency": {"lock_path": self.directory / "lock"},
                "conductor": {"workers": 1},
                "scheduler": {"workers": 1},
                "vnc": {"enabled": "false"},
                "compute": {"live_migration_wait_for_vif_plug": "false"},
                "keystone_authtoken": account,
                "service_user": {"send_service_user_token": "true", **account},
                "placement": account,
                "neutron": account,
                "glance": account,
                "cinder": {**account, "os_region_name": REGION},
            }
        )
        (self.directory / f"{name}.conf").write_text(text)

    def _make_databases(self) -> None:
        process.run(
            [
                *(self._home / "bin/placement-manage", "--config-file"),
                *(self.directory / "placement.conf", "db", "sync"),
            ],
            self.directory / "manage.log",
        )
        self._manage("api_db", "sync")
        self._manage("cell_v2", "map_cell0", "--database_connection", self._databases["cell0"])
        self._manage("db", "sync")
        self._manage("cell_v2", "create_cell", "--name", "cell1")

    def _manage(self, *words: str) -> None:
        command: list[str | Path] = [self._home / "bin/nova-manage", "--config-file"]
        command += [self._config("api"), *words]
        process.run(command, self.directory / "manage.log")

    def _config(self, name: str) -> Path:
        return self.directory / f"{name}.conf"

    def _service(self, kind: str, name: str) -> None:
        command: list[str | Path] = [
            *(self._home / f"bin/nova-{kind}", "--config-file", self._config(name))
        ]
        self._child(process.Process(name, command, self.directory / f"{name}.log"))

    def _child(self, child: process.Process) -> process.Process:
        self._children.append(child)
        return child.start()

    def _start_placement(self) -> None:
        child = process.Process(
            "placement",
            venvs.uwsgi(self._home, self._placement_port, "placement.wsgi.api:application"),
            self.directory / "placement.log",
            environment={"OS_PLACEMENT_CONFIG_DIR": str(self.directory)},
        )
        self._child(child).wait_ready(
            lambda: _answers(f"http://127.0.0.1:{self._placement_port}/"), START_SECONDS
        )

    def _start_api(self) -> None:
        child = process.Process(
            "nova-api",
            venvs.uwsgi(self._home, self.port, "nova.wsgi.osapi_compute:application"),
            self.directory / "nova-api.log",
            environment={
                "OS_NOVA_CONFIG_DIR": str(self.directory),
                "OS_NOVA_CONFIG_FILES": "api-paste.ini;api.conf",
            },
        )
        self._child(child).wait_ready(
            lambda: _answers(f"http://127.0.0.1:{self.port}/"), START_SECONDS
        )

    def _all_up(self) -> bool:
        up = {s["host"] for s in self.get("/os-services")["services"] if s["state"] == "up"}
        for child in self._children:
            if not child.alive:
                raise process.HarnessError(f"{child.name} ended:\n{process.tail(child.log)}")
        return up >= {"conductor", "scheduler", *HOSTS}

    # --- what tests ask of it ----------------------------------------------------------------

    def request(
        self, method: str, path: str, body: object = None, user: str = "admin"
    ) -> requests.Response:
        """Send a request to Nova."""
        headers = {
            "X-Auth-Token": self._keystone.token(user),
            "OpenStack-API-Version": f"compute {MICROVERSION}",
        }
        return requests.request(method, self.url + path, json=body, headers=headers, timeout=120)

    def get(self, path: str) -> Any:
        """GET, which must succeed, and return the decoded body."""
        answer = self.request("GET", path)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def done(self, method: str, path: str, body: object = None, user: str = "demo") -> Any:
        """Send a request that must succeed and return its decoded body, None for an empty one."""
        answer = self.request(method, path, body, user)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def flavor(self) -> str:
        """Create a flavor for the smallest server and return its id."""
        body = {"flavor": {"name": "tiny", "ram": 64, "vcpus": 1, "disk": 1}}
        made = self.done("POST", "/flavors", body, user="admin")
        return str(made["flavor"]["id"])

    def boot(self, **fields: Any) -> str:
        """Create a server without networks and return its id when it runs."""
        body = {"server": {"name": "test", "networks": "none", **fields}}
        server_id = str(self.done("POST", "/servers", body)["server"]["id"])
        self.wait(server_id, "ACTIVE")
        return server_id

    def show(self, server_id: str) -> dict[str, Any]:
        """Return a server."""
        found: dict[str, Any] = self.get(f"/servers/{server_id}")["server"]
        return found

    def host_of(self, server_id: str) -> str:
        """Return the compute host of a server."""
        return str(self.show(server_id)["OS-EXT-SRV-ATTR:host"])

    def wait(self, server_id: str, status: str) -> None:
        """Wait until a server has a status and nothing is done with it.

        :raises HarnessError: it did not get there
        """

        def there() -> bool:
            server = self.show(server_id)
            if server["status"] == "ERROR" != status:
                raise process.HarnessError(f"server {server_id}: {server.get('fault')}")
            return server["status"] == status and server["OS-EXT-STS:task_state"] is None

        process.wait_until(there, WAIT_SECONDS, f"server {server_id} to be {status}")

    def act(self, server_id: str, name: str, content: object = None) -> None:
        """Do something with a server, as an administrator."""
        self.done("POST", f"/servers/{server_id}/action", {name: content}, user="admin")

    def delete(self, server_id: str) -> None:
        """Delete a server and wait until it is gone."""
        self.done("DELETE", f"/servers/{server_id}")
        path = f"/servers/{server_id}"
        process.wait_until(
            lambda: self.request("GET", path).status_code == 404,
            WAIT_SECONDS,
            f"server {server_id} to go",
        )

    def attach(self, server_id: str, volume_id: str) -> None:
        """Begin to attach a volume to a server."""
        body = {"volumeAttachment": {"volumeId": volume_id}}
        self.done("POST", f"/servers/{server_id}/os-volume_attachments", body)

    def detach(self, server_id: str, volume_id: str) -> None:
        """Begin to detach a volume from a server."""
        self.done("DELETE", f"/servers/{server_id}/os-volume_attachments/{volume_id}")

    def attachments(self, server_id: str) -> list[tuple[str, str]]:
        """Return the volumes of a server with their attachments, as Nova has them noted."""
        found = self.get(f"/servers/{server_id}/os-volume_attachments")["volumeAttachments"]
        return [(one["volumeId"], one["attachment_id"]) for one in found]

    def live_migrate(self, server_id: str, host: str) -> int:
        """Begin to move a server to another host, and return the number of its migration.

        Nova answers before there is one.
        """
        earlier = self._migrations(server_id).keys()
        self.act(server_id, "os-migrateLive", {"host": host, "block_migration": "auto"})
        process.wait_until(
            lambda: self._migrations(server_id).keys() - earlier,
            WAIT_SECONDS,
            f"a migration of server {server_id}",
        )
        [begun] = self._migrations(server_id).keys() - earlier
        return begun

    def _migrations(self, server_id: str) -> dict[int, str]:
        """Return the statuses of a server's migrations, by their numbers."""
        found = self.get(f"/os-migrations?instance_uuid={server_id}")["migrations"]
        return {one["id"]: one["status"] for one in found}

    def wait_for_migration(self, server_id: str, migration: int, *statuses: str) -> None:
        """Wait until a migration of a server has one of the statuses."""
        process.wait_until(
            lambda: self._migrations(server_id)[migration] in statuses,
            WAIT_SECONDS,
            f"migration {migration} of server {server_id} to be {' or '.join(statuses)}",
        )

    def fail(self, method: str, *, fails: bool = True) -> None:
        """Let a method of the compute driver fail on all hosts, or work again."""
        for host in HOSTS:
            mark = self.directory / f"state-{host}" / f"fail-{method}"
            if fails:
                mark.touch()
            else:
                mark.unlink(missing_ok=True)


def _answers(url: str) -> bool:
    try:
        requests.get(url, timeout=10)
    except requests.RequestException:
        time.sleep(0.1)
        return False
    return True
