# SPDX-License-Identifier: Apache-2.0
"""A service's start and stop, when they meet."""

from __future__ import annotations

import threading
import types
from typing import Any

import pytest

from cinder_lite import service


class Server:
    """Notes what is done with it."""

    def __init__(self, started: Any) -> None:
        self._started = started
        self.done: list[str] = []

    def start(self) -> None:
        """Begin."""
        self.done.append("start")
        self._started()

    def wait(self) -> None:
        """End, which nobody who was not stopped does."""
        assert "stop" in self.done, "a server that runs is waited for"
        self.done.append("wait")


def test_a_stop_in_mid_start_leaves_no_server_running(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Server] = []
    stops: list[threading.Thread] = []

    def told_to_stop() -> None:
        stops.append(threading.Thread(target=one.stop))
        stops[-1].start()
        one._stopping.wait(0.2)

    def server(*_: Any) -> Server:
        made.append(Server(told_to_stop))
        return made[-1]

    manager = types.SimpleNamespace(
        init_host=lambda: None, started=lambda: None, periodics=lambda: (), drain=lambda: None
    )
    monkeypatch.setattr(service.rpc, "server", server)
    monkeypatch.setattr(service.rpc, "stop", lambda server: server.done.append("stop"))
    one = service.RpcService(
        binary="cinder-volume",
        host="here@file",
        topics=["first", "second", "third"],
        availability_zone="nova",
        make_manager=lambda: manager,  # type: ignore[arg-type, return-value]
    )
    monkeypatch.setattr(one, "_register", lambda: None)
    one.start()
    for stop in stops:
        stop.join(10)
        assert not stop.is_alive()
    assert made
    assert all(server.done[:1] == ["start"] and "wait" in server.done for server in made)
