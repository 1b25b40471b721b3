# SPDX-License-Identifier: Apache-2.0
"""Tests that copying processes are heard, can be stopped, and are never left behind."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from cinder_lite import exception
from cinder_lite.volume.copy import process
from cinder_lite.volume.copy.progress import CopyProgress, Meter

FOREVER = ("sleep", "1000")


def two_numbers(line: str) -> tuple[int, int] | None:
    words = line.split()
    return (int(words[0]), int(words[1])) if len(words) == 2 and words[0].isdigit() else None


def run(*command: str, **how: object) -> process.Outcome:
    how.setdefault("meter", Meter(100))
    return process.run(command, parse=two_numbers, **how)  # type: ignore[arg-type]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Return the processes that were started."""
    processes: list[subprocess.Popen[bytes]] = []
    plain = subprocess.Popen

    def note(*args: object, **kwargs: object) -> subprocess.Popen[bytes]:
        processes.append(plain(*args, **kwargs))  # type: ignore[call-overload]
        return processes[-1]

    monkeypatch.setattr(process.subprocess, "Popen", note)
    yield processes
    for each in processes:
        assert each.returncode is not None, "a process was left behind"


def children_of(pid: int) -> list[int]:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
        return [int(word) for task in tasks for word in (task / "children").read_text().split()]
    return []


def wait_for(what: object, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_progress_and_messages_are_told_apart() -> None:
    meter = Meter(100)
    script = "printf '\\r10 1\\r20 2' >&2; echo >&2; echo 'no good' >&2; echo unheard; exit 3"
    outcome = run("sh", "-c", script, meter=meter)
    assert (meter.copied, meter.skipped) == (20, 2)
    assert (outcome.status, outcome.messages) == (3, ["no good"])
    assert outcome.error() == "no good"


def test_progress_without_an_end_of_line_is_understood(started: list[object]) -> None:
    reports = list[CopyProgress]()
    seen = threading.Event()

    class Stop:
        def is_set(self) -> bool:
            return seen.is_set()

    class Impatient(Meter):
        def tick(self) -> None:
            if self.copied:
                seen.set()

    meter = Impatient(100, reports.append)
    with pytest.raises(exception.CopyStopped):
        run("sh", "-c", "printf '\\r50 0' >&2; exec sleep 1000", meter=meter, stop=Stop())
    assert meter.copied == 50


def test_only_the_last_messages_are_kept() -> None:
    outcome = run("sh", "-c", "for i in 1 2 3 4 5 6 7; do echo message-$i >&2; done")
    assert outcome.messages == [f"message-{number}" for number in range(3, 8)]


def test_messages_are_in_plain_english() -> None:
    assert run("sh", "-c", "echo $LC_ALL >&2").messages == ["C"]


def test_a_signal_is_named() -> None:
    killed = "the copying process was killed by SIGKILL"
    assert run("sh", "-c", "kill -9 $$").error() == killed
    assert run("sh", "-c", "exit 137").error() == killed


def test_silence_is_explained() -> None:
    assert run("false").error() == "the copying process ended with exit status 1"


def test_a_command_that_is_missing_is_one_sentence() -> None:
    with pytest.raises(exception.VolumeCopyFailed, match="cannot run no-such-command: No such"):
        run("no-such-command")


def test_stop_ends_the_process(started: list[subprocess.Popen[bytes]]) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(exception.CopyStopped):
        run(*FOREVER, stop=stop)
    assert started[0].returncode == -signal.SIGTERM


def test_a_process_that_ignores_sigterm_is_killed(
    started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "TERM_SECONDS", 0.1)
    script = "trap '' TERM; echo '1 0' >&2; while :; do sleep 1000; done"
    meter = Meter(100)

    class Stop:
        def is_set(self) -> bool:
            return meter.copied > 0

    with pytest.raises(exception.CopyStopped):
        run("sh", "-c", script, meter=meter, stop=Stop())
    assert started[0].returncode == -signal.SIGKILL


def test_a_process_that_hangs_in_the_kernel_is_waited_for(
    started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_KILL_SECONDS", 0.01)
    stop = threading.Event()
    stop.set()
    sent: list[int] = []
    plain = os.killpg

    def late(pid: int, number: int) -> None:
        sent.append(number)
        if number == signal.SIGKILL:
            threading.Timer(0.1, plain, (pid, number)).start()

    monkeypatch.setattr(process, "TERM_SECONDS", 0.01)
    monkeypatch.setattr(process.os, "killpg", late)
    with pytest.raises(exception.CopyStopped):
        run(*FOREVER, stop=stop)
    assert sent == [signal.SIGTERM, signal.SIGKILL]
    assert started[0].returncode == -signal.SIGKILL


def test_a_report_that_fails_ends_the_process(started: list[subprocess.Popen[bytes]]) -> None:
    class Broken(Meter):
        def tick(self) -> None:
            raise RuntimeError("no database")

    with pytest.raises(RuntimeError, match="no database"):
        run(*FOREVER, meter=Broken(100))
    assert started[0].returncode == -signal.SIGTERM


def test_the_process_is_told_what_there_is_to_tell() -> None:
    lines = iter([None, "limit 5", "limit 6"])
    script = 'read a; read b; echo "$a, $b" >&2'
    outcome = run("sh", "-c", script, tell=lambda: next(lines, None))
    assert outcome.messages == ["limit 5, limit 6"]


def test_a_process_that_is_gone_can_not_be_told() -> None:
    assert run("sh", "-c", "exec <&-; sleep 0.1", tell=lambda: "limit 5").status == 0


def test_words_come_in_the_order_ionice_death_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "death_prefix", lambda: ("setpriv", "--pdeathsig", "KILL", "--"))
    words = process.assemble(["dd", "if=/a"], "-c2 -n7")
    assert words == [
        *("ionice", "-c2", "-n7"),
        *("setpriv", "--pdeathsig", "KILL", "--"),
        *("dd", "if=/a"),
    ]


def test_without_setpriv_there_is_no_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process.shutil, "which", lambda name: None)
    assert process.death_prefix.__wrapped__() == ()


def test_a_setpriv_that_is_too_old_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process.shutil, "which", lambda name: "/bin/false")
    assert process.death_prefix.__wrapped__() == ()


@pytest.mark.skipif(not process.death_prefix(), reason="util-linux is too old")
def test_dd_does_not_outlive_a_parent_that_is_killed() -> None:
    script = (
        "from cinder_lite.volume.copy import copy_volume\n"
        "copy_volume('/dev/zero', '/dev/null', 2**40, '1M')\n"
    )
    with subprocess.Popen([sys.executable, "-c", script]) as parent:
        copying: list[int] = []

        def copies() -> bool:
            for child in children_of(parent.pid):
                with contextlib.suppress(OSError):
                    words = pathlib.Path(f"/proc/{child}/cmdline").read_text()
                    if words.startswith("dd\0") and "status=progress" in words:
                        copying.append(child)
            return bool(copying)

        wait_for(copies)
        parent.kill()
    wait_for(lambda: not pathlib.Path(f"/proc/{copying[0]}").exists() or is_zombie(copying[0]))


def is_zombie(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return ") Z " in pathlib.Path(f"/proc/{pid}/stat").read_text()
    return True
