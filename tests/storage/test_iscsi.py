# SPDX-License-Identifier: Apache-2.0
"""LIO and tgt for real: who gets in, who may write, and what is left when all have gone.

The targets are asked as the service asks them, by its user through rootwrap; the initiators are
the kernel's.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.functional.harness.process import HarnessError
from tests.storage import leftovers
from tests.storage.groups import Groups
from tests.storage.initiators import READ, WRITE, Initiator
from tests.storage.vm.machine import Machine

GROUP = "iscsi-lab"
TARGET_PROGRAM = "/opt/cinder_lite/guest/target.py"


class Lab:
    """A logical volume, and a kind of target that exports it."""

    def __init__(self, machine: Machine, helper: str) -> None:
        self.machine = machine
        self._words = (helper, str(uuid.uuid4()), f"/dev/mapper/{GROUP.replace('-', '--')}-shared")
        self.one, self.two, self.three = (Initiator(machine, number) for number in (1, 2, 3))
        self._used: list[tuple[Initiator, dict[str, Any]]] = []

    def ask(self, *steps: list[str]) -> list[dict[str, Any]]:
        """Do steps of guest/target.py and return what the connections are told."""
        path = "/opt/cinder_lite/bin:/opt/venv/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        out = self.machine.run(
            *("/opt/venv/bin/python", TARGET_PROGRAM, *self._words, json.dumps(steps)),
            user="cinder",
            environment={"PATH": path},
            timeout=600,
        ).out
        infos: list[dict[str, Any]] = json.loads(out)
        return infos

    def login(self, initiator: Initiator, info: dict[str, Any], **options: str) -> str:
        """Log in; whatever comes of it is cleared away at the end."""
        self._used.append((initiator, info))
        return initiator.login(info, **options)

    def lose(self) -> None:
        """Have the node forget all targets, as a boot does."""
        forget = "import rtslib_fb; rtslib_fb.RTSRoot().clear_existing(confirm=True)"
        if self._words[0] == "lioadm":
            self.machine.run("/opt/venv/bin/python", "-c", forget)
            return
        self.machine.shell(
            "sed -i 's/^include/#include/' /etc/tgt/conf.d/cinder_lite.conf\n"
            "systemctl restart tgt.service\n"
            "sed -i 's/^#include/include/' /etc/tgt/conf.d/cinder_lite.conf"
        )

    def tidy(self) -> None:
        """Clear away what the initiators and the target have."""
        for initiator, info in self._used:
            initiator.forget(info)
        self.ask(["remove"])


@pytest.fixture(scope="module")
def group(machine: Machine, groups: Groups) -> Iterator[str]:
    """A volume group with a volume to share, and tgt with its configuration."""
    groups.make(GROUP)
    machine.shell(
        f"lvcreate -qq -y -Wn -L 256M -n shared {GROUP}\n"
        "echo 'include /var/lib/cinder_lite/targets/*' >/etc/tgt/conf.d/cinder_lite.conf\n"
        "systemctl -q unmask tgt.service"
    )
    yield GROUP
    groups.remove(GROUP)


@pytest.fixture(params=["lioadm", pytest.param("tgtadm", marks=pytest.mark.slow)])
def lab(request: pytest.FixtureRequest, machine: Machine, group: str) -> Iterator[Lab]:
    """The volume with each kind of target; afterwards nothing of it may be left.

    Both kinds want the same port: tgtd runs only for its own tests.
    """
    made = Lab(machine, request.param)
    if request.param == "tgtadm":
        machine.run("systemctl", "start", "tgt.service")
    made.ask(["set_up"])
    yield made
    made.tidy()
    leftovers.nothing_left(machine, [f"{group}/shared"])
    machine.run("systemctl", "stop", "tgt.service")


@pytest.mark.slow  # refused logins: see test_attachments.py
def test_only_who_was_told(lab: Lab) -> None:
    """An initiator that was not let in, and one with a wrong secret, are refused."""
    (info,) = lab.ask(["connect", lab.one.name, "rw"])
    assert lab.login(lab.one, info)
    with pytest.raises(HarnessError, match=r"authorization failure|login failure"):
        lab.login(lab.two, info)
    lab.one.forget(info)
    with pytest.raises(HarnessError, match="authorization failure"):
        lab.login(lab.one, info, password="a-wrong-secret-1")


@pytest.mark.slow
def test_one_of_two_ends(lab: Lab) -> None:
    """The other's session goes on, and who has ended can not come back."""
    first, second = lab.ask(["connect", lab.one.name, "rw"], ["connect", lab.two.name, "rw"])
    lab.login(lab.one, first)
    going_on = lab.login(lab.two, second)
    lab.ask(["end", lab.one.name])
    lab.machine.shell(WRITE.format(going_on))
    lab.one.forget(first)
    with pytest.raises(HarnessError, match=r"authorization failure|login failure"):
        lab.login(lab.one, first)
    lab.machine.shell(READ.format(going_on))


def test_read_only(lab: Lab) -> None:
    """Who may only read can not write, while another one writes."""
    writing, reading = lab.ask(["connect", lab.one.name, "rw"], ["connect", lab.two.name, "ro"])
    assert (writing["access_mode"], reading["access_mode"]) == ("rw", "ro")
    writer, reader = lab.login(lab.one, writing), lab.login(lab.two, reading)
    lab.machine.shell(WRITE.format(writer))
    lab.machine.shell(READ.format(reader))
    with pytest.raises(HarnessError, match="Read-only"):
        lab.machine.shell(WRITE.format(reader))
    # Not only the initiator's kernel: the target itself refuses (SCSI WRITE(10), data protect).
    with pytest.raises(HarnessError):
        lab.machine.shell(f"sg_raw -s 512 -i /dev/zero {reader} 2a 00 00 00 00 00 00 00 01 00")


@pytest.mark.slow
def test_what_the_node_has_lost_comes_back(lab: Lab) -> None:
    """As after a boot: the service's start makes the targets anew, with initiators and modes."""
    writing, reading = lab.ask(["connect", lab.one.name, "rw"], ["connect", lab.two.name, "ro"])
    lab.lose()
    lab.ask(["set_up"])
    writer, reader = lab.login(lab.one, writing), lab.login(lab.two, reading)
    lab.machine.shell(WRITE.format(writer))
    with pytest.raises(HarnessError, match="Read-only"):
        lab.machine.shell(WRITE.format(reader))
    with pytest.raises(HarnessError, match=r"authorization failure|login failure"):
        lab.login(lab.three, writing)


@pytest.mark.parametrize("lab", ["lioadm"], indirect=True)
def test_a_late_device_comes_back_with_its_target(lab: Lab) -> None:
    """rtslib's script and the service start before the device, and other targets are saved."""
    (info,) = lab.ask(["connect", lab.one.name, "rw"])
    lab.lose()
    lab.machine.shell(f"lvchange -qq -a n {GROUP}/shared")
    try:
        script = "import rtslib_fb; rtslib_fb.RTSRoot().restore_from_file()"
        lab.machine.run("/opt/venv/bin/python", "-c", script)
        another = "iqn.2010-10.org.openstack:another"
        lab.machine.run("cinder-lite-rtstool", "delete", another)  # it saves
        lab.ask(["set_up"])
        lab.machine.run("cinder-lite-rtstool", "delete", another)
    finally:
        lab.machine.shell(f"lvchange -qq -a y {GROUP}/shared")
        lab.ask(["set_up"])
    lab.machine.shell(WRITE.format(lab.login(lab.one, info)))
