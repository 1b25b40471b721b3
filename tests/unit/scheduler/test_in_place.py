# SPDX-License-Identifier: Apache-2.0
"""Extensions and snapshots are admitted to their volume's backend, or refused and undone."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from cinder_lite import states
from cinder_lite.context import RequestContext
from cinder_lite.db import engine, growth, messages, models, services, snapshots, volumes
from cinder_lite.objects import Snapshot, Volume
from cinder_lite.scheduler.manager import SchedulerManager
from tests.unit.scheduler.conftest import (
    PROJECT,
    FakeNotifier,
    FakeVolumeAPI,
    flat,
    forget_services,
    new_volume,
    report,
)

HOST = "h1@b#pool"


@pytest.fixture(autouse=True)
def _backend(manager: SchedulerManager) -> None:
    """One backend with 40 of 100 GiB free."""
    report(manager.driver.host_manager, "h1@b", flat(free_capacity_gb=40), age=20)


@pytest.fixture
def volume() -> Volume:
    """A volume of 10 GiB."""
    return new_volume(status=states.AVAILABLE, host=HOST, use_quota=True)


@pytest.fixture
def snapshot(volume: Volume) -> Snapshot:
    """A snapshot that is to be made."""
    made, _ = snapshots.create(volume.id, [], {"project_id": PROJECT})
    assert made is not None
    return made


def free(manager: SchedulerManager) -> Any:
    (state,), _ = manager.driver.host_manager.get_all_host_states(HOST)
    return state.free_capacity_gb


def used() -> tuple[int, int, int]:
    """Return what the project has: GiB, GiB that are reserved, snapshots."""
    table = models.quota_usages.c
    query = sa.select(table.resource, table.in_use, table.reserved)
    with engine.statement() as connection:
        found = {name: counts for name, *counts in connection.execute(query)}
    in_use, reserved = found["gigabytes"]
    return in_use, reserved, found.get("snapshots", [0])[0]


def told(context: RequestContext) -> list[tuple[str, str, str, str | None]]:
    """Return what users are told."""
    return [
        (one.resource_type, one.resource_uuid, one.action_id, one.detail_id)
        for one in messages.listing(context, {})
    ]


# --- extending ---------------------------------------------------------------------------------


def begin(volume: Volume, new_size: int) -> None:
    assert growth.begin(volume.id, new_size, ()) == []


def test_what_fits_is_grown(
    manager: SchedulerManager, rpcapi: FakeVolumeAPI, context: RequestContext, volume: Volume
) -> None:
    begin(volume, 50)
    manager.extend_volume(context, volume.id, 50)
    [(name, arguments)] = rpcapi.calls
    assert (name, arguments["volume"].id, arguments["new_size"]) == ("extend_volume", volume.id, 50)
    assert volumes.get(context, volume.id).status == states.EXTENDING
    assert free(manager) == 0, "its room is promised"
    assert told(context) == []


def test_the_promise_lasts_until_a_report_holds_what_grew(
    manager: SchedulerManager, context: RequestContext, volume: Volume
) -> None:
    begin(volume, 40)
    manager.extend_volume(context, volume.id, 40)
    states_of = manager.driver.host_manager
    report(states_of, "h1@b", flat(free_capacity_gb=40), age=10)
    assert free(manager) == 10, "it has not grown yet"
    growth.end(volume.id, grown=True)
    report(states_of, "h1@b", flat(free_capacity_gb=40), age=5)
    assert free(manager) == 10, "the figures are from before its end"
    report(states_of, "h1@b", flat(free_capacity_gb=10), age=-5)
    assert free(manager) == 10, "this report holds it"


def test_a_promise_ends_with_an_extension_that_fails(
    manager: SchedulerManager, context: RequestContext, volume: Volume
) -> None:
    begin(volume, 40)
    manager.extend_volume(context, volume.id, 40)
    growth.end(volume.id, grown=False, status=states.ERROR_EXTENDING)
    report(manager.driver.host_manager, "h1@b", flat(free_capacity_gb=40), age=5)
    assert free(manager) == 40


def test_a_report_before_the_request_is_not_in_its_way(
    manager: SchedulerManager, rpcapi: FakeVolumeAPI, context: RequestContext, volume: Volume
) -> None:
    begin(volume, 50)
    report(manager.driver.host_manager, "h1@b", flat(free_capacity_gb=40), age=10)
    assert free(manager) == 0, "the database tells of it"
    manager.extend_volume(context, volume.id, 50)
    assert [name for name, _ in rpcapi.calls] == ["extend_volume"]
    assert free(manager) == 0


def test_what_another_scheduler_promised_is_known_by_the_next_report(
    manager: SchedulerManager, volume: Volume, snapshot: Snapshot
) -> None:
    begin(volume, 15)
    report(manager.driver.host_manager, "h1@b", flat(free_capacity_gb=40), age=10)
    assert free(manager) == 40 - 5 - 10


def test_what_does_not_fit_is_refused_and_undone(
    manager: SchedulerManager,
    rpcapi: FakeVolumeAPI,
    notifier: FakeNotifier,
    context: RequestContext,
    volume: Volume,
    caplog: pytest.LogCaptureFixture,
) -> None:
    begin(volume, 51)
    assert used() == (10, 41, 0)
    manager.extend_volume(context, volume.id, 51)
    assert rpcapi.calls == []
    now = volumes.get(context, volume.id)
    assert (now.status, now.size) == (states.AVAILABLE, 10)
    assert used() == (10, 0, 0)
    assert free(manager) == 40
    assert told(context) == [("VOLUME", volume.id, "007", "003")]
    assert "41 GiB are asked for, but 40.00 GiB are left" in caplog.text
    [(event, payload)] = notifier.sent
    assert event == "scheduler.extend_volume"
    assert payload["state"] == {"status": states.AVAILABLE, "previous_status": None}


def test_a_backend_that_is_switched_off_grows_nothing(
    manager: SchedulerManager, rpcapi: FakeVolumeAPI, context: RequestContext, volume: Volume
) -> None:
    [service] = services.listing(host="h1@b")
    services.update(service.id, {"disabled": True})
    forget_services(manager.driver.host_manager)
    begin(volume, 11)
    manager.extend_volume(context, volume.id, 11)
    assert rpcapi.calls == []
    assert volumes.get(context, volume.id).status == states.AVAILABLE


def test_a_broker_that_fails_undoes_it_too(
    manager: SchedulerManager, rpcapi: FakeVolumeAPI, context: RequestContext, volume: Volume
) -> None:
    rpcapi.broken = OSError("no broker")
    begin(volume, 11)
    manager.extend_volume(context, volume.id, 11)
    assert volumes.get(context, volume.id).status == states.AVAILABLE
    assert (used(), free(manager)) == ((10, 0, 0), 40)
    assert told(context) == [("VOLUME", volume.id, "007", "001")]


def test_a_refusal_that_comes_too_late_changes_nothing(
    manager: SchedulerManager,
    context: RequestContext,
    volume: Volume,
    notifier: FakeNotifier,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin(volume, 51)
    growth.end(volume.id, grown=True)
    monkeypatch.setattr(growth, "growing_to", lambda _: 500)  # as it was a moment ago
    manager.extend_volume(context, volume.id, 500)
    now = volumes.get(context, volume.id)
    assert (now.status, now.size, used()) == (states.AVAILABLE, 51, (51, 0, 0))
    assert (told(context), notifier.sent) == ([], [])


def test_a_message_that_comes_too_late_does_not_end_another_extension(
    manager: SchedulerManager, rpcapi: FakeVolumeAPI, context: RequestContext, volume: Volume
) -> None:
    begin(volume, 12)
    manager.extend_volume(context, volume.id, 500)
    assert rpcapi.calls == []
    assert volumes.get(context, volume.id).status == states.EXTENDING
    assert (used(), told(context)) == ((10, 2, 0), [])


def test_what_has_gone_is_not_grown(
    manager: SchedulerManager, rpcapi: FakeVolumeAPI, context: RequestContext, volume: Volume
) -> None:
    volumes.destroy(volume.id)
    manager.extend_volume(context, volume.id, 11)
    assert rpcapi.calls == []


# --- snapshots ---------------------------------------------------------------------------------


def test_a_snapshot_that_fits_is_made(
    manager: SchedulerManager, rpcapi: FakeVolumeAPI, context: RequestContext, snapshot: Snapshot
) -> None:
    manager.create_snapshot(context, snapshot.id)
    assert rpcapi.calls == [("create_snapshot", {"host": HOST, "snapshot_id": snapshot.id})]
    assert snapshots.get(context, snapshot.id).status == states.CREATING
    assert free(manager) == 30


def test_a_snapshots_promise_lasts_until_a_report_holds_it(
    manager: SchedulerManager, context: RequestContext, snapshot: Snapshot
) -> None:
    manager.create_snapshot(context, snapshot.id)
    states_of = manager.driver.host_manager
    report(states_of, "h1@b", flat(free_capacity_gb=40), age=10)
    assert free(manager) == 30, "it is not made yet"
    snapshots.conditional_update(snapshot.id, {"status": states.AVAILABLE}, None)
    report(states_of, "h1@b", flat(free_capacity_gb=40), age=5)
    assert free(manager) == 30, "the figures are from before its end"
    report(states_of, "h1@b", flat(free_capacity_gb=30), age=-5)
    assert free(manager) == 30, "this report holds it"


def test_a_snapshot_that_does_not_fit_is_in_error_and_uncounted(
    manager: SchedulerManager,
    rpcapi: FakeVolumeAPI,
    notifier: FakeNotifier,
    context: RequestContext,
    snapshot: Snapshot,
) -> None:
    report(manager.driver.host_manager, "h1@b", flat(free_capacity_gb=9))
    assert used() == (20, 0, 1)
    manager.create_snapshot(context, snapshot.id)
    assert rpcapi.calls == []
    now = snapshots.get(context, snapshot.id)
    assert (now.status, now.use_quota, now.scheduled_at) == (states.ERROR, False, None)
    assert used() == (10, 0, 0)
    assert told(context) == [("VOLUME_SNAPSHOT", snapshot.id, "009", "003")]
    [(event, payload)] = notifier.sent
    assert (event, payload["snapshot_id"]) == ("scheduler.create_snapshot", snapshot.id)
    snapshots.destroy(snapshot.id)
    assert used() == (10, 0, 0), "given back twice"


def test_a_snapshot_that_was_made_meanwhile_stays(
    manager: SchedulerManager, context: RequestContext, snapshot: Snapshot
) -> None:
    report(manager.driver.host_manager, "h1@b", flat(free_capacity_gb=9))
    snapshots.update(snapshot.id, {"status": states.AVAILABLE})
    manager.create_snapshot(context, snapshot.id)
    assert snapshots.get(context, snapshot.id).status == states.AVAILABLE
    assert (used(), told(context)) == ((20, 0, 1), [])


def test_a_snapshot_that_has_gone_is_not_made(
    manager: SchedulerManager, rpcapi: FakeVolumeAPI, context: RequestContext, snapshot: Snapshot
) -> None:
    snapshots.destroy(snapshot.id)
    manager.create_snapshot(context, snapshot.id)
    assert rpcapi.calls == []
