# SPDX-License-Identifier: Apache-2.0
"""A service that answers RPC: registered in the database, with a heartbeat and periodic work."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from oslo_config import cfg
from oslo_log import log as logging
from oslo_service import service as oslo_service

from cinder_lite import concurrency, rpc
from cinder_lite.db import engine
from cinder_lite.db import services as db_services
from cinder_lite.service_lock import ServiceLock

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_LOOK_SECONDS = 0.25
"""How soon a parent sees that a child has ended, or that it shall end itself."""


class Periodic(NamedTuple):
    """Work that is done again and again."""

    interval: float
    """Seconds between two runs."""
    run: Callable[[], None]


class Manager(Protocol):
    """The endpoints of a service and what its life needs of them."""

    RPC_API_VERSION: str

    def init_host(self) -> None:
        """Get ready, before any message is taken."""

    def started(self) -> None:
        """Do what can only be done once messages arrive."""

    def periodics(self) -> Sequence[Periodic]:
        """Return the periodic work."""

    def is_working(self) -> bool:
        """Tell whether the heartbeat may say that all is well."""

    def drain(self) -> None:
        """Bring running work to a durable step; no message is taken any more."""

    def reset(self) -> None:
        """Take up options that were changed (SIGHUP)."""


class RpcService(oslo_service.ServiceBase):
    """One scheduler, or one backend's volume service.

    Nothing that a fork must not share is opened before :meth:`start`, which runs in the process
    that does the work.

    :param binary: name in the services table, e.g. ``cinder-volume``
    :param host: ``host`` or ``host@backend``
    :param topics: RPC topics to listen on; the first is the service's own
    :param make_manager: makes the manager, in the service's own process
    :param alone: only one process of this node may serve ``host`` at a time
    """

    def __init__(
        self,
        *,
        binary: str,
        host: str,
        topics: Sequence[str],
        availability_zone: str,
        make_manager: Callable[[], Manager],
        alone: bool = False,
    ) -> None:
        self._binary = binary
        self._host = host
        self._topics = topics
        self._availability_zone = availability_zone
        self._make_manager = make_manager
        self._lock = ServiceLock(host) if alone else None
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        self._stop_lock = threading.Lock()
        self._servers: list[Any] = []
        self._manager: Manager | None = None
        self._service_id = 0

    def start(self) -> None:
        """Register, get ready, and begin to take messages."""
        if self._lock is not None and not self._lock.acquire(self._stopping):
            return
        manager = self._manager = self._make_manager()
        manager.init_host()
        self._register()
        server_name = self._host.partition("@")[0]
        for topic in self._topics:
            # Who is told to stop meanwhile finds every server that was started, and no other is.
            with self._stop_lock:
                if self._stopping.is_set():
                    return
                server = rpc.server(topic, server_name, [manager])
                server.start()
                self._servers.append(server)
        manager.started()
        self._every(Periodic(CONF.report_interval, self._heartbeat))
        for periodic in manager.periodics():
            self._every(periodic)
        LOG.info("%s on %s is ready (%s)", self._binary, self._host, concurrency.backend())

    def _register(self) -> None:
        assert self._manager is not None
        row = db_services.register(
            host=self._host,
            binary=self._binary,
            topic=self._topics[0],
            availability_zone=self._availability_zone,
            rpc_version=self._manager.RPC_API_VERSION,
        )
        self._service_id = row.id

    def _heartbeat(self) -> None:
        if self._manager is None or not self._manager.is_working():
            LOG.warning(
                "%s on %s is not well: no heartbeat, so it is taken for down",
                self._binary,
                self._host,
            )
            return
        if not db_services.heartbeat(self._service_id):
            self._register()

    def _every(self, periodic: Periodic) -> None:
        def loop() -> None:
            while not self._stopping.wait(periodic.interval):
                try:
                    periodic.run()
                except Exception:
                    LOG.exception("Periodic work of %s on %s failed", self._binary, self._host)

        concurrency.spawn(loop)

    def stop(self, graceful: bool = True) -> None:
        """Take no new work, bring running work to a durable step, and sign off."""
        with self._stop_lock:
            if self._stopping.is_set():
                return
            self._stopping.set()
        LOG.info("%s on %s stops", self._binary, self._host)
        for server in self._servers:
            rpc.stop(server)
        if self._manager is not None:
            try:
                self._manager.drain()
            except Exception:
                LOG.exception("%s on %s could not end its work in order", self._binary, self._host)
        for server in self._servers:
            server.wait()
        try:
            if self._service_id:
                db_services.age_heartbeat(self._service_id)
        except Exception:
            LOG.exception("%s on %s could not sign off", self._binary, self._host)
        if self._lock is not None:
            self._lock.release()
        self._stopped.set()

    def wait(self) -> None:
        """Wait until the service has stopped."""
        self._stopped.wait()

    def reset(self) -> None:
        """Take up changed options; running work goes on."""
        if self._manager is not None:
            self._manager.reset()
        LOG.info("%s on %s has read its options again", self._binary, self._host)


def run(services: Sequence[tuple[oslo_service.ServiceBase, int]]) -> None:
    """Run services until they are told to stop.

    A single service with one worker runs in this process; otherwise each worker of each service
    is a child, started again when it dies.

    :param services: each with its number of worker processes
    """
    # The parent may have looked at the database; its connections are not for its children.
    engine.dispose()
    # What is loaded by now stays: no collection looks at it, and none of a child writes on it.
    gc.freeze()
    gc.enable()
    if len(services) > 1 or services[0][1] > 1:
        # On green threads the parent polls, a hundred times a second unless told otherwise.
        pause = _LOOK_SECONDS if concurrency.backend() == concurrency.EVENTLET else None
        launcher = oslo_service.ProcessLauncher(CONF, wait_interval=pause, restart_method="mutate")
    else:
        launcher = oslo_service.ServiceLauncher(CONF, restart_method="mutate")
    for service, workers in services:
        launcher.launch_service(service, workers=workers)
    launcher.wait()
