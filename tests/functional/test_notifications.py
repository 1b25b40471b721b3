# SPDX-License-Identifier: Apache-2.0
"""What whoever listens at RabbitMQ hears of volumes and snapshots."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from typing import Any

import kombu
import pytest

from tests.functional.harness import process
from tests.functional.harness.deployment import Deployment


@pytest.fixture(scope="module")
def telling(start_deployment: Callable[..., Deployment]) -> Deployment:
    """A deployment that sends notifications."""
    settings = {"oslo_messaging_notifications": {"driver": "messagingv2"}}
    return start_deployment(settings=settings, hosts=("alpha",))


class Listener:
    """Reads the queue of notifications, as a billing system does."""

    def __init__(self, url: str) -> None:
        self._connection = kombu.Connection(url.replace("rabbit://", "amqp://", 1))
        self._channel = self._connection.channel()

    def heard(self, until: str) -> dict[str, dict[str, Any]]:
        """Return payloads by event type; the one named comes last.

        :param until: an event type that is waited for
        """
        found: dict[str, dict[str, Any]] = {}

        def more() -> bool:
            while (message := self._next()) is not None:
                found[message["event_type"]] = message["payload"]
            return until in found

        process.wait_until(more, 30, f"the notification {until}")
        return found

    def _next(self) -> dict[str, Any] | None:
        message = self._channel.basic_get("notifications.info", no_ack=True)
        if message is None:
            return None
        body = json.loads(message.body)
        told: dict[str, Any] = json.loads(body["oslo.message"])
        return told

    def close(self) -> None:
        """End it."""
        self._connection.release()


@pytest.fixture
def listener(telling: Deployment) -> Iterator[Listener]:
    """Listen at the deployment's broker."""
    lines = telling.config.read_text().splitlines()
    [url] = [line.partition("= ")[2] for line in lines if line.startswith("transport_url")]
    made = Listener(url)
    yield made
    made.close()


def test_a_life_and_an_audit(telling: Deployment, listener: Listener) -> None:
    volume = telling.create_volume(1, name="told of", metadata={"a": "b"})
    heard = listener.heard("volume.create.end")
    assert "volume.create.start" in heard
    assert heard["volume.create.end"]["volume_id"] == volume["id"]
    assert heard["volume.create.end"]["metadata"] == [{"key": "a", "value": "b"}]
    telling.delete_volume(volume["id"])
    assert "volume.delete.start" in listener.heard("volume.delete.end")

    kept = telling.create_volume(2, name="kept")
    listener.heard("volume.create.end")
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    begin, end = (f"{now + datetime.timedelta(hours=h):%Y-%m-%d %H:%M:%S}" for h in (-1, 1))
    said = telling.manage("usage-audit", "--start-time", begin, "--end-time", end)
    assert said == f"From {begin} to {end} UTC: 2 volumes and 0 snapshots.\n"
    exists = listener.heard("volume.exists")
    assert set(exists) == {"volume.exists"}
    for payload in exists.values():
        assert payload["volume_id"] in (volume["id"], kept["id"])
        assert payload["audit_period_beginning"] == f"{begin}+00:00"
        assert payload["audit_period_ending"] == f"{end}+00:00"
    telling.manage("usage-audit", "--start-time", begin, "--end-time", end, "--send-actions")
    assert set(listener.heard("volume.delete.end")) == {
        *("volume.exists", "volume.create.start", "volume.create.end"),
        *("volume.delete.start", "volume.delete.end"),
    }
    telling.delete_volume(kept["id"])
