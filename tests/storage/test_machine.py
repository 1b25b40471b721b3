# SPDX-License-Identifier: Apache-2.0
"""The machine has what the drivers need: LVM thick and thin, LIO, open-iscsi, os-brick, rootwrap.

None of these needs cinder_lite's services; a failure here is the tests' own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.functional.harness.process import HarnessError
from tests.storage import leftovers
from tests.storage.brick import Brick
from tests.storage.groups import Groups
from tests.storage.initiators import READ
from tests.storage.vm.machine import ADDRESS, Machine

SMALL = "lab-small"
THIN = "lab-thin"

_EXPORT = """\
import sys
from rtslib_fb import FabricModule, root, target, tcm
root.RTSRoot()  # loads the kernel's modules
device, iqn, user, secret, initiator = sys.argv[1:]
storage = tcm.BlockStorageObject("lab", dev=device, write_back=False)
group = target.TPG(target.Target(FabricModule("iscsi"), iqn), 1)
group.enable = True
group.set_attribute("authentication", "1")
group.set_attribute("generate_node_acls", "0")
lun = target.LUN(group, 0, storage)
access = target.NodeACL(group, initiator)
access.chap_userid, access.chap_password = user, secret
target.MappedLUN(access, 0, lun)
target.NetworkPortal(group, "{address}", 3260)
"""

_UNEXPORT = """\
from rtslib_fb import root
root.RTSRoot().clear_existing(confirm=True)
"""


@pytest.fixture(scope="module")
def lab(groups: Groups) -> Iterator[Groups]:
    """Two groups of this module's own."""
    groups.make(SMALL, THIN)
    yield groups
    groups.remove(SMALL, THIN)


@pytest.fixture
def exported(machine: Machine, lab: Groups) -> Iterator[dict[str, object]]:
    """A logical volume behind a LIO target with CHAP: what os-brick needs to connect to it."""
    machine.run("lvcreate", "-qq", "-y", "-L", "256M", "-n", "shared", SMALL)
    iqn = "iqn.2010-10.org.openstack:volume-lab"
    initiator = machine.shell("sed -n 's/^InitiatorName=//p' /etc/iscsi/initiatorname.iscsi")
    words = (f"/dev/{SMALL}/shared", iqn, "somebody", "a-secret-of-16-c", initiator.strip())
    try:
        machine.run("/opt/venv/bin/python", "-c", _EXPORT.replace("{address}", ADDRESS), *words)
        yield {
            "target_discovered": False,
            "target_portal": f"{ADDRESS}:3260",
            "target_iqn": iqn,
            "target_lun": 0,
            "auth_method": "CHAP",
            "auth_username": "somebody",
            "auth_password": "a-secret-of-16-c",
        }
    finally:
        machine.run("/opt/venv/bin/python", "-c", _UNEXPORT)
        machine.run("lvremove", "-qq", "-f", f"{SMALL}/shared")
    leftovers.nothing_left(machine)


def test_commands_have_a_status_two_outputs_and_an_input(machine: Machine) -> None:
    """What a command says and how it ends arrives outside, whoever runs it."""
    script = "id -un; cat; echo trouble >&2; exit 3"
    result = machine.run("sh", "-c", script, user="cinder", input=b"in\n", check=False)
    assert (result.status, result.out, result.err) == (3, "cinder\nin\n", "trouble\n")
    with pytest.raises(HarnessError, match="exit status 3"):
        machine.run("sh", "-c", "exit 3")


def test_files_go_in_and_out(machine: Machine) -> None:
    """A file written from outside reads the same."""
    machine.write("/run/some file", "text\nof ü\n", "600")
    assert machine.read("/run/some file") == "text\nof ü\n"
    assert machine.run("stat", "-c", "%a", "/run/some file").out == "600\n"


def test_the_service_user_may_run_rootwrap_and_nothing_else(machine: Machine) -> None:
    """sudo lets cinder have cinder-lite-rootwrap, which refuses what no filter names."""
    refused = machine.run("sudo", "-n", "id", user="cinder", check=False)
    assert refused.status != 0
    wrapped = ("sudo", "-n", "cinder-lite-rootwrap", "/etc/cinder_lite/rootwrap.conf")
    result = machine.run(*wrapped, "chmod", "777", "/etc", user="cinder", check=False)
    assert result.status == 99, result  # oslo.rootwrap: no filter matched


def test_the_trees_code_is_installed(machine: Machine) -> None:
    """The services' programs and the package's entry points are there."""
    version = "from importlib.metadata import distribution as d; print(d('cinder_lite').version)"
    assert machine.run("/opt/venv/bin/python", "-c", version, user="cinder").out.strip()
    machine.run("/opt/cinder_lite/bin/cinder-lite-volume", "--version", user="cinder")


@pytest.mark.slow
def test_logical_volumes_thick_thin_and_snapshots(machine: Machine, lab: Groups) -> None:
    """LVM makes all three kinds, and reports what a thin volume has allocated."""
    machine.shell(
        f"lvcreate -qq -y -L 256M -n thick {SMALL}\n"
        f"lvcreate -qq -y --type thin-pool -L 1G -n {THIN}-pool {THIN}\n"
        f"lvcreate -qq -y -V 1G --thin-pool {THIN}-pool -n thin {THIN}\n"
    )
    digest = lab.fill(f"/dev/{SMALL}/thick", mebibytes=16)
    assert lab.fill(f"/dev/{THIN}/thin", mebibytes=64) != digest
    machine.shell(
        f"lvcreate -qq -y -s -L 64M -n before {SMALL}/thick\n"
        f"lvcreate -qq -y -s -kn -n copy {THIN}/thin"
    )
    assert lab.fill(f"/dev/{SMALL}/thick", seed=2, mebibytes=16) != digest
    assert lab.digest(f"/dev/{SMALL}/before") == digest
    assert lab.digest(f"/dev/{THIN}/copy") == lab.digest(f"/dev/{THIN}/thin")
    assert 5 <= lab.find("thin").data_percent <= 15
    assert lab.find("before").origin == "thick"
    machine.shell(f"lvremove -qq -f {SMALL}/before {SMALL}/thick {THIN}/{THIN}-pool")
    assert lab.volumes(SMALL) == lab.volumes(THIN) == []


def test_blocks_are_counted(machine: Machine, lab: Groups) -> None:
    """The program that looks for an earlier tenant's bytes finds them, and none too many."""
    machine.run("lvcreate", "-qq", "-y", "-Wn", "-L", "64M", "-n", "old", SMALL)
    path = f"/dev/{SMALL}/old"
    lab.write_pattern(path, "earlier")
    assert lab.count_pattern(path, "earlier") == 64 * 256
    machine.run("dd", "if=/dev/zero", f"of={path}", "bs=1M", "count=60", "oflag=direct")
    assert lab.count_pattern(path, "earlier") == 4 * 256
    machine.run("lvremove", "-qq", "-f", f"{SMALL}/old")


def test_open_iscsi_logs_in_to_lio(machine: Machine, exported: dict[str, object]) -> None:
    """A target with CHAP lets its initiator in and shows it the volume's bytes."""
    iqn, portal = exported["target_iqn"], exported["target_portal"]
    node = f"iscsiadm -m node -T {iqn} -p {portal}"
    out = machine.shell(
        f"{node} -o new >/dev/null\n"
        f"{node} --login >/dev/null 2>&1 && exit 9\n"
        f"{node} -o update -n node.session.auth.authmethod -v CHAP\n"
        f"{node} -o update -n node.session.auth.username -v somebody\n"
        f"{node} -o update -n node.session.auth.password -v a-secret-of-16-c\n"
        f"echo hello | dd of=/dev/{SMALL}/shared conv=fsync status=none\n"  # LIO has no cache
        f"{node} --login >/dev/null; udevadm settle\n"
        "head -c 5 /dev/disk/by-path/*-lun-0\n"
        f"{node} --logout >/dev/null; {node} -o delete"
    )
    assert out == "hello"


def test_os_brick_connects_as_the_service_user(
    machine: Machine, exported: dict[str, object]
) -> None:
    """os-brick attaches and detaches the volume through its privsep daemon and rootwrap."""
    brick = Brick(machine)
    device = brick.connect(exported)
    machine.shell(READ.format(device["path"]))
    brick.disconnect(exported, device)
    assert device["path"].startswith("/dev/")
    assert machine.run("ls", "/sys/class/iscsi_session").out == ""
