# SPDX-License-Identifier: Apache-2.0
"""Moving volumes, and looking at the moves."""

from __future__ import annotations

import io
import os
import signal
import sys
from typing import Any

import pytest

from cinder_lite.shell import waiting
from cinder_lite.shell.main import main
from tests.unit.shell.conftest import Run
from tests.unit.shell.fake_service import (
    NOT_FOUND_BY_MAPPER,
    FakeService,
    Record,
    Request,
    fault,
)

MIB = 1024**2
TARGET = "node@two#two"
COPY: list[Record] = [
    {"phase": "creating"},
    {"phase": "copying", "percent": 0, "bytes_copied": 0},
    {"phase": "copying", "percent": 1, "bytes_copied": 10 * MIB, "bytes_per_second": 100 * MIB},
    {"phase": "copying", "percent": 42, "bytes_copied": 430 * MIB, "bytes_per_second": 212 * MIB},
    {"phase": "completing", "percent": 100, "bytes_copied": 1024 * MIB},
    {"phase": "done", "status": "success", "percent": 100, "bytes_skipped": 0},
]


class Terminal(io.StringIO):
    """A stdout that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_migrate_says_how_to_follow_the_move(run: Run, service: FakeService) -> None:
    service.add_volume("vol1")
    result = run("migrate", "vol1", TARGET)

    assert (result.status, result.err) == (0, "")
    assert result.out == (
        f"Volume vol1 is being migrated to {TARGET}; "
        "'cinder-lite migration-show vol1' shows how far it is.\n"
    )
    assert service.asked("POST", "/action$")[0].body == {
        "os-migrate_volume": {"host": TARGET, "force_host_copy": False, "lock_volume": False}
    }
    assert service.asked("GET", "migrations") == []


def test_migrate_sends_its_options(run: Run, service: FakeService) -> None:
    service.add_volume("vol1")
    result = run("-q", "migrate", "vol1", TARGET, "--force-host-copy", "--lock-volume")

    assert (result.status, result.out) == (0, "")
    assert service.asked("POST", "/action$")[0].body == {
        "os-migrate_volume": {"host": TARGET, "force_host_copy": True, "lock_volume": True}
    }


def test_migrate_of_a_volume_whose_server_is_shut_off(run: Run, service: FakeService) -> None:
    service.add_volume("vol1")
    assert run("-q", "migrate", "vol1", TARGET, "--offline-servers").status == 0
    [asked] = service.asked("POST", "/action$")
    assert asked.body["os-migrate_volume"]["offline_servers"] is True


def test_migrate_that_is_refused_gives_the_reason(run: Run, service: FakeService) -> None:
    service.add_volume("vol1")
    reason = "Invalid volume: it has snapshots,\nand it is already on this host."
    service.plan("POST", "/action$", fault(400, reason))
    result = run("migrate", "vol1", TARGET, "--wait")

    assert result.status == 1
    assert result.out == ""
    assert result.err.startswith(
        "Volume vol1 cannot be migrated: Invalid volume: it has snapshots, "
        "and it is already on this host (req-"
    )
    assert result.err.count("\n") == 1
    assert service.asked("GET", "migrations") == []


def test_migrate_waits_and_prints_percent_lines(run: Run, service: FakeService) -> None:
    service.add_volume("vol1")
    service.script = [dict(step) for step in COPY]
    result = run("migrate", "vol1", TARGET, "--wait")

    assert (result.status, result.err) == (0, "")
    assert result.out.splitlines() == [
        "Volume vol1: scheduling (0 B of 1 GiB)",
        "Volume vol1: creating (0 B of 1 GiB)",
        "Volume vol1: copying 0% (0 B of 1 GiB)",
        "Volume vol1: copying 42% (430 MiB of 1 GiB, 212 MiB/s)",
        "Volume vol1: completing 100% (1 GiB of 1 GiB, 212 MiB/s)",
        "Volume vol1: done 100% (1 GiB of 1 GiB, 212 MiB/s)",
        f"Volume vol1 is on {TARGET} now, 1 GiB copied, 212 MiB/s.",
    ]


def test_migrate_waits_in_silence_when_told(run: Run, service: FakeService) -> None:
    service.add_volume("vol1")

    assert run("migrate", "vol1", TARGET, "--wait", "--quiet")[:2] == (0, "")


def test_migrate_tells_how_much_was_empty(run: Run, service: FakeService) -> None:
    service.add_volume("vol1")
    service.script = [
        {"status": "success", "bytes_copied": 24 * MIB, "bytes_skipped": 1000 * MIB}
        | {"bytes_per_second": None}
    ]
    result = run("migrate", "vol1", TARGET, "--wait")

    assert result.out.splitlines()[-1] == (
        f"Volume vol1 is on {TARGET} now, 24 MiB copied, 1000 MiB skipped as empty."
    )


def test_migrate_draws_a_bar_on_a_terminal(
    run: Run, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.add_volume("vol[1]")
    service.script = [dict(step) for step in COPY]
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    status = main(["migrate", "vol[1]", TARGET, "--wait"])

    shown = terminal.getvalue()
    assert status == 0
    assert "vol[1]: done" in shown
    assert "100%" in shown
    assert "━" in shown
    assert "1 GiB of 1 GiB" in shown
    assert f"is on {TARGET} now" in shown


def test_migrate_that_fails_later_gives_the_records_reason(run: Run, service: FakeService) -> None:
    service.add_volume("vol1")
    service.script = [
        {"phase": "copying", "percent": 10},
        {"status": "error", "phase": "done", "error": "the disk of node@two is full"},
    ]
    result = run("migrate", "vol1", TARGET, "--wait")

    request_id = service.migrations[0]["request_id"]
    assert result.status == 1
    assert result.err == (
        f"The migration of volume vol1 failed: the disk of node@two is full ({request_id}).\n"
    )


def test_migrate_follows_its_own_record(run: Run, service: FakeService) -> None:
    volume = service.add_volume("vol1")
    service.add_migration(volume, status="error", error="an earlier one")

    def late(request: Request) -> tuple[int, Any]:
        records = service.migrations[:]
        ours = records.pop(0)
        return 200, {"volume_migrations": [*records, ours]}

    service.plan("GET", "os-volume-migrations$", late)
    result = run("migrate", "vol1", TARGET, "--wait")

    assert result.status == 0


def test_migrate_never_takes_an_earlier_result_for_its_own(run: Run, service: FakeService) -> None:
    volume = service.add_volume("vol1", **{"os-vol-mig-status-attr:migstat": "migrating"})
    earlier = service.add_migration(volume)
    service.plan("GET", "os-volume-migrations$", *[(200, {"volume_migrations": [earlier]})] * 3)
    service.script = [{"status": "error", "error": "no"}]
    result = run("migrate", "vol1", TARGET, "--wait")

    assert result.status == 1
    assert "Volume vol1: migrating\n" in result.out


@pytest.mark.parametrize(
    ("end", "status", "last"),
    [
        ("success", 0, "Volume vol1 is on node@two#two now.\n"),
        ("error", 1, "The migration of volume vol1 failed: the service gives no reason"),
    ],
)
def test_migrate_on_a_service_without_records_watches_the_volume(
    run: Run, service: FakeService, end: str, status: int, last: str
) -> None:
    key = "os-vol-mig-status-attr:migstat"
    volume = service.add_volume("vol1", **{"os-vol-host-attr:host": TARGET})
    service.plan("GET", "os-volume-migrations", (404, NOT_FOUND_BY_MAPPER))
    steps = [(200, {"volume": volume | {key: step}}) for step in ("starting", "migrating", end)]
    service.plan("GET", "/volumes/[^/]*-", *steps)
    result = run("migrate", "vol1", TARGET, "--wait")

    assert result.status == status
    assert "Volume vol1: starting\nVolume vol1: migrating\n" in result.out
    assert last in result.out + result.err
    assert len(service.asked("GET", "os-volume-migrations")) == 1


def test_migrate_gives_up_waiting_when_the_time_is_over(run: Run, service: FakeService) -> None:
    service.add_volume("vol1")
    service.script = []
    result = run("migrate", "vol1", TARGET, "--wait", "--timeout", "0.05")

    assert result.status == 4
    assert result.err == (
        "After 0.05 s the migration of volume vol1 has not ended; it goes on in the service, and "
        f"'cinder-lite migration-show {service.migrations[0]['id']}' shows it.\n"
    )


def test_migrate_gives_up_on_a_service_without_records(run: Run, service: FakeService) -> None:
    service.add_volume("vol1", **{"os-vol-mig-status-attr:migstat": "migrating"})
    service.plan("GET", "os-volume-migrations", (404, NOT_FOUND_BY_MAPPER))
    result = run("migrate", "vol1", TARGET, "--wait", "--timeout", "0")

    assert result.status == 4
    assert result.err.endswith("and 'cinder-lite show vol1' shows it.\n")


def test_migrate_interrupted_says_that_the_move_goes_on(run: Run, service: FakeService) -> None:
    service.add_volume("vol1")
    service.script = []

    def interrupt(request: Request) -> tuple[int, Any]:
        os.kill(os.getpid(), signal.SIGINT)
        return 200, {"volume_migration": service.migrations[0]}

    service.plan("GET", "os-volume-migrations/", interrupt)
    result = run("migrate", "vol1", TARGET, "--wait")

    assert result.status == 130
    assert result.err == (
        "Interrupted; the migration of volume vol1 goes on in the service, and "
        f"'cinder-lite migration-show {service.migrations[0]['id']}' shows it.\n"
    )


def test_waiting_outlives_a_restart_of_the_service(run: Run, service: FakeService) -> None:
    service.add_volume("vol1")
    gone = fault(503, "The service is starting.", "serviceUnavailable")
    service.plan("GET", "os-volume-migrations/", gone, (502, b"<html>Bad gateway</html>"))

    assert run("migrate", "vol1", TARGET, "--wait").status == 0


def test_waiting_does_not_outlive_the_service(
    run: Run, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", 0.0)
    service.add_volume("vol1")
    gone = fault(503, "The service is starting.", "serviceUnavailable")
    service.plan("GET", "os-volume-migrations/", *[gone] * 9)
    result = run("migrate", "vol1", TARGET, "--wait")

    assert result.status == 1
    assert result.err.startswith(
        "The migration of volume vol1 cannot be followed: The service is starting (req-"
    )


def test_migration_list(run: Run, service: FakeService) -> None:
    one, two = service.add_volume("one"), service.add_volume("two")
    service.add_migration(one)
    service.add_migration(two, status="running", percent=7)
    rows = run("migration-list", "-f", "json").json

    assert [row["Volume ID"] for row in rows] == [two["id"], one["id"]]
    assert rows[0]["Done"] == 7
    table = run("migration-list").out
    assert "| 7% " in table
    assert "| 2026-11-21T12:00:00 |" in table


def test_migration_list_sends_its_filters(run: Run, service: FakeService) -> None:
    volume = service.add_volume("one")
    result = run(
        *("migration-list", "--volume", "one", "--status", "error", "--source-host", "a@b#c"),
        *("--dest-host", "d@e#f", "--limit", "3"),
    )

    assert result.status == 0
    assert service.asked("GET", "migrations")[0].query == {
        "volume_id": volume["id"],
        "status": "error",
        "source_host": "a@b#c",
        "dest_host": "d@e#f",
        "limit": "3",
    }


def test_migration_list_on_a_service_without_records(run: Run, service: FakeService) -> None:
    service.plan("GET", "os-volume-migrations", (404, NOT_FOUND_BY_MAPPER))
    result = run("migration-list")

    assert result.status == 1
    assert result.err == (
        "This service keeps no migration records; 'cinder-lite show' has the migration status.\n"
    )


def test_migration_list_for_people_who_may_not(run: Run, service: FakeService) -> None:
    service.plan("GET", "migrations", fault(403, "Only for administrators.", "forbidden"))
    result = run("migration-list")

    assert result.status == 1
    assert result.err.startswith("Migrations cannot be listed: Only for administrators (req-")


def test_migration_abort(run: Run, service: FakeService) -> None:
    record = service.add_migration(service.add_volume("one"))
    result = run("migration-abort", "one")

    assert result.status == 0
    assert result.out == (
        f"Migration {record['id']} is being aborted; 'cinder-lite migration-show {record['id']}' "
        "shows when that is done.\n"
    )
    assert service.migrations[0]["error"] == "it was aborted"


def test_migration_abort_that_is_refused(run: Run, service: FakeService) -> None:
    record = service.add_migration(service.add_volume("one"))
    service.plan(
        "DELETE", f"os-volume-migrations/{record['id']}", fault(400, "It has ended.", "badRequest")
    )
    result = run("migration-abort", record["id"])

    assert result.status == 1
    assert result.err.startswith(f"Migration {record['id']} cannot be aborted: It has ended")


def test_migration_show_by_its_id(run: Run, service: FakeService) -> None:
    record = service.add_migration(service.add_volume("one"))
    table = run("migration-show", record["id"]).out

    assert "512 MiB/s" in table
    assert "100%" in table
    shown = run("migration-show", record["id"], "-f", "json").json
    assert shown["bytes_total"] == 1024**3


def test_migration_show_of_a_volume_is_its_latest(run: Run, service: FakeService) -> None:
    volume = service.add_volume("one")
    service.add_migration(volume)
    latest = service.add_migration(volume)
    service.add_migration(service.add_volume("two"))

    assert run("migration-show", "one", "-f", "json").json["id"] == latest["id"]
    assert run("migration-show", volume["id"], "-f", "json").json["id"] == latest["id"]


def test_migration_show_of_a_volume_that_was_deleted(run: Run, service: FakeService) -> None:
    volume = service.add_volume("one")
    record = service.add_migration(volume)
    service.volumes.clear()

    assert run("migration-show", volume["id"], "-f", "json").json["id"] == record["id"]


def test_migration_show_of_a_volume_that_never_moved(run: Run, service: FakeService) -> None:
    service.add_volume("one")
    result = run("migration-show", "one")

    assert result.status == 1
    assert result.err == (
        "No migration, or volume with a migration, that you may see has the name or id 'one'.\n"
    )
