# SPDX-License-Identifier: Apache-2.0
"""Several iSCSI initiators in one machine: each is an interface of open-iscsi with its own name."""

from __future__ import annotations

from typing import Any

from tests.functional.harness.process import wait_until
from tests.storage.vm.client import Client

WRITE = "dd if=/dev/urandom of={} bs=4096 count=1 oflag=direct conv=fsync"
"""Writes a block to a device."""
READ = "dd if={} of=/dev/null bs=4096 count=1 iflag=direct"
"""Reads a block from the device itself."""

_DEVICE = """\
for session in /sys/class/iscsi_session/*; do
    [ "$(cat $session/initiatorname $session/targetname | tr '\n' ' ')" = "$1 $2 " ] || continue
    ls $session/device/target*/*:*:*:"$3"/block 2>/dev/null || true
done
"""


class Initiator:
    """One initiator.

    :param number: tells it from others, and is in its name
    """

    def __init__(self, machine: Client, number: int) -> None:
        self._machine = machine
        self._interface = f"test{number}"
        self.name = f"iqn.2004-10.com.example:initiator{number}"

    def login(self, info: dict[str, Any], password: str | None = None) -> str:
        """Log in to a target and return the path of the device.

        :param info: what initialize_connection returned
        :param password: in place of the right one
        :raises HarnessError: the target does not let this initiator in
        """
        secret = password or info["auth_password"]
        node = self._node(info)
        self.make_interface()
        self._machine.shell(
            f"{node} -o new >/dev/null\n"
            f"{node} -o update -n node.session.initial_login_retry_max -v 1\n"
            f"{node} -o update -n node.session.auth.authmethod -v CHAP\n"
            f"{node} -o update -n node.session.auth.username -v {info['auth_username']}\n"
            f"{node} -o update -n node.session.auth.password -v {secret}\n"
            f"{node} --login"
        )
        found: list[str] = []

        def appeared() -> bool:
            words = (self.name, info["target_iqn"], str(info["target_lun"]))
            found[:] = self._machine.run("bash", "-c", _DEVICE, "sh", *words).out.split()
            return bool(found)

        wait_until(appeared, 60, f"the device of {self.name}", interval=0.5)
        self._machine.run("udevadm", "settle")
        return f"/dev/{found[0]}"

    def make_interface(self) -> str:
        """Make the interface of open-iscsi, unless it is there, and return its name."""
        interface = f"iscsiadm -m iface -I {self._interface}"
        self._machine.shell(
            f"{interface} >/dev/null 2>&1 && exit\n"
            f"{interface} -o new >/dev/null\n"
            f"{interface} -o update -n iface.initiatorname -v {self.name} >/dev/null"
        )
        return self._interface

    def forget(self, info: dict[str, Any]) -> None:
        """Log out, if there is a session, and remove every trace."""
        node = self._node(info)
        self._machine.run("bash", "-c", f"{node} --logout; {node} -o delete", check=False)
        interface = ("iscsiadm", "-m", "iface", "-I", self._interface)
        self._machine.run(*interface, "-o", "delete", check=False)

    def _node(self, info: dict[str, Any]) -> str:
        portal = info["target_portal"]
        return f"iscsiadm -m node -T {info['target_iqn']} -p {portal} -I {self._interface}"
