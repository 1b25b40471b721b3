# SPDX-License-Identifier: Apache-2.0
"""What the LIO target asks of its helper."""

from __future__ import annotations

import json
import logging
import re
import types
from pathlib import Path
from typing import Any

import pytest

from cinder_lite import exception
from cinder_lite.objects import Volume
from cinder_lite.volume import targets
from cinder_lite.volume.lvm.executor import CommandFailed
from cinder_lite.volume.targets import lio
from cinder_lite.volume.targets.base import Chap
from cinder_lite.volume.targets.lio import LioTarget
from tests.unit.volume.targets.conftest import DEVICE, IQN, ONE

FILTERS = Path(__file__).parents[4] / "rootwrap.d/volume.filters"


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the kernel shows: one target."""
    made = tmp_path / "target"
    (made / "iscsi" / IQN).mkdir(parents=True)
    monkeypatch.setattr(lio, "_TREE", made)
    return made


@pytest.fixture
def target(configuration: types.SimpleNamespace, executor: Any) -> LioTarget:
    """The target under test."""
    made = targets.create(configuration, executor)
    assert isinstance(made, LioTarget)
    return made


@pytest.mark.parametrize("name", ["0xuser", "0Xuser", "0buser", "0Buser"])
def test_a_user_that_the_kernel_refuses(
    target: LioTarget, configuration: types.SimpleNamespace, executor: Any, name: str
) -> None:
    """The operator hears at start that nobody could ever log in, and not at the first attach."""
    configuration.use_chap_auth, configuration.chap_username = True, name
    with pytest.raises(exception.VolumeBackendAPIException, match=name):
        target.set_up()
    assert executor.commands == []


def test_a_stored_user_that_the_kernel_refuses_gives_way(target: LioTarget, volume: Volume) -> None:
    """Nobody can be logged in by such a name."""
    kept = target.create_export(volume)
    assert kept["provider_auth"] == volume.provider_auth
    made = target.create_export(volume.replace(provider_auth="CHAP 0xABC secret-secret-1"))
    assert made["provider_auth"].split()[1][0].isalpha()


@pytest.mark.parametrize(("read_only", "mode"), [(False, "rw"), (True, "ro")])
def test_connect(target: LioTarget, executor: Any, read_only: bool, mode: str) -> None:
    """The secret goes by standard input: command lines can be read by everybody."""
    assert target.allow(IQN, DEVICE, ONE, Chap("user", "secret"), read_only=read_only) == IQN
    (words,) = executor.commands
    assert words == (
        *("cinder-lite-rtstool", "connect", DEVICE, IQN, ONE),
        *("portals=192.0.2.1:3260", "discard=0", f"mode={mode}"),
    )
    assert json.loads(executor.inputs[0]) == {"username": "user", "password": "secret"}


def test_every_command_passes_the_filters(
    target: LioTarget, configuration: types.SimpleNamespace, executor: Any
) -> None:
    """rootwrap lets through exactly what is asked for, IPv6 portals and several of them too."""
    configuration.target_secondary_ip_addresses = ["2001:db8::1", "192.0.2.9"]
    executor.answers["cinder-lite-rtstool restore"] = '{"targets": [], "errors": {}}'
    target.set_up()
    target.allow(IQN, DEVICE, ONE, Chap("user", "secret"), read_only=True)
    target.deny(IQN, ONE)
    target.remove(IQN)
    allowed = [
        re.split(r",\s*", line.partition(": ")[2])[3:]
        for line in FILTERS.read_text().splitlines()
        if line.startswith("rtstool_")
    ]
    assert len(executor.commands) == len(allowed) == 4
    for words in executor.commands:
        assert any(
            len(words) == len(patterns)
            and all(re.fullmatch(p, w) for p, w in zip(patterns, words, strict=True))
            for patterns in allowed
        ), words


def test_what_is_not_restored_is_told(
    target: LioTarget, executor: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A lost export is in the log; the service starts all the same."""
    answer = {"targets": [IQN], "errors": {"iqn.x:y": "there is no device"}}
    executor.answers["cinder-lite-rtstool restore"] = json.dumps(answer)
    with caplog.at_level(logging.WARNING):
        target.set_up()
    assert "iqn.x:y could not be restored: there is no device" in caplog.text


def test_nothing_is_asked_where_nothing_is(target: LioTarget, executor: Any, tree: Path) -> None:
    """Most volumes were never exported, or no longer are: root has nothing to do then."""
    (tree / "iscsi" / IQN).rmdir()
    target.deny(IQN, ONE)
    target.remove(IQN)
    assert executor.commands == []
    (tree / "core" / "iblock_0" / IQN).mkdir(parents=True)  # half a target
    target.remove(IQN)
    assert executor.commands == [("cinder-lite-rtstool", "delete", IQN)]


def test_what_is_not_restored_can_be_removed(target: LioTarget, executor: Any, tree: Path) -> None:
    """It is not in the kernel, but it is saved: it must not come back at the next start."""
    (tree / "iscsi" / IQN).rmdir()
    answer = {"targets": [], "errors": {IQN: "there is no device"}}
    executor.answers["cinder-lite-rtstool restore"] = json.dumps(answer)
    target.set_up()
    target.deny(IQN, ONE)
    target.remove(IQN)
    assert executor.commands[1:] == [("cinder-lite-rtstool", "disconnect", IQN, ONE)]


def test_what_was_removed_by_half_is_removed_again(
    target: LioTarget, executor: Any, tree: Path
) -> None:
    """The helper may fail when the kernel has let go already, and the file has not."""
    executor.failing.add("cinder-lite-rtstool delete")
    with pytest.raises(CommandFailed):
        target.remove(IQN)
    (tree / "iscsi" / IQN).rmdir()
    executor.failing.clear()
    target.remove(IQN)
    target.remove(IQN)
    assert executor.commands == [("cinder-lite-rtstool", "delete", IQN)] * 2
