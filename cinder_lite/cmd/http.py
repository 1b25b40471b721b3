# SPDX-License-Identifier: Apache-2.0
"""The API's HTTP server: eventlet's on green threads, waitress on native ones."""

from __future__ import annotations

import io
import os
import resource
import socket
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from oslo_config import cfg
from oslo_log import log as logging
from oslo_service import service as oslo_service

from cinder_lite import concurrency, rpc

if TYPE_CHECKING:
    from cinder_lite.api.loader import Application

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_BACKLOG = 4096
_MOST_WORKERS = 4
_NATIVE_THREADS = 16
_MOST_CONNECTIONS = 4096


def worker_count() -> int:
    """Return how many API processes to run: one for each CPU, four at the most, or as set."""
    return int(CONF.osapi_volume_workers or min(os.cpu_count() or 1, _MOST_WORKERS))


def _listen() -> socket.socket:
    address, port = CONF.osapi_volume_listen, CONF.osapi_volume_listen_port
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Connections inherit it: an answer is never held back to be joined with the next.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((address, port))
    except OSError as error:
        raise SystemExit(f"cinder-lite-api can not listen on {address}:{port}: {error}") from None
    listener.listen(_BACKLOG)
    return listener


class HttpService(oslo_service.ServiceBase):
    """Serves the API on a socket that is opened at once, so that forked workers share it.

    :raises SystemExit: the API can not start
    """

    def __init__(self) -> None:
        from cinder_lite.api import loader

        loader.check()
        self._socket = _listen()
        self._server: Any = None
        self._stopped = threading.Event()

    def start(self) -> None:
        """Load the application and answer requests."""
        from cinder_lite.api import loader

        application = loader.load_app()
        make = _EventletServer if concurrency.backend() == concurrency.EVENTLET else _ThreadServer
        self._server = make(self._socket, application)
        LOG.info(
            "The API listens on %s:%s (%s)",
            CONF.osapi_volume_listen,
            CONF.osapi_volume_listen_port,
            concurrency.backend(),
        )

    def stop(self, graceful: bool = True) -> None:
        """Accept no more connections and let running requests end."""
        if self._server is not None and not self._stopped.is_set():
            self._server.stop()
            rpc.cleanup()
        self._stopped.set()

    def wait(self) -> None:
        """Wait until the server has stopped."""
        self._stopped.wait()

    def reset(self) -> None:
        """Take up changed options: those are read when they are used."""


def _connections() -> int:
    """Return how many connections are kept: half of the files that this process may open."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(CONF.wsgi_default_pool_size, min(files // 2, _MOST_CONNECTIONS))


def _limited(application: Application, requests: int) -> Application:
    """Return an application that works on so many requests at once; the others wait."""
    slots = threading.BoundedSemaphore(requests)

    def limited(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        _read_ahead(environ)
        with slots:
            return application(environ, start_response)

    return limited


def _read_ahead(environ: dict[str, Any]) -> None:
    """Take a request's body from its connection: one that comes slowly takes no request's place.

    One that is too long is left; it is refused unread.
    """
    most = CONF.osapi_max_request_body_size
    given = environ.get("CONTENT_LENGTH") or ""
    length = int(given) if given.isdecimal() else 0
    if "HTTP_TRANSFER_ENCODING" in environ and not given:
        length = most + 1  # that it is too long shows then
    elif length > most:
        return
    environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length) if length else b"")


class _EventletServer:
    """eventlet's WSGI server in a green thread."""

    def __init__(self, listener: socket.socket, application: Any) -> None:
        import eventlet  # only an entry point knows eventlet
        import eventlet.wsgi

        # A connection has a thread of the pool even while nothing is asked on it.
        self._pool = eventlet.GreenPool(_connections())
        self._green = eventlet.spawn(
            eventlet.wsgi.server,
            listener,
            _limited(application, CONF.wsgi_default_pool_size),
            custom_pool=self._pool,
            log=LOG,
            log_output=False,
            debug=False,
            socket_timeout=CONF.client_socket_timeout or None,
            url_length_limit=CONF.max_header_line,
        )
        eventlet.wsgi.MAX_HEADER_LINE = CONF.max_header_line

    def stop(self) -> None:
        self._green.kill()
        # Idle keep-alive connections hold pool threads until their timeout: do not wait for them.
        import eventlet

        with eventlet.Timeout(5, False):
            self._pool.waitall()


class _ThreadServer:
    """waitress in native threads."""

    def __init__(self, listener: socket.socket, application: Any) -> None:
        import waitress.server  # only with native threads

        self._server = waitress.server.create_server(
            application,
            sockets=[listener],
            threads=min(CONF.wsgi_default_pool_size, _NATIVE_THREADS),
            channel_timeout=CONF.client_socket_timeout or 900,
            max_request_header_size=max(CONF.max_header_line, 262144),
            ident=None,
            clear_untrusted_proxy_headers=False,
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True, name="http")
        self._thread.start()

    def stop(self) -> None:
        self._server.close()
        self._server.task_dispatcher.shutdown(timeout=5)
