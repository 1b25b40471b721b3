# SPDX-License-Identifier: Apache-2.0
"""Runs the real command line against a fake service."""

from __future__ import annotations

import json
import logging
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cinder_lite.shell import waiting
from cinder_lite.shell.main import main
from tests.unit.shell.fake_service import FakeService


class Result(NamedTuple):
    """What the command line did."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Stdout as JSON."""
        return json.loads(self.out)


Run = Callable[..., Result]


@pytest.fixture(scope="session")
def running_service() -> Iterator[FakeService]:
    """One server for all tests."""
    fake = FakeService()
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture
def service(running_service: FakeService) -> FakeService:
    """The service without anything in it."""
    running_service.reset()
    return running_service


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Take Ctrl-C as a terminal's process does; one in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No settings of whoever runs the tests, no long pauses, and logging as it was."""
    for name in list(os.environ):
        if name.startswith(("OS_", "CINDER_LITE_", "CLIFF_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(waiting, "PAUSES", ())
    monkeypatch.setattr(waiting, "PAUSE", 0.01)
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


@pytest.fixture
def run(
    service: FakeService, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run the command line with these arguments."""
    monkeypatch.setenv("CINDER_LITE_ENDPOINT", service.url)

    def run_it(*argv: str) -> Result:
        capsys.readouterr()
        status = main(list(argv))
        return Result(status, *capsys.readouterr())

    return run_it
