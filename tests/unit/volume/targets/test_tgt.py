# SPDX-License-Identifier: Apache-2.0
"""The tgt target against a daemon that is played here: what it keeps and whom it lets in."""

from __future__ import annotations

import pathlib
import re
import types
from typing import Any

import pytest

from cinder_lite import exception
from cinder_lite.volume.lvm.executor import CommandFailed
from cinder_lite.volume.targets.base import Chap
from cinder_lite.volume.targets.tgt import TgtTarget, parse_show
from tests.unit.volume.targets.conftest import DEVICE, IQN, ONE, TWO

FILTERS = pathlib.Path(__file__).parents[4] / "rootwrap.d/volume.filters"
CHAP = Chap("user", "secret-secret-1")
SHOWN = """\
Target {tid}: {iqn}
    System information:
        Driver: iscsi
        State: ready
    I_T nexus information:
{sessions}    LUN information:
        LUN: 0
            Type: controller
            Backing store path: None
        LUN: 1
            Type: disk
            Backing store path: {device}
    Account information:
        user
    ACL information:
        0.0.0.0
"""
SESSION = """\
        I_T nexus: {sid}
            Initiator: {name} alias: node
            Connection: 0
                IP Address: 192.0.2.7
"""


class Daemon:
    """tgtd, as far as the target uses it."""

    def __init__(self) -> None:
        self.targets: dict[str, dict[str, Any]] = {}
        self.accounts: set[str] = set()
        self.commands: list[tuple[str, ...]] = []
        self.refuses: str = ""

    def root(self, *words: str, data: str | None = None) -> str:
        """Do as tgtadm and tgt-admin do."""
        self.commands.append(words)
        if self.refuses and self.refuses in words:
            raise CommandFailed(f"{words[0]} failed", 22)
        if words[0] == "tgt-admin":
            self._make(pathlib.Path(words[2]), words[4])
            return ""
        named = dict(zip(words[3::2], words[4::2], strict=False))
        operation = (named["--op"], named["--mode"])
        if operation == ("show", "target"):
            return "".join(self._shown(iqn, facts) for iqn, facts in self.targets.items())
        if operation == ("delete", "account"):
            if words[-1] not in self.accounts:
                raise CommandFailed("tgtadm failed: can't find the account", 18)
            self.accounts.remove(words[-1])
            return ""
        tid = words[words.index("--tid") + 1]
        (iqn,) = (name for name, facts in self.targets.items() if facts["tid"] == tid)
        facts = self.targets[iqn]
        if operation == ("delete", "target"):
            del self.targets[iqn]
        elif operation == ("bind", "target"):
            facts["names"].append(words[-1])
        elif operation == ("unbind", "target"):
            facts["names"].remove(words[-1])
        elif operation == ("delete", "conn"):
            del facts["sessions"][words[words.index("--sid") + 1]]
        return ""

    def _make(self, file: pathlib.Path, iqn: str) -> None:
        text = file.read_text()
        assert f"<target {iqn}>" in text
        assert "initiator-address 0.0.0.0" in text  # else every address is let in
        self.accounts.add(re.findall(r"incominguser (\S+)", text)[0])
        self.targets[iqn] = {
            "tid": str(len(self.targets) + 1),
            "device": re.findall(r"backing-store (\S+)>", text)[0],
            "readonly": "readonly 1" in text,
            "names": re.findall(r"initiator-name (\S+)", text),
            "sessions": {},
        }

    @staticmethod
    def _shown(iqn: str, facts: dict[str, Any]) -> str:
        sessions = "".join(
            SESSION.format(sid=sid, name=name) for sid, name in facts["sessions"].items()
        )
        return SHOWN.format(iqn=iqn, sessions=sessions, tid=facts["tid"], device=facts["device"])


@pytest.fixture
def daemon() -> Daemon:
    """A daemon without targets."""
    return Daemon()


@pytest.fixture
def target(configuration: types.SimpleNamespace, daemon: Daemon) -> TgtTarget:
    """The target under test, set up."""
    made = TgtTarget(configuration, daemon)  # type: ignore[arg-type]
    made.set_up()
    return made


def files(configuration: types.SimpleNamespace) -> list[str]:
    """Name the files of the targets."""
    return sorted(path.name for path in pathlib.Path(configuration.volumes_dir).iterdir())


def test_two_initiators_share_a_target(target: TgtTarget, daemon: Daemon) -> None:
    """The second is bound to the same target; when one ends, the other's session goes on."""
    for name in (ONE, TWO):
        assert target.allow(IQN, DEVICE, name, CHAP, read_only=False) == IQN
    facts = daemon.targets[IQN]
    assert facts["names"] == [ONE, TWO]
    facts["sessions"] = {"1": ONE, "2": TWO}
    target.deny(IQN, ONE)
    assert (facts["names"], facts["sessions"]) == ([TWO], {"2": TWO})


def test_nothing_is_left_after_the_last(
    target: TgtTarget, daemon: Daemon, configuration: types.SimpleNamespace
) -> None:
    """Target, account and file go with the last initiator."""
    target.allow(IQN, DEVICE, ONE, CHAP, read_only=False)
    target.deny(IQN, ONE)
    target.deny(IQN, ONE)
    assert (daemon.targets, daemon.accounts, files(configuration)) == ({}, set(), [])


def test_a_shared_account_stays(target: TgtTarget, daemon: Daemon) -> None:
    """With use_chap_auth all targets have one account: it goes with the last of them."""
    other = f"{IQN}-other"
    target.allow(IQN, DEVICE, ONE, CHAP, read_only=False)
    target.allow(other, DEVICE, ONE, CHAP, read_only=False)
    target.remove(IQN)
    assert daemon.accounts == {"user"}
    target.remove(other)
    assert daemon.accounts == set()


def test_readers_have_a_target_of_their_own(
    target: TgtTarget, daemon: Daemon, configuration: types.SimpleNamespace
) -> None:
    """Of one volume, one initiator may write and the other can not; both go at the end."""
    target.allow(IQN, DEVICE, ONE, CHAP, read_only=False)
    reading = target.allow(IQN, DEVICE, TWO, CHAP, read_only=True)
    assert reading != IQN
    assert {name: facts["readonly"] for name, facts in daemon.targets.items()} == {
        IQN: False,
        reading: True,
    }
    target.remove(IQN)
    assert (daemon.targets, files(configuration)) == ({}, [])


def test_a_change_of_mode_leaves_no_other_way_in(target: TgtTarget, daemon: Daemon) -> None:
    """An initiator that may only read from now on can not use its former target."""
    target.allow(IQN, DEVICE, ONE, CHAP, read_only=False)
    reading = target.allow(IQN, DEVICE, ONE, CHAP, read_only=True)
    assert list(daemon.targets) == [reading]


def test_a_failed_target_leaves_nothing(
    target: TgtTarget, daemon: Daemon, configuration: types.SimpleNamespace
) -> None:
    """A file that stayed would be exported when tgtd starts again."""
    daemon.refuses = "--update"
    with pytest.raises(CommandFailed):
        target.allow(IQN, DEVICE, ONE, CHAP, read_only=False)
    assert (daemon.targets, files(configuration)) == ({}, [])


def test_a_failed_second_initiator_is_forgotten(
    target: TgtTarget, daemon: Daemon, configuration: types.SimpleNamespace
) -> None:
    """The first goes on; the second is not let in when tgtd starts again."""
    target.allow(IQN, DEVICE, ONE, CHAP, read_only=False)
    daemon.refuses = "bind"
    with pytest.raises(CommandFailed):
        target.allow(IQN, DEVICE, TWO, CHAP, read_only=False)
    (name,) = files(configuration)
    text = (pathlib.Path(configuration.volumes_dir) / name).read_text()
    assert re.findall(r"initiator-name (\S+)", text) == [ONE]


def test_another_device_of_that_name(target: TgtTarget, daemon: Daemon) -> None:
    """What is left of a volume in another group is replaced, with those that it let in."""
    target.allow(IQN, "/dev/mapper/old-volume", ONE, CHAP, read_only=False)
    target.allow(IQN, DEVICE, TWO, CHAP, read_only=False)
    assert (daemon.targets[IQN]["device"], daemon.targets[IQN]["names"]) == (DEVICE, [TWO])


def test_lost_targets_come_back(
    target: TgtTarget, daemon: Daemon, configuration: types.SimpleNamespace
) -> None:
    """After a restart of tgtd, targets are made from their files."""
    target.allow(IQN, DEVICE, ONE, CHAP, read_only=True)
    before = {name: (f["device"], f["readonly"], f["names"]) for name, f in daemon.targets.items()}
    daemon.targets.clear()
    TgtTarget(configuration, daemon).set_up()  # type: ignore[arg-type]
    after = {name: (f["device"], f["readonly"], f["names"]) for name, f in daemon.targets.items()}
    assert after == before


def test_files_are_for_the_service_alone(
    target: TgtTarget, configuration: types.SimpleNamespace
) -> None:
    """They carry secrets."""
    target.allow(IQN, DEVICE, ONE, CHAP, read_only=False)
    directory = pathlib.Path(configuration.volumes_dir)
    (file,) = directory.iterdir()
    assert (directory.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)


@pytest.mark.parametrize("read_only", [False, True])
def test_growth_while_in_use_is_refused(target: TgtTarget, read_only: bool) -> None:
    """tgtd does not notice that a device has grown."""
    target.check_resizable(IQN)
    target.allow(IQN, DEVICE, ONE, CHAP, read_only=read_only)
    with pytest.raises(exception.VolumeBackendAPIException, match="new size"):
        target.check_resizable(IQN)


def test_every_command_passes_the_filters(
    target: TgtTarget, daemon: Daemon, configuration: types.SimpleNamespace
) -> None:
    """rootwrap knows every command that the daemon was given in a whole life of a target."""
    for name in (ONE, TWO):
        target.allow(IQN, DEVICE, name, CHAP, read_only=False)
    daemon.targets[IQN]["sessions"] = {"1": ONE}
    target.deny(IQN, ONE)
    target.remove(IQN)
    allowed = [
        re.split(r",\s*", line.partition(": ")[2])[3:]
        for line in FILTERS.read_text().splitlines()
        if line.startswith("tgt_")
    ]
    used = set()
    for words in daemon.commands:
        usual = [
            word.replace(configuration.volumes_dir, "/var/lib/cinder_lite/targets")
            for word in words
        ]
        fitting = [
            number
            for number, patterns in enumerate(allowed)
            if len(usual) == len(patterns)
            and all(re.fullmatch(p, w) for p, w in zip(patterns, usual, strict=True))
        ]
        assert fitting, words
        used.update(fitting)
    assert used == set(range(len(allowed))), "a filter that nothing needs"


def test_what_tgtadm_shows_is_understood() -> None:
    """Sessions belong to the target above them."""
    text = SHOWN.format(
        tid=7, iqn=IQN, device=DEVICE, sessions=SESSION.format(sid=3, name=ONE)
    ) + SHOWN.format(tid=8, iqn=f"{IQN}.ro", device=DEVICE, sessions="")
    shown = parse_show(text)
    assert [(one.tid, one.device, one.connections) for one in shown.values()] == [
        ("7", DEVICE, [(ONE, "3", "0")]),
        ("8", DEVICE, []),
    ]
