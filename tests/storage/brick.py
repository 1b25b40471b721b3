# SPDX-License-Identifier: Apache-2.0
"""os-brick in the machine, as the services' user runs it."""

from __future__ import annotations

import json
from typing import Any

from tests.storage.vm.client import Client

_SCRIPT = """\
import json, sys
import os_brick
from os_brick.initiator import connector
from oslo_config import cfg
cfg.CONF(["--config-file", "/etc/cinder_lite/brick.conf"], project="test")
os_brick.setup(cfg.CONF)
interface, what, *words = sys.argv[1:]
brick = connector.InitiatorConnector.factory(
    "ISCSI",
    "sudo cinder-lite-rootwrap /etc/cinder_lite/rootwrap.conf",
    transport=interface,
    device_scan_attempts=5,
)
words = [json.loads(word) for word in words]
print(json.dumps(getattr(brick, what)(*words, **({"force": True} if len(words) > 1 else {}))))
"""
_SETTINGS = """\
[oslo_concurrency]
lock_path = /var/lib/cinder_lite/lock
[privsep_osbrick]
helper_command = sudo cinder-lite-rootwrap /etc/cinder_lite/rootwrap.conf privsep-helper \
--config-file /etc/cinder_lite/brick.conf
"""
_PATH = "/opt/cinder_lite/bin:/opt/venv/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Brick:
    """os-brick's iSCSI connector.

    :param interface: open-iscsi's interface, whose initiator name is used
    """

    def __init__(self, machine: Client, interface: str = "default") -> None:
        self._machine = machine
        self._interface = interface
        machine.write("/etc/cinder_lite/brick.conf", _SETTINGS)

    def connect(self, properties: dict[str, Any]) -> dict[str, Any]:
        """Attach a volume; returns what os-brick tells of its device, among it ``path``.

        :param properties: what initialize_connection returned
        """
        found: dict[str, Any] = self._ask("connect_volume", properties)
        return found

    def disconnect(self, properties: dict[str, Any], device: dict[str, Any]) -> None:
        """Detach a volume.

        :param device: what :meth:`connect` returned
        """
        self._ask("disconnect_volume", properties, device)

    def _ask(self, what: str, *words: Any) -> Any:
        command = ("/opt/venv/bin/python", "-c", _SCRIPT, self._interface, what)
        sent = (json.dumps(word) for word in words)
        out = self._machine.run(*command, *sent, user="cinder", environment={"PATH": _PATH}).out
        return json.loads(out.splitlines()[-1])
