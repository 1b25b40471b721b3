# SPDX-License-Identifier: Apache-2.0
"""Casts and calls."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cinder_lite import rpc
from cinder_lite.context import RequestContext

CONTEXT = RequestContext(overwrite=False)


class Sender:
    """Stands in for oslo.messaging's client; notes how many casts were sent at once."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
        self.most = 0
        self._where: dict[str, Any] = {}
        self._now = 0
        self._lock = threading.Lock()

    def prepare(self, **where: Any) -> Sender:
        """Note where to."""
        self._where = where
        return self

    def cast(self, _context: RequestContext, method: str, **arguments: Any) -> None:
        """Take a moment."""
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(0.01)
        with self._lock:
            self._now -= 1
        if method == "fails":
            raise ConnectionError("the broker is gone")
        self.sent.append((method, arguments, self._where))

    def call(self, _context: RequestContext, method: str, **arguments: Any) -> Any:
        """Answer with what was asked."""
        return method, arguments


def test_a_burst_of_casts_goes_over_few_connections() -> None:
    sender = Sender()
    with ThreadPoolExecutor(30) as pool:
        for number in range(60):
            pool.submit(rpc.Client(sender).cast, CONTEXT, "create_volume", number=number)
    assert sorted(arguments["number"] for _, arguments, _ in sender.sent) == list(range(60))
    assert sender.most == rpc.CASTS_AT_ONCE


def test_a_cast_that_fails_is_told_and_hinders_no_other() -> None:
    client = rpc.Client(Sender())
    for _ in range(2 * rpc.CASTS_AT_ONCE):
        with pytest.raises(ConnectionError):
            client.cast(CONTEXT, "fails")
    client.cast(CONTEXT, "works")


def test_where_and_what() -> None:
    sender = Sender()
    prepared = rpc.Client(sender).prepare(topic="cinder-volume.one@file", server="one")
    prepared.cast(CONTEXT, "delete_volume", volume_id="v")
    where = {"topic": "cinder-volume.one@file", "server": "one"}
    assert sender.sent == [("delete_volume", {"volume_id": "v"}, where)]
    assert prepared.call(CONTEXT, "get_pools", a=1) == ("get_pools", {"a": 1})
