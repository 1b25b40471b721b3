# SPDX-License-Identifier: Apache-2.0
"""One process at a time serves a backend on this node."""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading

from oslo_config import cfg
from oslo_log import log as logging

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_PAUSE_SECONDS = 0.1


class ServiceLock:
    """Held by the process that serves a backend; the kernel releases it when the process ends.

    The children of a volume service whose parent was killed go on for a moment to end their work:
    a service that is started meanwhile must not take that work for abandoned.

    :param name: ``host@backend``
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._fd: int | None = None

    def acquire(self, stopping: threading.Event) -> bool:
        """Wait until no other process of this node serves the backend.

        :param stopping: ends the wait
        :returns: False where the wait was ended
        """
        directory = os.path.join(CONF.state_path, "services")
        os.makedirs(directory, exist_ok=True)
        path = os.path.join(directory, f"{self._name}.lock")
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        told = False
        while not _locked(fd):
            if not told:
                other = os.pread(fd, 20, 0).decode(errors="replace").strip() or "unknown"
                LOG.warning("%s: waits until process %s has ended its work", self._name, other)
                told = True
            if stopping.wait(_PAUSE_SECONDS):
                os.close(fd)
                return False
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd
        return True

    def release(self) -> None:
        """Let another process serve the backend."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _locked(fd: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
