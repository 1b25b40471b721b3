# SPDX-License-Identifier: Apache-2.0
"""Two processes of a node never serve the same backend at once."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from cinder_lite.service_lock import ServiceLock
from tests.unit.conftest import SetOption

NAME = "node@file"
HOLD = """
import fcntl, os, sys
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(fd, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: pathlib.Path, option: SetOption) -> pathlib.Path:
    """The file of the lock."""
    option("state_path", str(tmp_path))
    return tmp_path / "services" / f"{NAME}.lock"


@pytest.fixture
def other(path: pathlib.Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process, which holds the lock."""
    path.parent.mkdir()
    words = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_it_names_its_holder_and_can_be_taken_again(path: pathlib.Path) -> None:
    for _ in range(2):
        lock = ServiceLock(NAME)
        assert lock.acquire(threading.Event())
        assert path.read_text() == f"{os.getpid()}\n"
        lock.release()


def test_it_is_free_when_its_holder_is_killed(
    path: pathlib.Path, other: subprocess.Popen[bytes]
) -> None:
    got: list[bool] = []
    lock = ServiceLock(NAME)
    waiter = threading.Thread(target=lambda: got.append(lock.acquire(threading.Event())))
    waiter.start()
    waiter.join(0.3)
    assert got == []
    other.kill()
    waiter.join(10)
    assert got == [True]
    lock.release()


def test_who_is_told_to_stop_does_not_wait(
    path: pathlib.Path, other: subprocess.Popen[bytes]
) -> None:
    stopping = threading.Event()
    threading.Timer(0.2, stopping.set).start()
    assert not ServiceLock(NAME).acquire(stopping)
    assert other.poll() is None
