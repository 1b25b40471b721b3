# SPDX-License-Identifier: Apache-2.0
"""The one switch between eventlet's green threads and native threads.

Every executable calls :func:`setup` before it imports anything that uses threads, sockets or time.
The rest of the code is written for plain threads and never names eventlet; what must not stall a
green thread goes through :func:`run_blocking`.
"""

from __future__ import annotations

import configparser
import contextlib
import importlib
import os
import sys
import threading
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

EVENTLET = "eventlet"
THREADING = "threading"
ENVIRONMENT_VARIABLE = "CINDER_LITE_SERVICE_BACKEND"

T = TypeVar("T")

_backend: str | None = None
_import_lock: threading.Lock = threading.Lock()


def backend() -> str:
    """Return the backend in force: ``eventlet`` or ``threading`` (the latter until setup)."""
    return _backend or THREADING


def _configured(argv: Sequence[str]) -> str:
    """Read ``[DEFAULT] service_backend`` without oslo.config, which must not be imported yet."""
    chosen = os.environ.get(ENVIRONMENT_VARIABLE, "")
    if chosen:
        return chosen
    files = list(_config_files(argv)) or ["/etc/cinder_lite/cinder_lite.conf"]
    for path in files:
        parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
        with contextlib.suppress(configparser.Error, OSError, UnicodeDecodeError):
            parser.read(path)
        chosen = parser.defaults().get("service_backend") or chosen
    return chosen or EVENTLET


def _config_files(argv: Sequence[str]) -> Iterator[str]:
    for position, word in enumerate(argv):
        if word == "--config-file" and position + 1 < len(argv):
            yield argv[position + 1]
        elif word.startswith("--config-file="):
            yield word.partition("=")[2]


def setup(name: str | None = None, argv: Sequence[str] | None = None) -> str:
    """Choose the concurrency backend and, for eventlet, patch the standard library.

    :param name: ``eventlet`` or ``threading``; None reads the environment variable
        ``CINDER_LITE_SERVICE_BACKEND``, then ``service_backend`` of the configuration files
    :param argv: the command line to look for ``--config-file`` in (default: this process's)
    :returns: the backend in force
    :raises SystemExit: the name is neither
    """
    global _backend, _import_lock
    if _backend is not None:
        return _backend
    chosen = name or _configured(sys.argv[1:] if argv is None else argv)
    if chosen not in (EVENTLET, THREADING):
        raise SystemExit(f"service_backend must be eventlet or threading, not {chosen!r}.")
    # The libraries warn at every start that eventlet will go; the operator has a switch for it.
    warnings.filterwarnings("ignore", message="(?s).*[Ee]ventlet.*")
    if chosen == EVENTLET:
        # Name look-ups go to the system's resolver: eventlet's own costs 0.1 s of imports, and a
        # control plane looks up a handful of names.
        os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
        eventlet = importlib.import_module("eventlet")
        # psycopg2 is patched when it is used: its import would cost every process 0.03 s.
        eventlet.monkey_patch(psycopg=False)
    else:
        from oslo_service import backend as service_backend

        service_backend.init_backend(service_backend.BackendType.THREADING)
    _backend = chosen
    _import_lock = threading.Lock()  # a green one, where the modules are patched
    return chosen


def library(name: str) -> types.ModuleType:
    """Import a large library when it is first used.

    The interpreter's own import locks know native threads only: while one green thread waits in
    the middle of an import, another would be given the half of the module that is there.

    :param name: the module, e.g. ``os_brick.initiator.connector``
    """
    with _import_lock:
        return importlib.import_module(name)


def native(module: str) -> types.ModuleType:
    """Return a standard library module as it was before eventlet patched it.

    For code that runs inside :func:`run_blocking`, where green locks and clocks do not work.

    :param module: its name, e.g. ``threading``
    """
    if _backend == EVENTLET:
        patcher = importlib.import_module("eventlet.patcher")
        return patcher.original(module)
    return importlib.import_module(module)


def run_blocking(func: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run ``func`` in a real thread of the operating system and wait for its result.

    Under eventlet the other green threads go on meanwhile; on native threads it is a plain call.
    """
    if _backend == EVENTLET:
        tpool = importlib.import_module("eventlet.tpool")
        return tpool.execute(func, *args, **kwargs)
    return func(*args, **kwargs)


def prepare_psycopg2() -> None:
    """Make PostgreSQL's driver yield to other green threads while it waits for the server."""
    if _backend == EVENTLET:
        importlib.import_module("eventlet.support.psycopg2_patcher").make_psycopg_green()


def _logged(func: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """Run a thread's function; a thread that fails must not do it in silence."""
    try:
        func(*args)
    except Exception:
        import logging  # a patched process must not have imported it before setup

        logging.getLogger(__name__).exception("The thread %s failed", func.__name__)


class Handle:
    """A function that runs in a thread of its own, green or native."""

    def __init__(self, func: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._thread = threading.Thread(
            target=_logged, args=(func, args), daemon=True, name=func.__name__
        )
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """True while the function runs."""
        return self._thread.is_alive()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the function's end.

        :param timeout: seconds, None for ever
        :returns: True when it ended in time
        """
        self._thread.join(timeout)
        return not self._thread.is_alive()


def spawn(func: Callable[..., Any], *args: Any) -> Handle:
    """Start ``func(*args)`` in a thread of its own; a green one under eventlet."""
    return Handle(func, args)
