# SPDX-License-Identifier: Apache-2.0
"""Waiting for the backends' reports: after a scheduler's start, and for one backend that is late.

Requests that come before the reports are put aside rather than kept waiting in the threads that
read messages: the reports have to come through the same threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import concurrency, exception
from cinder_lite.scheduler.host_manager import HostManager

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

ASK_AGAIN_SECONDS = 5.0
"""How long a new scheduler waits for reports before it asks for them once more."""
LATE_REPORT_SECONDS = 10.0
"""How long a request waits for a backend that has just come up and has not reported yet."""
LATE_REPORT_WAITERS = 8
"""How many requests may do so at once; further ones fail as they stand."""

T = TypeVar("T")


class Readiness:
    """Knows whether this scheduler has heard of the backends, and what to do until then.

    :param host_manager: receives the reports
    :param ask: asks every volume service for one
    """

    def __init__(self, host_manager: HostManager, ask: Callable[[], None]) -> None:
        self._host_manager = host_manager
        self._ask = ask
        self._lock = threading.Lock()
        self._ready = False
        self._put_aside: list[Callable[[], None]] = []
        self._patience = threading.BoundedSemaphore(LATE_REPORT_WAITERS)
        self._given_up: set[str] = set()
        """Services that were waited for in vain; they are not waited for again."""
        self.start()

    def start(self) -> None:
        """Begin: the backends have ``scheduler_driver_init_wait_time`` seconds to report."""
        self._ready_by = time.monotonic() + CONF.scheduler_driver_init_wait_time

    def when_ready(self, work: Callable[[], None]) -> None:
        """Do some work now, or in another thread as soon as the backends have reported.

        :param work: handles its own errors
        """
        if not self._ready and not self._reported():
            with self._lock:
                if not self._ready:
                    self._put_aside.append(work)
                    if len(self._put_aside) == 1:
                        concurrency.spawn(self._wait_and_work)
                    return
        self._ready = True
        work()

    def wait(self, seconds: float) -> None:
        """Wait a little for the first reports, if this scheduler is new."""
        left = self._ready_by - time.monotonic()
        if not self._ready and left > 0:
            self._host_manager.wait_for_reports(min(left, seconds))

    def _reported(self) -> bool:
        try:
            return self._host_manager.wait_for_reports(0)
        except Exception:
            LOG.exception("Which backends are yet to report can not be told")
            return False

    def _wait_and_work(self) -> None:
        try:
            self._wait()
        except Exception:
            LOG.exception("Waiting for the backends' reports failed; going on without")
        with self._lock:
            self._ready = True
            waiting, self._put_aside = self._put_aside, []
        for work in waiting:
            try:
                work()
            except Exception:
                LOG.exception("A request that had waited for reports failed")

    def _wait(self) -> None:
        while (left := self._ready_by - time.monotonic()) > 0:
            if self._host_manager.wait_for_reports(min(left, ASK_AGAIN_SECONDS)):
                return
            self._ask_again()
        missing = self._host_manager.missing_reports()
        self._given_up.update(missing)
        LOG.warning(
            "No report of %s within %d seconds; going on without",
            ", ".join(missing) or "any backend",
            CONF.scheduler_driver_init_wait_time,
        )

    def _ask_again(self) -> None:
        try:
            self._ask()
        except Exception:
            LOG.exception("The volume services could not be asked for reports")

    def with_late_reports(self, service_host: str | None, schedule: Callable[[], T]) -> T:
        """Schedule; if that fails while a backend is yet to report, wait for it and try again.

        :param service_host: the only backend that matters (``host@backend``), None for all
        :raises NoValidHost: there is no place
        """
        try:
            return schedule()
        except exception.NoValidHost:
            missing = set(self._host_manager.missing_reports(service_host)) - self._given_up
            if not missing or not self._patience.acquire(blocking=False):
                raise
        try:
            LOG.info("Waiting for a report of %s", ", ".join(sorted(missing)))
            self._ask_again()
            if not self._host_manager.wait_for_reports(LATE_REPORT_SECONDS, service_host):
                self._given_up.update(self._host_manager.missing_reports(service_host))
        finally:
            self._patience.release()
        return schedule()
