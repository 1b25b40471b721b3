# SPDX-License-Identifier: Apache-2.0
"""cinder_lite with its volume services inside the machine and everything else outside.

Two nodes share the machine: services with different values of ``host``, as unprivileged users, on
volume groups of their own. Neither knows that the other is so near, so that between them volumes
travel over iSCSI.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.functional.harness import process, settings
from tests.functional.harness.deployment import Deployment
from tests.functional.harness.servers import ServerPool
from tests.glance import FakeGlance
from tests.storage import leftovers
from tests.storage.groups import Groups, Volume
from tests.storage.vm.machine import ADDRESS, SECOND_ADDRESS, SERVICES

FIXED_KEY = "0f" * 32
"""The key of every encrypted volume, in hexadecimal digits."""
DRIVER = "cinder_lite.volume.drivers.lvm.LVMVolumeDriver"
CONFIGURATION = "/etc/cinder_lite"
SLOW_SECONDS = 900.0
"""Python is ten times slower in the machine, and slower yet where others use the processors."""


class Backend(NamedTuple):
    """One backend of a node; its volume group is ``<node>-<name>``."""

    node: str
    name: str
    lvm_type: str
    gibibytes: int
    """Size of its volume group."""

    @property
    def group(self) -> str:
        """The volume group in the machine, and the backend's name for the scheduler."""
        return f"{self.node}-{self.name}"

    @property
    def host(self) -> str:
        """The full host string, e.g. ``alpha@thick#alpha-thick``."""
        return f"{self.node}@{self.name}#{self.group}"


BACKENDS = (
    Backend("alpha", "thick", "default", 10),
    Backend("alpha", "thin", "thin", 6),
    Backend("alpha", "thick2", "default", 3),
    Backend("alpha", "thin2", "thin", 6),
    Backend("beta", "thick", "default", 3),
    Backend("beta", "thin", "thin", 2),
)
_INSIDE: settings.Settings = {
    "DEFAULT": {
        "my_ip": ADDRESS,
        "rootwrap_config": f"{CONFIGURATION}/rootwrap.conf",
        "use_rootwrap_daemon": True,  # each start of it takes seconds
        "state_path": "/var/lib/cinder_lite",
        "backend_stats_polling_interval": 60,
        "migration_settle_interval": 15,  # each look is a dozen queries
    },
    "oslo_concurrency": {"lock_path": "/var/lib/cinder_lite/lock"},
}

_FAST_INITIATOR = """\
sed -i -e '/replacement_timeout/d' -e '/noop_out/d' /etc/iscsi/iscsid.conf
printf '%s\\n' 'node.session.timeo.replacement_timeout = 5' >>/etc/iscsi/iscsid.conf
printf '%s\\n' 'node.conn[0].timeo.noop_out_interval = 2' >>/etc/iscsi/iscsid.conf
printf '%s\\n' 'node.conn[0].timeo.noop_out_timeout = 3' >>/etc/iscsi/iscsid.conf
"""
"""An initiator that gives a lost target up in seconds rather than in two minutes."""

ALPHA_THICK, ALPHA_THIN, ALPHA_THICK2, ALPHA_THIN2, BETA_THICK, BETA_THIN = BACKENDS


class StorageDeployment(Deployment):
    """The API and the scheduler here, ``volume-alpha`` and ``volume-beta`` in the machine."""

    def __init__(
        self, directory: Path, servers: ServerPool, groups: Groups, images: FakeGlance
    ) -> None:
        """:param directory: an empty directory for everything it writes outside the machine"""
        super().__init__(
            directory,
            servers,
            hosts=tuple(dict.fromkeys(backend.node for backend in BACKENDS)),
            # Heartbeats cost the machine time.
            overrides={
                "DEFAULT": {
                    "report_interval": 15,
                    "service_down_time": 180,
                    "rpc_response_timeout": 60,
                    "glance_api_servers": images.url,
                },
                "key_manager": {
                    "backend": "cinder_lite.keymgr.conf_key_mgr.ConfKeyManager",
                    "fixed_key": FIXED_KEY,
                },
            },
        )
        self.machine = groups.machine
        self.groups = groups
        self.images = images
        self._node_overrides: dict[str, settings.Settings] = {}
        self._placing = threading.Lock()

    # --- configuration -----------------------------------------------------------------------

    def configure(self) -> None:
        """Write the settings of both sides and lead the machine to the broker and database."""
        super().configure()
        self.configure_inside()

    def configure_inside(self) -> None:
        """Write the settings in the machine; needed again after a boot."""
        text = self.config.read_text()
        for name in SERVICES:
            outside = self._port(name)
            address, port = self.machine.lead(name, outside)
            text = re.sub(rf"127\.0\.0\.1:{outside}\b", f"{address}:{port}", text)
        # A section may come twice; the later value of an option counts.
        text += "\n" + settings.render(_INSIDE)
        self.machine.write(f"{CONFIGURATION}/cinder_lite.conf", text, "640")
        self.machine.run("chgrp", "cinder", f"{CONFIGURATION}/cinder_lite.conf")
        for node in self.hosts:
            self._write_node(node)

    def _port(self, name: str) -> int:
        """Return where one of the machine's services is outside of it."""
        if name == "glance":
            return int(self.images.url.rpartition(":")[2])
        return int(self._servers.get(name).port)

    def _write_node(self, node: str) -> None:
        mine = [backend for backend in BACKENDS if backend.node == node]
        own: dict[str, dict[str, object]] = {
            "DEFAULT": {"host": node, "enabled_backends": ",".join(b.name for b in mine)}
        }
        for backend in mine:
            own[backend.name] = {
                "volume_driver": DRIVER,
                "volume_backend_name": backend.group,
                "volume_group": backend.group,
                "lvm_type": backend.lvm_type,
                "target_helper": "lioadm",
                "target_ip_address": ADDRESS,
                "target_secondary_ip_addresses": SECOND_ADDRESS,
                "target_port": 3260,
                "volume_clear": "zero",
            }
        text = settings.render(settings.merged(own, self._node_overrides.get(node, {})))
        self.machine.write(f"{CONFIGURATION}/{node}.conf", text)

    def reconfigure(self, host: str, overrides: settings.Settings) -> None:
        """Change the settings of one node; its service reads them when it starts again."""
        self._node_overrides[host] = overrides
        self._write_node(host)

    # --- services ----------------------------------------------------------------------------

    def start_all(self) -> StorageDeployment:
        """Make the groups, configure, start every service and wait until all serve."""
        self.groups.make(*(backend.group for backend in BACKENDS))
        self.machine.shell(_FAST_INITIATOR)
        self.configure()
        self.manage("db", "sync")
        for name in self.service_names:
            self.start(name)
        self.wait_ready()
        return self

    def start(self, name: str) -> Any:
        """Start one service without waiting for it."""
        if name.startswith("volume-"):
            self.machine.run("systemctl", "reset-failed", self._unit(name), check=False)
            return self.machine.run("systemctl", "start", self._unit(name))
        return super().start(name)

    @staticmethod
    def _unit(name: str) -> str:
        return f"cinder-lite-volume@{name.removeprefix('volume-')}"

    def kill(self, name: str) -> None:
        """End a service as a crash would: its own processes at once, their commands not."""
        if not name.startswith("volume-"):
            super().kill(name)
            return
        pattern = f"bin/cinder-lite-volume .*{name.removeprefix('volume-')}[.]conf"
        self.machine.run("pkill", "-KILL", "-f", pattern)

    def stop(self, name: str, timeout: float = SLOW_SECONDS) -> int:
        """Ask a service to end; returns its exit status.

        :param timeout: seconds
        """
        if not name.startswith("volume-"):
            return super().stop(name, timeout)
        unit = self._unit(name)
        self.machine.run("systemctl", "stop", unit, timeout=timeout)
        shown = self.machine.run("systemctl", "show", "-P", "ExecMainStatus", unit)
        return int(shown.out)

    def reload(self, host: str) -> None:
        """Have a node's service read its options again, those that may change while it runs."""
        unit = self._unit(f"volume-{host}")
        self.machine.run("systemctl", "kill", "--kill-who=main", "--signal=HUP", unit)

    def restart(self, name: str) -> None:
        """Stop a service, start it again and wait until it serves."""
        self.stop(name)
        self.start(name)
        self.wait_started(name)

    def wait_started(self, name: str) -> None:
        """Wait until every backend of a node has logged, since its last start, that it is ready."""
        unit, node = self._unit(name), name.removeprefix("volume-")
        wanted = sum(backend.node == node for backend in BACKENDS)
        since = f"$(systemctl show -P ExecMainStartTimestamp {unit})"
        script = (
            f'awk -v since="$(date -d "{since}" +"%F %T")" \'$1 " " $2 >= since && / is ready /\' '
            f"/var/log/cinder_lite/volume-{node}.log | wc -l"
        )
        process.wait_until(
            lambda: int(self.machine.shell(script)) >= wanted, SLOW_SECONDS, name, interval=0.5
        )

    def wait_ready(self, timeout: float = SLOW_SECONDS) -> None:
        """Wait until the API answers and every expected service reports that it is up."""
        super().wait_ready(timeout)

    def _volume_services(self) -> list[str]:
        return [f"{backend.node}@{backend.name}" for backend in BACKENDS]

    def stop_all(self) -> None:
        """End every service, then remove the groups."""
        for node in self.hosts:
            self.stop(f"volume-{node}")
        super().stop_all()
        self.groups.remove(*(backend.group for backend in BACKENDS))

    # --- placement ---------------------------------------------------------------------------

    def create_volume(self, size: int = 1, *, wait: bool = True, **fields: Any) -> dict[str, Any]:
        """Create a volume; ``host`` chooses the backend: the others are disabled for a moment.

        A volume type would choose, too, but would keep the volume from moving.
        """
        host = fields.pop("host", None)
        if host is None:
            return super().create_volume(size, wait=wait, **fields)
        with self._only(host):
            volume = super().create_volume(size, wait=False, **fields)
            placed = self.wait_for(volume["id"], "os-vol-host-attr:host", host)
        return self.wait_for_status(placed["id"], "available") if wait else placed

    @contextlib.contextmanager
    def _only(self, host: str) -> Iterator[None]:
        others = [one for one in self._volume_services() if one != host.partition("#")[0]]
        with self._placing:
            self._turn("disable", others)
            try:
                yield
            finally:
                self._turn("enable", others)

    def _turn(self, verb: str, services: list[str]) -> None:
        for service in services:
            body = {"host": service, "binary": "cinder-volume"}
            answer = self.request("PUT", f"/os-services/{verb}", body)
            assert answer.status_code == 200, answer.text

    # --- patience ----------------------------------------------------------------------------

    def wait_for(
        self, volume_id: str, key: str, *values: object, timeout: float = SLOW_SECONDS
    ) -> dict[str, Any]:
        """Wait until a field of a volume has one of the values."""
        return super().wait_for(volume_id, key, *values, timeout=max(timeout, SLOW_SECONDS))

    def wait_gone(self, volume_id: str, timeout: float = SLOW_SECONDS) -> None:
        """Wait until a volume answers 404."""
        super().wait_gone(volume_id, max(timeout, SLOW_SECONDS))

    def wait_for_record(
        self, volume_id: str, key: str, *values: object, timeout: float = SLOW_SECONDS
    ) -> dict[str, Any]:
        """Wait until a field of a volume's newest record has one of the values."""
        return super().wait_for_record(volume_id, key, *values, timeout=max(timeout, SLOW_SECONDS))

    # --- what is there -----------------------------------------------------------------------

    def only(self, *volumes: Mapping[str, Any]) -> None:
        """Check that these volumes, all available, are all there is: rows, data, connections.

        :raises HarnessError: something else is left, or one of them has no data
        """
        found = [self.logical_volume(volume) for volume in volumes]
        expected = [f"{one.group}/{one.name}" for one in found]
        leftovers.nothing_left(self.machine, expected, SLOW_SECONDS)
        wanted = sorted((volume["id"], "available") for volume in volumes)
        rows: list[tuple[str, str]] = []

        def settled() -> bool:
            listed = self.get("/volumes/detail?all_tenants=1")["volumes"]
            rows[:] = sorted((volume["id"], volume["status"]) for volume in listed)
            return rows == wanted

        try:
            process.wait_until(settled, SLOW_SECONDS, "the rows")
        except process.HarnessError as error:
            raise process.HarnessError(f"{error}: {rows} in place of {wanted}") from None

    # --- data --------------------------------------------------------------------------------

    def logical_volume(self, volume: Mapping[str, Any]) -> Volume:
        """Return the logical volume that holds a volume's data now.

        :param volume: as an administrator sees it
        """
        name_id = volume["os-vol-mig-status-attr:name_id"] or volume["id"]
        host = volume["os-vol-host-attr:host"]
        (group,) = [backend.group for backend in BACKENDS if backend.host == host]
        name = f"volume-{name_id}"
        found = [one for one in self.groups.volumes(group) if one.name == name]
        assert len(found) == 1, f"{group}/{name}: {found}"
        return found[0]

    def fill(self, volume: Mapping[str, Any], mebibytes: int = 64) -> str:
        """Write random data to parts of a volume and return the digest of the whole."""
        return self.groups.fill(self.logical_volume(volume).path, mebibytes=mebibytes)

    def digest(self, volume: Mapping[str, Any]) -> str:
        """Return a SHA-256 over all bytes of a volume."""
        return self.groups.digest(self.logical_volume(volume).path)

    def copiers(self) -> list[str]:
        """Return the command lines of the copying processes that run in the machine."""
        pattern = "^dd |cinder_lite[./]volume[./]copy[./]child"
        return self.machine.run("pgrep", "-a", "-f", pattern, check=False).out.splitlines()

    def wait_copying(self, at_least: int = 1, timeout: float = SLOW_SECONDS) -> None:
        """Wait until copying processes run.

        :param timeout: seconds
        """
        deadline = time.monotonic() + timeout
        while len(self.copiers()) < at_least:
            if time.monotonic() > deadline:
                raise process.HarnessError("no copy began")
            time.sleep(0.2)
