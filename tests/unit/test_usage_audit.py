# SPDX-License-Identifier: Apache-2.0
"""The audit of usage: which period, what existed in it, and what is told of that."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from cinder_lite import exception, notifications, rpc, states, usage_audit
from cinder_lite.cmd import manage
from cinder_lite.context import RequestContext
from cinder_lite.db import snapshots, usage, volumes
from tests.unit import rows
from tests.unit.conftest import SetOption

NOW = datetime.datetime(2026, 3, 10, 9, 7, 30)
BEGIN, END = datetime.datetime(2026, 3, 1), datetime.datetime(2026, 3, 2)
BEFORE, WITHIN, AFTER = (BEGIN + datetime.timedelta(hours=h) for h in (-9, 9, 33))


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch, sqlite_database: str) -> list[tuple[str, Any]]:
    """What whoever listens hears."""
    found: list[tuple[str, Any]] = []

    def send(_context: Any, event: str, payload: Any, *, publisher: str) -> bool:
        assert event.startswith(publisher + ".")
        found.append((event, payload))
        return True

    monkeypatch.setattr(rpc, "notifications_enabled", lambda: True)
    monkeypatch.setattr(notifications, "send", send)
    return found


@pytest.mark.parametrize(
    ("unit", "begin", "end"),
    [
        ("hour", "2026-03-10 08:00", "2026-03-10 09:00"),
        ("hour@7", "2026-03-10 08:07", "2026-03-10 09:07"),
        ("hour@8", "2026-03-10 07:08", "2026-03-10 08:08"),
        ("day", "2026-03-09 00:00", "2026-03-10 00:00"),
        ("day@18", "2026-03-08 18:00", "2026-03-09 18:00"),
        ("month", "2026-02-01 00:00", "2026-03-01 00:00"),
        ("month@15", "2026-01-15 00:00", "2026-02-15 00:00"),
        ("year", "2025-01-01 00:00", "2026-01-01 00:00"),
        ("year@4", "2024-04-01 00:00", "2025-04-01 00:00"),
    ],
)
def test_the_last_period_that_is_over(unit: str, begin: str, end: str) -> None:
    found = usage_audit.last_period(unit, NOW)
    assert [moment.strftime("%Y-%m-%d %H:%M") for moment in found] == [begin, end]
    assert found[0].second == found[1].second == 0


def test_a_period_that_begins_just_now_is_not_over() -> None:
    midnight = datetime.datetime(2026, 1, 1)
    begin, end = usage_audit.last_period("month", midnight)
    assert (begin, end) == (datetime.datetime(2025, 11, 1), datetime.datetime(2025, 12, 1))


@pytest.mark.parametrize("unit", ["week", "", "day@", "day@24", "month@31", "day@x", "year@-1"])
def test_other_periods_are_refused(unit: str) -> None:
    if unit == "day@":
        assert usage_audit.last_period(unit, NOW) == usage_audit.last_period("day", NOW)
        return
    with pytest.raises(exception.InvalidParameterValue, match="audit period"):
        usage_audit.last_period(unit, NOW)


def _volume(
    created: datetime.datetime, deleted: datetime.datetime | None = None, **more: Any
) -> str:
    volume = rows.volume(created_at=created, launched_at=created, **more)
    if deleted is not None:
        volumes.destroy(volume.id)
        volumes.update(volume.id, {"deleted_at": deleted})
    return volume.id


def test_what_existed_in_the_period_is_told_of(
    heard: list[tuple[str, Any]], admin: RequestContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "PAGE", 2)
    there = {
        _volume(BEFORE),
        _volume(WITHIN, size=5),
        _volume(BEFORE, WITHIN),
        _volume(BEFORE, AFTER),
        _volume(BEFORE, migration_status=states.MIGRATION_MIGRATING),
    }
    _volume(AFTER)
    _volume(END)
    _volume(BEFORE, BEGIN)
    _volume(BEFORE, use_quota=False, migration_status="target:x")
    outcome = usage_audit.run(admin, BEGIN, END)
    assert {payload["volume_id"] for _, payload in heard} == there
    assert {event for event, _ in heard} == {"volume.exists"}
    assert len(heard) == outcome.volumes == 5
    assert outcome.failed == 0
    for _, payload in heard:
        assert payload["audit_period_beginning"] == "2026-03-01 00:00:00+00:00"
        assert payload["audit_period_ending"] == "2026-03-02 00:00:00+00:00"
    assert sorted(payload["size"] for _, payload in heard) == [1, 1, 1, 1, 5]


def test_snapshots_are_told_of_even_when_their_volume_is_gone(
    heard: list[tuple[str, Any]], admin: RequestContext
) -> None:
    volume = rows.volume(created_at=BEFORE, availability_zone="zone-1")
    snapshot = rows.snapshot(volume)
    snapshots.update(snapshot.id, {"created_at": BEFORE})
    snapshots.destroy(snapshot.id)
    snapshots.update(snapshot.id, {"deleted_at": WITHIN})
    volumes.destroy(volume.id)
    volumes.update(volume.id, {"deleted_at": BEFORE})
    usage_audit.run(admin, BEGIN, END, send_actions=True)
    assert [event for event, _ in heard[1:]] == ["snapshot.delete.start", "snapshot.delete.end"]
    event, payload = heard[0]
    assert (event, payload["snapshot_id"]) == ("snapshot.exists", snapshot.id)
    assert (payload["availability_zone"], payload["deleted"]) == ("zone-1", "True")
    assert payload["audit_period_beginning"] == "2026-03-01 00:00:00+00:00"


def test_what_happened_in_the_period_is_told_on_demand(
    heard: list[tuple[str, Any]], admin: RequestContext
) -> None:
    _volume(WITHIN, WITHIN + datetime.timedelta(hours=1))
    _volume(BEFORE, AFTER)
    usage_audit.run(admin, BEGIN, END, send_actions=True)
    assert sorted(event for event, _ in heard) == [
        "volume.create.end",
        "volume.create.start",
        "volume.delete.end",
        "volume.delete.start",
        "volume.exists",
        "volume.exists",
    ]
    made = next(payload for event, payload in heard if event == "volume.create.end")
    assert made["audit_period_beginning"] == made["audit_period_ending"]
    assert made["audit_period_ending"] == "2026-03-01 09:00:00+00:00"


def test_without_a_driver_it_says_so(sqlite_database: str, admin: RequestContext) -> None:
    with pytest.raises(exception.Invalid, match="oslo_messaging_notifications"):
        usage_audit.run(admin, BEGIN, END)


def test_a_period_must_have_a_length(heard: list[tuple[str, Any]], admin: RequestContext) -> None:
    with pytest.raises(exception.InvalidParameterValue, match="must be after its start"):
        usage_audit.run(admin, BEGIN, BEGIN)


# --- the command -------------------------------------------------------------------------------


def _command(*words: str) -> Any:
    from oslo_config import cfg

    conf = cfg.ConfigOpts()
    conf.register_cli_opt(cfg.SubCommandOpt("command", handler=manage._add_commands))
    conf(["usage-audit", *words])
    return conf.command


def test_the_command(
    heard: list[tuple[str, Any]], option: SetOption, capsys: pytest.CaptureFixture[str]
) -> None:
    _volume(WITHIN)
    _volume(AFTER)
    times = ("--start-time", "2026-03-01 00:00:00", "--end_time", "2026-03-02 00:00:00")
    manage.usage_audit_run(_command(*times, "--send-actions"))
    assert len(heard) == 3
    assert capsys.readouterr().out == (
        "From 2026-03-01 00:00:00 to 2026-03-02 00:00:00 UTC: 1 volumes and 0 snapshots.\n"
    )
    heard.clear()
    option("volume_usage_audit_period", "hour")
    manage.usage_audit_run(_command())
    assert len(heard) == 2, "what still exists"
    with pytest.raises(exception.InvalidParameterValue, match="not of the form"):
        manage.usage_audit_run(_command("--start-time", "yesterday"))


def test_what_could_not_be_sent_fails_the_command(
    heard: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _volume(WITHIN)
    monkeypatch.setattr(notifications, "send", lambda *_, **__: False)
    with pytest.raises(exception.Invalid, match="1 notifications could not be sent"):
        manage.usage_audit_run(_command("--start-time", "2026-03-01 00:00:00"))
