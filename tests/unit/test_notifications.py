# SPDX-License-Identifier: Apache-2.0
"""What whoever listens is told of volumes."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite import notifications, rpc
from cinder_lite.context import RequestContext
from cinder_lite.db import volume_glance_metadata, volumes
from tests.unit import rows
from tests.unit.conftest import SetOption

FIELDS = {
    "tenant_id",
    "host",
    "user_id",
    "availability_zone",
    "volume_id",
    "volume_type",
    "display_name",
    "launched_at",
    "created_at",
    "status",
    "snapshot_id",
    "size",
    "replication_status",
    "replication_extended_status",
    "replication_driver_data",
    "metadata",
    "volume_attachment",
}


class Listener:
    """Stands in for oslo.messaging's Notifier."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, dict[str, Any]]] = []
        self.publishers: list[str] = []

    def __call__(self, publisher: str) -> Listener:
        self.publishers.append(publisher)
        return self

    def info(self, _context: RequestContext, event: str, payload: dict[str, Any]) -> None:
        self.heard.append(("INFO", event, payload))

    def error(self, _context: RequestContext, event: str, payload: dict[str, Any]) -> None:
        self.heard.append(("ERROR", event, payload))


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch, sqlite_database: str) -> Listener:
    """Listen to notifications."""
    made = Listener()
    monkeypatch.setattr(rpc, "get_notifier", made)
    monkeypatch.setattr(rpc, "notifications_enabled", lambda: True)
    return made


def test_a_volume(listener: Listener, admin: RequestContext) -> None:
    volume = volumes.create(
        {"project_id": "p", "size": 3, "status": "available", "user_id": "u"}, {"a": "b"}
    )
    volume_glance_metadata.update(volume.id, {"image_id": "i"})
    notifications.about_volume(admin, volume, "create.end")
    [(priority, event, payload)] = listener.heard
    assert (priority, event) == ("INFO", "volume.create.end")
    assert set(payload) == FIELDS | {"glance_metadata"}
    assert (payload["tenant_id"], payload["user_id"], payload["size"]) == ("p", "u", 3)
    assert payload["metadata"] == [{"key": "a", "value": "b"}]
    assert payload["glance_metadata"] == [{"key": "image_id", "value": "i"}]
    assert listener.publishers == ["volume"]


def test_an_error(listener: Listener, admin: RequestContext) -> None:
    notifications.about_volume(admin, rows.volume(), "create.error", message="no room")
    [(priority, event, payload)] = listener.heard
    assert (priority, event, payload["message"]) == ("ERROR", "volume.create.error", "no room")
    assert set(payload) == FIELDS | {"message"}


def test_a_volume_that_is_gone(listener: Listener, admin: RequestContext) -> None:
    volume = rows.volume()
    volumes.destroy(volume.id)
    notifications.about_volume(admin, volume, "delete.end")
    assert listener.heard[0][2]["metadata"] == []


def test_a_temporary_volume_is_nobodys_business(listener: Listener, admin: RequestContext) -> None:
    notifications.about_volume(admin, rows.volume(use_quota=False), "create.end")
    assert listener.heard == []


def test_a_snapshot(listener: Listener, admin: RequestContext) -> None:
    snapshot = rows.snapshot(rows.volume(size=2), metadata={"a": "b"})
    notifications.about_snapshot(admin, snapshot, "nova", "create.end")
    [(priority, event, payload)] = listener.heard
    assert (priority, event) == ("INFO", "snapshot.create.end")
    assert set(payload) == {
        "tenant_id",
        "user_id",
        "availability_zone",
        "volume_id",
        "volume_size",
        "snapshot_id",
        "display_name",
        "created_at",
        "status",
        "deleted",
        "metadata",
    }
    assert (payload["volume_size"], payload["availability_zone"]) == (2, "nova")
    assert (payload["metadata"], payload["deleted"]) == ("{'a': 'b'}", "False")
    assert listener.publishers == ["snapshot"]


def test_a_temporary_snapshot_is_nobodys_business(
    listener: Listener, admin: RequestContext
) -> None:
    snapshot = rows.snapshot(rows.volume(), use_quota=False)
    notifications.about_snapshot(admin, snapshot, None, "create.end")
    assert listener.heard == []


def test_a_listener_that_fails_changes_nothing(
    listener: Listener, admin: RequestContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_publisher: str) -> None:
        raise RuntimeError("the broker is away")

    monkeypatch.setattr(rpc, "get_notifier", fail)
    notifications.about_volume(admin, rows.volume(), "create.end")
    assert listener.heard == []


@pytest.mark.parametrize(("driver", "on"), [([], False), (["noop"], False), (["log"], True)])
def test_they_are_off_without_a_driver(option: SetOption, driver: list[str], on: bool) -> None:
    rpc._notification_transport()
    option("driver", driver, "oslo_messaging_notifications")
    assert rpc.notifications_enabled() is on
    rpc.cleanup()
