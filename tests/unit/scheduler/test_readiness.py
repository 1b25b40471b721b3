# SPDX-License-Identifier: Apache-2.0
"""Requests that come before the backends' reports."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from oslo_config import cfg

from cinder_lite import exception
from cinder_lite.scheduler import readiness as module
from cinder_lite.scheduler.host_manager import HostManager
from cinder_lite.scheduler.readiness import Readiness
from tests.unit.scheduler.conftest import forget_services, new_service, report

CONF = cfg.CONF
HOST = "h1@b"


class Asked:
    """Counts questions, and may answer them."""

    def __init__(self) -> None:
        self.times = 0
        self.answer: Callable[[], None] = lambda: None

    def __call__(self) -> None:
        self.times += 1
        self.answer()


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def readiness(host_manager: HostManager, asked: Asked) -> Readiness:
    return Readiness(host_manager, asked)


def test_with_reports_work_is_done_at_once(
    readiness: Readiness, host_manager: HostManager, asked: Asked
) -> None:
    report(host_manager, HOST)
    done: list[str] = []
    readiness.when_ready(lambda: done.append(threading.current_thread().name))
    assert done == [threading.current_thread().name]
    # From then on, a backend that comes up keeps nobody waiting.
    new_service("h2@b")
    forget_services(host_manager)
    readiness.when_ready(lambda: done.append("again"))
    assert done[1:] == ["again"]
    assert asked.times == 0


def test_without_reports_work_is_put_aside_until_they_come(
    readiness: Readiness, host_manager: HostManager
) -> None:
    done: list[int] = []
    finished = threading.Event()
    readiness.when_ready(lambda: done.append(1))
    readiness.when_ready(lambda: done.append(1 // 0))
    readiness.when_ready(lambda: (done.append(3), finished.set()))  # type: ignore[func-returns-value]
    assert done == []
    report(host_manager, HOST)
    assert finished.wait(30)
    assert done == [1, 3]


def test_reports_are_asked_for_again(
    readiness: Readiness,
    host_manager: HostManager,
    asked: Asked,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ASK_AGAIN_SECONDS", 0.01)
    asked.answer = lambda: report(host_manager, HOST)
    finished = threading.Event()
    readiness.when_ready(finished.set)
    assert finished.wait(30)
    assert asked.times >= 1


def test_a_broker_that_does_not_answer_is_no_reason_to_stop(
    readiness: Readiness,
    host_manager: HostManager,
    asked: Asked,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ASK_AGAIN_SECONDS", 0.01)

    def fails() -> None:
        if asked.times > 1:
            report(host_manager, HOST)
        raise RuntimeError("no broker")

    asked.answer = fails
    finished = threading.Event()
    readiness.when_ready(finished.set)
    assert finished.wait(30)


def test_after_a_while_it_goes_on_without(
    readiness: Readiness, host_manager: HostManager, asked: Asked
) -> None:
    new_service(HOST)
    readiness._ready_by = 0.0
    finished = threading.Event()
    readiness.when_ready(finished.set)
    assert finished.wait(30)
    readiness.wait(0)

    # Nor is that backend waited for by each request.
    def no_place() -> None:
        raise exception.NoValidHost(reason="none")

    with pytest.raises(exception.NoValidHost):
        readiness.with_late_reports(None, no_place)
    assert asked.times == 0


def test_a_database_that_does_not_answer_keeps_requests_for_later(
    readiness: Readiness, host_manager: HostManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_database = threading.Event()

    def fails() -> dict[str, object]:
        asked_database.set()
        raise RuntimeError("no database")

    monkeypatch.setattr(host_manager, "look_at_services", fails)
    finished = threading.Event()
    readiness.when_ready(finished.set)
    assert asked_database.is_set()
    assert finished.wait(30)


class TestLateReports:
    """One backend has just come up."""

    @staticmethod
    def scheduling(results: list[str | None]) -> Callable[[], str]:
        """Return what gives these results one after the other; None is no place."""

        def schedule() -> str:
            result = results.pop(0)
            if result is None:
                raise exception.NoValidHost(reason="none")
            return result

        return schedule

    def test_success_needs_no_wait(self, readiness: Readiness, asked: Asked) -> None:
        new_service(HOST)
        assert readiness.with_late_reports(None, self.scheduling(["here"])) == "here"
        assert asked.times == 0

    def test_a_late_report_is_waited_for(
        self, readiness: Readiness, host_manager: HostManager, asked: Asked
    ) -> None:
        new_service(HOST)
        asked.answer = lambda: report(host_manager, HOST)
        assert readiness.with_late_reports(HOST, self.scheduling([None, "here"])) == "here"
        assert asked.times == 1

    def test_in_vain_and_only_once(
        self, readiness: Readiness, asked: Asked, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "LATE_REPORT_SECONDS", 0.01)
        new_service(HOST)
        for _ in range(2):
            with pytest.raises(exception.NoValidHost):
                readiness.with_late_reports(HOST, self.scheduling([None, None]))
        assert asked.times == 1

    def test_other_backends_do_not_matter(self, readiness: Readiness, asked: Asked) -> None:
        new_service("h2@b")
        with pytest.raises(exception.NoValidHost):
            readiness.with_late_reports(HOST, self.scheduling([None]))
        assert asked.times == 0

    def test_few_wait_at_once(
        self, readiness: Readiness, asked: Asked, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        new_service(HOST)
        monkeypatch.setattr(readiness, "_patience", threading.BoundedSemaphore(1))
        readiness._patience.acquire()
        with pytest.raises(exception.NoValidHost):
            readiness.with_late_reports(HOST, self.scheduling([None]))
        assert asked.times == 0
