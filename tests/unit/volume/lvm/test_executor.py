# SPDX-License-Identifier: Apache-2.0
"""Commands run as root: what is tried again, and the sentences for what fails."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from oslo_concurrency import processutils
from oslo_rootwrap import client, wrapper
from oslo_rootwrap import cmd as rootwrap_cmd

from cinder_lite.cmd import rootwrap
from cinder_lite.volume.lvm import executor
from tests.unit.volume.lvm.fake import FILTERS


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the list of what the next commands will answer: text, or an error to raise."""
    planned: list[Any] = []

    def execute(*words: str, **options: Any) -> tuple[str, str]:
        answer = planned.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer, ""

    monkeypatch.setattr(processutils, "execute", execute)
    monkeypatch.setattr(executor.time, "sleep", lambda seconds: None)
    return planned


def failure(stderr: str, status: int = 5) -> processutils.ProcessExecutionError:
    return processutils.ProcessExecutionError(stderr=stderr, exit_code=status)


@pytest.mark.parametrize(
    "passing",
    [
        failure("  Logical volume vg/lv in use."),
        failure("  Can't get lock for vg"),
        failure("", -11),
        failure("", 139),
    ],
)
def test_what_passes_is_tried_again(answers: list[Any], passing: Exception) -> None:
    answers += [passing, "done"]
    assert executor.Executor("helper").lvm("lvremove", "--yes", "vg/lv") == "done"


def test_what_does_not_pass_is_not_tried_again(answers: list[Any]) -> None:
    answers += [failure("  Failed to find logical volume vg/lv."), "done"]
    with pytest.raises(executor.CommandFailed, match="lvremove failed: Failed to find"):
        executor.Executor("helper").lvm("lvremove", "--yes", "vg/lv")
    assert answers == ["done"]


def test_in_the_end_it_is_given_up(answers: list[Any]) -> None:
    answers += [failure("  Logical volume vg/lv in use.")] * (executor.ATTEMPTS + 1)
    with pytest.raises(executor.CommandFailed, match="in use") as caught:
        executor.Executor("helper").lvm("lvremove", "--yes", "vg/lv")
    assert caught.value.status == 5
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("stderr", "status", "sentence"),
    [
        (
            "Unauthorized command: lvs x (no filter matched)",
            99,
            "allow the command env LC_ALL=C lvs x",
        ),
        ("Executable not found: lvs", 96, "lvs is not installed, or not in exec_dirs"),
        ("env: 'lvs': No such file or directory", 127, "lvs is not installed on this node"),
        ("sudo: a password is required", 1, "this service's user may not run cinder-lite-rootwrap"),
        ("WARNING: devices file\n  Volume group x not found", 5, "lvs failed: Volume group x not"),
        ("", 7, "lvs failed: exit status 7"),
    ],
)
def test_sentences(answers: list[Any], stderr: str, status: int, sentence: str) -> None:
    answers.append(failure(stderr, status))
    with pytest.raises(executor.CommandFailed) as caught:
        executor.Executor("helper").root("env", "LC_ALL=C", "lvs", "x")
    assert sentence in caught.value.sentence
    assert "WARNING" not in caught.value.sentence


def test_a_helper_that_is_not_there_is_named(answers: list[Any]) -> None:
    answers.append(FileNotFoundError(2, "No such file or directory"))
    with pytest.raises(executor.CommandFailed, match="cannot run .*: No such file") as caught:
        executor.Executor("helper x").root("lvs")
    assert caught.value.status is None


@pytest.mark.parametrize(
    "environment",
    [
        (),
        ("LVM_SUPPRESS_FD_WARNINGS=1",),
        ("LVM_SYSTEM_DIR=/etc/cinder_lite",),
        ("LVM_SYSTEM_DIR=/etc/cinder_lite", "LVM_SUPPRESS_FD_WARNINGS=1"),
    ],
)
def test_rootwrap_lets_the_environment_through(environment: tuple[str, ...]) -> None:
    words = ["env", "LC_ALL=C", *environment, "vgs"]
    found = [one for one in wrapper.load_filters([str(FILTERS)]) if one.match(words)]
    assert ["vgs"] in [one.exec_args(words) for one in found if hasattr(one, "exec_args")]


def test_rootwrap_lets_no_other_environment_through() -> None:
    words = ["env", "LC_ALL=C", "LD_PRELOAD=/tmp/x.so", "vgs"]
    chains = [one for one in wrapper.load_filters([str(FILTERS)]) if hasattr(one, "exec_args")]
    accepted = [one.exec_args(words) for one in chains if one.match(words)]
    assert all(args and args[0] != "vgs" for args in accepted)


class Client:
    """Stands in for oslo.rootwrap's client of its daemon."""

    answers: list[Any] = []
    started: list[list[str]] = []

    def __init__(self, words: list[str]) -> None:
        self.started.append(words)

    def execute(self, words: list[str], data: str | None) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> type[Client]:
    """Return the client of a helper that stays; the service is not root."""
    monkeypatch.setattr(client, "Client", Client)
    monkeypatch.setattr(executor.os, "geteuid", lambda: 1000)
    Client.answers, Client.started = [], []
    return Client


def test_short_commands_go_to_one_helper_that_stays(
    daemon: type[Client], answers: list[Any]
) -> None:
    daemon.answers += [(0, "one", ""), (0, "two", "")]
    answers.append("dumped")
    runs = executor.Executor("sudo helper conf", daemon=True)
    assert (runs.lvm("vgs"), runs.root("lvs")) == ("one", "two")
    assert runs.root("thin_dump", "--dev-id") == "dumped"  # others need not wait for a long one
    assert daemon.started == [["sudo", "helper", "conf", "--daemon"]]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((5, "", "  Volume group x not found"), "lvs failed: Volume group x not found."),
        ((99, "", ""), "does not allow the command lvs x"),
        ((96, "", ""), "lvs is not installed"),
        (
            Exception("Failed to spawn rootwrap process.\nstderr:\nsudo: a password is required"),
            "may not run cinder-lite-rootwrap by sudo",
        ),
        (FileNotFoundError(2, "No such file or directory"), "cannot run sudo: No such file"),
    ],
)
def test_sentences_of_the_helper(daemon: type[Client], answer: Any, sentence: str) -> None:
    daemon.answers.append(answer)
    with pytest.raises(executor.CommandFailed) as caught:
        executor.Executor("sudo helper", daemon=True).root("lvs", "x")
    assert sentence in caught.value.sentence


@pytest.mark.parametrize(
    ("given", "kind", "left"),
    [
        (["rootwrap", "conf", "lvs", "--daemon"], "main", ["rootwrap", "conf", "lvs", "--daemon"]),
        (["rootwrap", "conf", "--daemon"], "daemon", ["rootwrap", "conf"]),
    ],
)
def test_the_helpers_two_ways(
    monkeypatch: pytest.MonkeyPatch, given: list[str], kind: str, left: list[str]
) -> None:
    called: list[str] = []
    monkeypatch.setattr(sys, "argv", given)
    monkeypatch.setattr(rootwrap_cmd, "main", lambda: called.append("main"))
    monkeypatch.setattr(rootwrap_cmd, "daemon", lambda: called.append("daemon"))
    rootwrap.main()
    assert (called, sys.argv) == ([kind], left)
