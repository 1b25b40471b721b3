# SPDX-License-Identifier: Apache-2.0
"""cinder-lite-rtstool against a library that keeps the kernel's tree in memory."""

from __future__ import annotations

import io
import json
import pathlib
import types
from typing import Any

import pytest

from cinder_lite.cmd import rtstool

IQN = "iqn.2010-10.org.openstack:volume-1"
OTHER = "iqn.2010-10.org.openstack:volume-2"
FOREIGN = "iqn.2003-01.com.example:disk"
PREFIX = "iqn.2010-10.org.openstack:"
ONE, TWO = "iqn.2004-10.com.example:one", "iqn.2004-10.com.example:two"
DEVICE = "/dev/mapper/vg-volume--1"
PORTALS = "portals=192.0.2.1:3260,[2001:db8::1]:3260"


class LibError(Exception):
    """The library's own error."""


class MappedLUN:
    """A unit as one initiator sees it."""

    def __init__(self, acl: NodeACL, number: int, unit: int, write_protect: bool) -> None:
        self.acl, self.mapped_lun, self.write_protect = acl, number, write_protect
        assert not acl.mapped_luns
        acl.mapped_luns.append(self)

    def delete(self) -> None:
        """Unmap it."""
        self.acl.mapped_luns.remove(self)


class NodeACL:
    """An initiator that is let in."""

    def __init__(self, group: TPG, name: str, mode: str) -> None:
        self.group, self.node_wwn = group, name
        self.chap_userid = self.chap_password = ""
        self.mapped_luns: list[MappedLUN] = []
        group.node_acls.append(self)

    def delete(self) -> None:
        """Let it out."""
        self.group.node_acls.remove(self)


class Portal:
    """Where a target listens."""

    def __init__(self, group: TPG, address: str, port: int, mode: str) -> None:
        if address == "203.0.113.9":
            raise LibError("Cannot assign requested address")
        self.group, self.ip_address, self.port = group, address, port
        group.network_portals.append(self)

    def delete(self) -> None:
        """Listen there no more."""
        self.group.network_portals.remove(self)


class TPG:
    """A target's portal group."""

    def __init__(self, target: Target, tag: int, mode: str) -> None:
        self.node_acls: list[NodeACL] = []
        self.network_portals: list[Portal] = []
        self.luns: list[Any] = []
        self.attributes: dict[str, str] = {}
        self.parameters: dict[str, str] = {}
        self.enable = False
        target.tpgs.append(self)

    def set_attribute(self, name: str, value: str) -> None:
        """Set an attribute."""
        self.attributes[name] = value

    def set_parameter(self, name: str, value: str) -> None:
        """Set a parameter."""
        self.parameters[name] = value


class Target:
    """A target."""

    def __init__(self, fabric: Any, wwn: str, mode: str) -> None:
        self.fabric_module, self.wwn = fabric, wwn
        self.tpgs: list[TPG] = []
        TREE.targets.append(self)

    def delete(self) -> None:
        """Remove it."""
        TREE.targets.remove(self)


class Backstore:
    """A device that can be exported."""

    def __init__(self, name: str, dev: str, wwn: str) -> None:
        self.name, self.udev_path, self.wwn = name, dev, wwn
        self.major, self.minor = TREE.numbers
        self.attributes: dict[str, str] = {}
        TREE.storage_objects.append(self)

    def set_attribute(self, name: str, value: str) -> None:
        """Set an attribute."""
        self.attributes[name] = value

    def delete(self) -> None:
        """Remove it."""
        TREE.storage_objects.remove(self)


class Tree:
    """The kernel's tree and the file that keeps it."""

    def __init__(self) -> None:
        self.targets: list[Target] = []
        self.storage_objects: list[Backstore] = []
        self.numbers = (253, 7)
        self.file: pathlib.Path

    def dump(self) -> dict[str, Any]:
        """Return the tree in the shape of rtslib's dump."""
        return {
            "storage_objects": [
                {
                    "plugin": "block",
                    "name": one.name,
                    "dev": one.udev_path,
                    "attributes": dict(one.attributes),
                }
                for one in self.storage_objects
            ],
            "targets": [
                {
                    "fabric": target.fabric_module.name,
                    "wwn": target.wwn,
                    "tpgs": [_dump(group) for group in target.tpgs],
                }
                for target in self.targets
            ],
        }

    def boot(self, *late: str) -> None:
        """Do as a boot and rtslib's script: late devices' targets are made without their units."""
        self.storage_objects = [one for one in self.storage_objects if one.name not in late]
        for group in (group for target in self.targets for group in target.tpgs):
            group.luns = [unit for unit in group.luns if unit.storage_object.name not in late]
            for acl in group.node_acls if not group.luns else []:
                acl.mapped_luns.clear()


def _dump(group: TPG) -> dict[str, Any]:
    return {
        "luns": [
            {"storage_object": f"/backstores/block/{unit.storage_object.name}"}
            for unit in group.luns
        ],
        "portals": [{"ip_address": p.ip_address, "port": p.port} for p in group.network_portals],
        "node_acls": [
            {
                "node_wwn": acl.node_wwn,
                "chap_userid": acl.chap_userid,
                "chap_password": acl.chap_password,
                "mapped_luns": [{"write_protect": unit.write_protect} for unit in acl.mapped_luns],
            }
            for acl in group.node_acls
        ],
    }


TREE = Tree()


@pytest.fixture
def tool(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> rtstool.Tool:
    """The tool on an empty tree."""
    TREE.__init__()  # type: ignore[misc]
    TREE.file = tmp_path / "saveconfig.json"
    monkeypatch.setattr(rtstool, "_numbers", lambda device: TREE.numbers)
    library = types.SimpleNamespace(
        RTSRoot=lambda: TREE,
        RTSLibError=LibError,
        Target=Target,
        TPG=TPG,
        NodeACL=NodeACL,
        MappedLUN=lambda acl, number, unit, write_protect=False: MappedLUN(
            acl, number, unit, write_protect
        ),
        NetworkPortal=Portal,
        BlockStorageObject=Backstore,
        LUN=lambda group, storage_object, lun: group.luns.append(
            types.SimpleNamespace(storage_object=storage_object, lun=lun)
        ),
        FabricModule=lambda name: types.SimpleNamespace(name=name),
        root=types.SimpleNamespace(default_save_file=str(TREE.file)),
    )
    return rtstool.Tool(library)


def connect(
    tool: rtstool.Tool,
    monkeypatch: pytest.MonkeyPatch,
    initiator: str,
    mode: str = "rw",
    portals: str = PORTALS,
    device: str = DEVICE,
    iqn: str = IQN,
) -> None:
    """Let an initiator in, with a secret of its own."""
    secret = json.dumps({"username": "user", "password": f"secret of {initiator}"})
    monkeypatch.setattr("sys.stdin", io.StringIO(secret))
    tool.connect(device, iqn, initiator, portals, "discard=1", f"mode={mode}")


def group(iqn: str = IQN) -> TPG:
    """Return a target's portal group."""
    (target,) = (target for target in TREE.targets if target.wwn == iqn)
    (found,) = target.tpgs
    return found


def summary(iqn: str = IQN) -> dict[str, tuple[str, bool]]:
    """Return secret and write protection by initiator."""
    return {
        acl.node_wwn: (acl.chap_password, acl.mapped_luns[0].write_protect)
        for acl in group(iqn).node_acls
    }


def saved() -> tuple[set[str], set[str]]:
    """Return the names of the saved targets, and of what they export."""
    tree = json.loads(TREE.file.read_text())
    return {one["wwn"] for one in tree["targets"]}, {one["name"] for one in tree["storage_objects"]}


def gone(device: str) -> Any:
    """Take the place of a look at a device that is not there."""
    raise FileNotFoundError(device)


def test_a_new_target_is_closed_to_others(
    tool: rtstool.Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CHAP is demanded, nobody is let in by default, and it listens where it shall."""
    connect(tool, monkeypatch, ONE)
    made = group()
    assert made.enable
    assert made.attributes["generate_node_acls"] == "0"
    assert made.attributes["authentication"] == "1"
    assert made.parameters == {"AuthMethod": "CHAP"}
    assert [(p.ip_address, p.port) for p in made.network_portals] == [
        ("192.0.2.1", 3260),
        ("[2001:db8::1]", 3260),
    ]
    assert summary() == {ONE: (f"secret of {ONE}", False)}


def test_each_initiator_has_its_mode(tool: rtstool.Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One writes, the other can not; a change of mode maps the unit anew."""
    connect(tool, monkeypatch, ONE)
    connect(tool, monkeypatch, TWO, "ro")
    assert {name: protected for name, (_, protected) in summary().items()} == {
        ONE: False,
        TWO: True,
    }
    connect(tool, monkeypatch, TWO, "rw")
    connect(tool, monkeypatch, ONE, "ro")
    assert {name: protected for name, (_, protected) in summary().items()} == {
        ONE: True,
        TWO: False,
    }


def test_the_last_one_out(tool: rtstool.Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    """An initiator that leaves takes only its own entry; the last takes the target."""
    connect(tool, monkeypatch, ONE)
    connect(tool, monkeypatch, TWO)
    tool.disconnect(IQN, ONE)
    assert list(summary()) == [TWO]
    tool.disconnect(IQN, TWO)
    tool.disconnect(IQN, TWO)
    assert (TREE.targets, TREE.storage_objects) == ([], [])
    assert saved() == (set(), set())


def test_after_a_boot(tool: rtstool.Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Restored are initiators with their secrets and modes; other people's targets are left."""
    connect(tool, monkeypatch, ONE)
    connect(tool, monkeypatch, TWO, "ro")
    before = summary()
    TREE.targets.clear()
    TREE.storage_objects.clear()
    assert tool.restore("iqn.1999-01.other:")["targets"] == []
    answer = tool.restore("iqn.2010-10.org.openstack:")
    assert answer == {"targets": [IQN], "errors": {}}
    assert summary() == before
    assert group().enable
    assert TREE.storage_objects[0].attributes == {"emulate_tpu": "1"}


def test_a_device_that_is_gone_is_told(tool: rtstool.Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can not be restored leaves nothing half made, whatever rtslib's script has made."""
    connect(tool, monkeypatch, ONE)
    TREE.boot(IQN)
    monkeypatch.setattr(rtstool, "_numbers", gone)
    answer = tool.restore(PREFIX)
    assert answer["targets"] == []
    assert DEVICE in answer["errors"][IQN]
    assert TREE.targets == []


def test_a_target_without_its_unit_is_made_again(
    tool: rtstool.Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """rtslib's script was before the device: who logs in would find no disk. Others go on."""
    connect(tool, monkeypatch, ONE)
    connect(tool, monkeypatch, TWO, "ro")
    connect(tool, monkeypatch, ONE, iqn=OTHER, device="/dev/mapper/vg-volume--2")
    before, going_on = summary(), group(OTHER)
    TREE.boot(IQN)
    assert tool.restore(PREFIX) == {"targets": [IQN, OTHER], "errors": {}}
    assert summary() == before
    assert [unit.storage_object.name for unit in group().luns] == [IQN]
    assert group(OTHER) is going_on


@pytest.mark.parametrize("restored", [False, True], ids=["hollow", "removed"])
def test_a_late_target_stays_saved(
    tool: rtstool.Tool, monkeypatch: pytest.MonkeyPatch, restored: bool
) -> None:
    """Work on other targets does not lose it; when its device is there it is as it was."""
    connect(tool, monkeypatch, ONE)
    connect(tool, monkeypatch, TWO, "ro")
    before = summary()
    TREE.boot(IQN)
    if restored:
        with monkeypatch.context() as late:
            late.setattr(rtstool, "_numbers", gone)
            assert IQN in tool.restore(PREFIX)["errors"]
    connect(tool, monkeypatch, ONE, iqn=OTHER, device="/dev/mapper/vg-volume--2")
    tool.disconnect(OTHER, ONE)
    assert saved() == ({IQN}, {IQN})
    assert tool.restore(PREFIX) == {"targets": [IQN], "errors": {}}
    assert summary() == before


def test_others_targets_stay_saved(tool: rtstool.Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A late device of somebody else's target is not ours to forget, nor are changes ours."""
    connect(tool, monkeypatch, ONE, iqn=FOREIGN, device="/dev/mapper/vg-disk")
    before = TREE.dump()["targets"]
    TREE.boot(FOREIGN)
    connect(tool, monkeypatch, ONE)
    tool.delete(IQN)
    assert saved() == ({FOREIGN}, {FOREIGN})
    assert json.loads(TREE.file.read_text())["targets"] == before


@pytest.mark.parametrize("command", ["delete", "disconnect"])
def test_a_late_target_that_is_removed_does_not_come_back(
    tool: rtstool.Tool, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Who was let out is out, although the target was not there at that time."""
    connect(tool, monkeypatch, ONE)
    TREE.boot(IQN)
    with monkeypatch.context() as late:
        late.setattr(rtstool, "_numbers", gone)
        tool.restore(PREFIX)
    if command == "delete":
        tool.delete(IQN)
    else:
        tool.disconnect(IQN, ONE)
    assert saved() == (set(), set())
    assert tool.restore(PREFIX) == {"targets": [], "errors": {}}


def test_what_is_saved_is_for_root_alone(
    tool: rtstool.Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds secrets; and a crash leaves what was saved before, or what is saved now."""
    TREE.file.write_text("{}")
    TREE.file.chmod(0o644)
    with TREE.file.open() as reader:
        connect(tool, monkeypatch, ONE)
        assert reader.read() == "{}"
    assert TREE.file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in TREE.file.parent.iterdir()] == [TREE.file.name]


def test_another_device_replaces_the_target(
    tool: rtstool.Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A target that was left by a volume of that name elsewhere lets nobody of its own in."""
    connect(tool, monkeypatch, ONE)
    TREE.numbers = (253, 9)
    connect(tool, monkeypatch, TWO)
    assert list(summary()) == [TWO]
    assert (TREE.storage_objects[0].major, TREE.storage_objects[0].minor) == (253, 9)


def test_a_failed_target_leaves_nothing(
    tool: rtstool.Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that this node has not got."""
    with pytest.raises(LibError):
        connect(tool, monkeypatch, ONE, portals="portals=203.0.113.9:3260")
    assert (TREE.targets, TREE.storage_objects) == ([], [])


@pytest.mark.parametrize(
    "words",
    [
        ("/etc/shadow", IQN, ONE, PORTALS, "discard=0", "mode=rw"),
        ("/dev/mapper/../sda", IQN, ONE, PORTALS, "discard=0", "mode=rw"),
        (DEVICE, "../x", ONE, PORTALS, "discard=0", "mode=rw"),
        (DEVICE, IQN, "x", PORTALS, "discard=0", "mode=rw"),
        (DEVICE, IQN, ONE, "portals=anywhere:1", "discard=0", "mode=rw"),
        (DEVICE, IQN, ONE, PORTALS, "discard=0", "mode=rwx"),
    ],
)
def test_what_is_not_allowed(tool: rtstool.Tool, words: tuple[str, ...]) -> None:
    """The tool runs as root: it takes no word on trust."""
    with pytest.raises(rtstool.Failed, match="not allowed"):
        tool.connect(*words)
    assert TREE.targets == []
