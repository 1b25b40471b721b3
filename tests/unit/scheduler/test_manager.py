# SPDX-License-Identifier: Apache-2.0
"""The endpoints from message to outcome: rows, records, casts and notifications."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from oslo_config import cfg

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import volume_attachments, volume_migrations, volume_types, volumes
from cinder_lite.objects import Migration, Volume, utcnow
from cinder_lite.scheduler import failures
from cinder_lite.scheduler.filter_scheduler import FilterScheduler
from cinder_lite.scheduler.manager import SchedulerManager
from tests.unit.scheduler.conftest import (
    FakeNotifier,
    FakeVolumeAPI,
    flat,
    forget_services,
    new_migration,
    new_service,
    new_volume,
    report,
    spec_of,
)

CONF = cfg.CONF
TOPIC = "cinder-lite-volume"
ONE, TWO = "h1@b#pool", "h2@b#pool"


@pytest.fixture(autouse=True)
def _backends(manager: SchedulerManager) -> None:
    """Two backends: 100 and 50 GiB free."""
    report(manager.driver.host_manager, "h1@b", flat(free_capacity_gb=100))
    report(manager.driver.host_manager, "h2@b", flat(free_capacity_gb=50))


def free(manager: SchedulerManager, host: str) -> Any:
    (state,), _ = manager.driver.host_manager.get_all_host_states(host)
    return state.free_capacity_gb


class TestService:
    """What the service asks of its manager."""

    def test_the_driver_is_the_configured_one(self, manager: SchedulerManager) -> None:
        assert isinstance(manager.driver, FilterScheduler)
        assert manager.target.version == manager.RPC_API_VERSION
        assert manager.is_working()

    def test_start_asks_for_reports(self, manager: SchedulerManager, rpcapi: FakeVolumeAPI) -> None:
        manager.init_host()
        assert rpcapi.calls == []
        manager.started()
        assert [name for name, _ in rpcapi.calls] == ["publish_service_capabilities"]

    def test_periodic_work_settles(
        self, manager: SchedulerManager, rpcapi: FakeVolumeAPI, context: RequestContext
    ) -> None:
        volume = lost_volume()
        for periodic in manager.periodics():
            periodic.run()
        intervals = [periodic.interval for periodic in manager.periodics()]
        assert intervals == [30, 30, 30, CONF.message_reap_interval]
        assert volumes.get(context, volume.id).status == states.ERROR

    def test_reports_and_pools(self, manager: SchedulerManager, context: RequestContext) -> None:
        new_service("h3@b")
        forget_services(manager.driver.host_manager)
        manager.update_service_capabilities(
            context, "volume", "h3@b", flat(), timestamp=utcnow().isoformat()
        )
        assert [one["name"] for one in manager.get_pools(context)] == [ONE, TWO, "h3@b#pool"]
        (found,) = manager.get_pools(context, {"name": TWO})
        assert found["capabilities"]["free_capacity_gb"] == 50
        json.dumps(found)


class TestCreateVolume:
    """A new volume finds a place, or gives the reason why not."""

    def create(self, manager: SchedulerManager, context: RequestContext, **values: Any) -> Volume:
        volume = new_volume(**values)
        manager.create_volume(
            context, TOPIC, volume.id, request_spec=spec_of(volume), filter_properties={}
        )
        return volumes.get(context, volume.id)

    def test_success(
        self, manager: SchedulerManager, context: RequestContext, rpcapi: FakeVolumeAPI
    ) -> None:
        volume = self.create(manager, context)
        assert (volume.host, volume.status) == (ONE, states.CREATING)
        ((name, arguments),) = rpcapi.calls
        assert (name, arguments["host"]) == ("create_volume", ONE)
        assert arguments["request_spec"]["operation"] == "create_volume"
        json.dumps([arguments["request_spec"], arguments["filter_properties"]])

    def test_without_a_spec_the_row_says_all(
        self, manager: SchedulerManager, context: RequestContext, rpcapi: FakeVolumeAPI
    ) -> None:
        fast = volume_types.create({"name": "fast"}, {"volume_backend_name": "fast"})
        report(manager.driver.host_manager, "h3@b", flat(volume_backend_name="fast"))
        volume = new_volume(volume_type_id=fast.id)
        manager.create_volume(context, TOPIC, volume.id)
        assert rpcapi.calls[0][1]["host"] == "h3@b#fast"

    def test_no_valid_host(
        self,
        manager: SchedulerManager,
        context: RequestContext,
        rpcapi: FakeVolumeAPI,
        notifier: FakeNotifier,
    ) -> None:
        volume = self.create(manager, context, size=500)
        assert (volume.host, volume.status) == (None, states.ERROR)
        assert rpcapi.calls == []
        ((event, payload),) = notifier.sent
        assert event == "scheduler.create_volume"
        assert payload["volume_id"] == volume.id
        assert payload["state"] == {"status": "error"}
        assert payload["method"] == "create_volume"
        assert "h1@b#pool: CapacityFilter: 500 GiB are asked for" in payload["reason"]

    def test_an_unexpected_failure(
        self,
        manager: SchedulerManager,
        context: RequestContext,
        rpcapi: FakeVolumeAPI,
        notifier: FakeNotifier,
    ) -> None:
        rpcapi.broken = RuntimeError("no broker")
        volume = self.create(manager, context)
        assert volume.status == states.ERROR
        assert notifier.sent[0][1]["reason"] == (
            "The scheduler failed (RuntimeError: no broker); its log has the details."
        )
        assert free(manager, ONE) == 100.0

    def test_a_volume_that_is_gone(
        self, manager: SchedulerManager, context: RequestContext, notifier: FakeNotifier
    ) -> None:
        manager.create_volume(context, TOPIC, "unknown")
        volume = new_volume()
        volumes.destroy(volume.id)
        manager.create_volume(context, TOPIC, volume.id, request_spec=spec_of(volume))
        assert notifier.sent == []

    def test_a_volume_that_is_not_being_created_keeps_its_status(
        self, manager: SchedulerManager, context: RequestContext, notifier: FakeNotifier
    ) -> None:
        volume = self.create(manager, context, size=500, status=states.DELETING)
        assert volume.status == states.DELETING
        assert notifier.sent == []

    def test_before_any_report_requests_wait(
        self, rpcapi: FakeVolumeAPI, notifier: FakeNotifier, context: RequestContext
    ) -> None:
        fresh = SchedulerManager(volume_rpcapi=rpcapi)  # type: ignore[arg-type]
        volume = self.create(fresh, context)
        assert (volume.host, volume.status) == (None, states.CREATING)
        for host in ("h1@b", "h2@b"):
            report(fresh.driver.host_manager, host)
        assert rpcapi.told.wait(30)
        assert rpcapi.calls[0][0] == "create_volume"


def lost_volume(**values: Any) -> Volume:
    """Return a new volume whose message was lost long ago."""
    return new_volume(created_at=utcnow() - datetime.timedelta(hours=1), **values)


class TestLostVolumes:
    """New volumes whose message was lost."""

    def test_they_are_given_up(self, context: RequestContext, notifier: FakeNotifier) -> None:
        volume = lost_volume()
        failures.fail_lost_volumes(context)
        assert volumes.get(context, volume.id).status == states.ERROR
        assert notifier.sent[0][1]["reason"] == "No scheduler chose a backend within 180 seconds."

    @pytest.mark.parametrize(
        "values",
        # In the future: the tests are collected long before this one runs.
        [
            {"host": ONE},
            {"status": states.AVAILABLE},
            {"created_at": utcnow() + datetime.timedelta(hours=1)},
        ],
    )
    def test_others_are_left_alone(
        self, context: RequestContext, notifier: FakeNotifier, values: dict[str, Any]
    ) -> None:
        volume = lost_volume() if "created_at" not in values else new_volume()
        values = {key: value or utcnow() for key, value in values.items()}
        volumes.update(volume.id, values)
        failures.fail_lost_volumes(context)
        assert volumes.get(context, volume.id).status == values.get("status", states.CREATING)
        assert notifier.sent == []


def moving(dest_host: str = TWO, **values: Any) -> tuple[Volume, Migration]:
    """Return a volume of 10 GiB on the first backend, and its admitted move."""
    record = {name: values.pop(name) for name in ("lock_volume", "created_at") if name in values}
    volume = new_volume(
        **{"host": ONE, "status": states.AVAILABLE, "launched_at": utcnow(), **values}
    )
    return volume, new_migration(volume, dest_host, **record)


class TestMigrateVolumeToHost:
    """A move is admitted to its destination, or ends with a reason."""

    def ask(
        self,
        manager: SchedulerManager,
        context: RequestContext,
        volume: Volume,
        migration: Migration | None,
        host: str = TWO,
        force: bool = False,
    ) -> None:
        spec = spec_of(volume)
        if migration is not None:
            spec["migration_id"] = migration.id
        manager.migrate_volume_to_host(context, TOPIC, volume.id, host, force, spec)

    @pytest.mark.parametrize("force", [True, False])
    def test_success(
        self,
        manager: SchedulerManager,
        context: RequestContext,
        rpcapi: FakeVolumeAPI,
        notifier: FakeNotifier,
        force: bool,
    ) -> None:
        volume, migration = moving("h2@b")
        self.ask(manager, context, volume, migration, "h2@b", force)

        record = volume_migrations.get(migration.id)
        assert (record.status, record.phase) == (states.RECORD_RUNNING, states.PHASE_SCHEDULED)
        assert record.dest_host == TWO
        assert record.capabilities is not None
        assert json.loads(record.capabilities)["free_capacity_gb"] == 50
        ((name, arguments),) = rpcapi.calls
        assert name == "migrate_volume"
        assert arguments["volume"].host == ONE
        assert arguments["host"]["host"] == TWO
        assert arguments["host"]["capabilities"] == json.loads(record.capabilities)
        assert arguments["force_host_copy"] is force
        assert arguments["migration_id"] == migration.id
        assert volumes.get(context, volume.id).migration_status == states.MIGRATION_STARTING
        assert notifier.sent == []
        assert free(manager, TWO) == 40.0

    def test_moves_at_once_do_not_overfill_the_destination(
        self, manager: SchedulerManager, context: RequestContext, rpcapi: FakeVolumeAPI
    ) -> None:
        moves = [moving() for _ in range(7)]
        for volume, migration in moves:
            self.ask(manager, context, volume, migration)
            # A report that can not know of the move yet does not change that.
            report(manager.driver.host_manager, "h2@b", flat(free_capacity_gb=50))
        phases = [volume_migrations.get(migration.id).phase for _, migration in moves]
        assert phases.count(states.PHASE_SCHEDULED) == len(rpcapi.calls) == 5
        assert phases.count(states.PHASE_DONE) == 2

    @pytest.mark.parametrize(
        ("status", "lock", "left"),
        [
            (states.AVAILABLE, False, states.AVAILABLE),
            (states.AVAILABLE, True, states.AVAILABLE),
            (states.IN_USE, False, states.IN_USE),
        ],
    )
    def test_no_valid_host(
        self,
        manager: SchedulerManager,
        context: RequestContext,
        rpcapi: FakeVolumeAPI,
        notifier: FakeNotifier,
        status: str,
        lock: bool,
        left: str,
    ) -> None:
        volume, migration = moving(size=60, status=status, lock_volume=lock)
        if status == states.IN_USE:
            volume_attachments.reserve(volume.id, (), {"attach_status": states.ATTACHED}, {})
        assert volumes.get(context, volume.id).status == (states.MAINTENANCE if lock else status)
        self.ask(manager, context, volume, migration)

        after = volumes.get(context, volume.id)
        assert (after.status, after.migration_status) == (left, states.MIGRATION_ERROR)
        assert after.host == ONE
        record = volume_migrations.get(migration.id)
        assert (record.status, record.phase) == (states.RECORD_ERROR, states.PHASE_DONE)
        assert record.finished_at is not None
        assert record.error is not None
        assert record.error.startswith(
            "Backend h2@b#pool can not take the volume: CapacityFilter: 60 GiB are asked for"
        )
        assert rpcapi.calls == []
        ((event, payload),) = notifier.sent
        assert event == "scheduler.migrate_volume_to_host"
        assert payload["state"] == {"migration_status": "error"}
        assert payload["reason"] == record.error
        assert payload["volume_properties"]["size"] == 60
        json.dumps(payload)

    def test_the_record_is_found_by_its_volume(
        self, manager: SchedulerManager, context: RequestContext, rpcapi: FakeVolumeAPI
    ) -> None:
        volume, migration = moving()
        self.ask(manager, context, volume, None)
        assert rpcapi.calls[0][1]["migration_id"] == migration.id

    def test_a_volume_that_is_in_no_move(
        self, manager: SchedulerManager, context: RequestContext, rpcapi: FakeVolumeAPI
    ) -> None:
        volume = new_volume(host=ONE, status=states.AVAILABLE)
        self.ask(manager, context, volume, None)
        assert rpcapi.calls == []
        assert volumes.get(context, volume.id).migration_status is None

    def test_of_two_schedulers_one_goes_on(
        self, manager: SchedulerManager, context: RequestContext, rpcapi: FakeVolumeAPI
    ) -> None:
        volume, migration = moving()
        self.ask(manager, context, volume, migration)
        other = SchedulerManager(volume_rpcapi=rpcapi)  # type: ignore[arg-type]
        report(other.driver.host_manager, "h1@b", flat())
        report(other.driver.host_manager, "h2@b", flat(free_capacity_gb=50))
        before = free(other, TWO)
        self.ask(other, context, volume, migration)
        assert len(rpcapi.calls) == 1
        assert free(other, TWO) == before == 40.0

    def test_a_move_that_goes_on_is_not_failed(
        self, manager: SchedulerManager, context: RequestContext, notifier: FakeNotifier
    ) -> None:
        volume, migration = moving(size=60)
        volume_migrations.update(migration.id, {"phase": states.PHASE_COPYING})
        self.ask(manager, context, volume, migration)
        assert volume_migrations.get(migration.id).status == states.RECORD_RUNNING
        assert volumes.get(context, volume.id).migration_status == states.MIGRATION_STARTING
        assert notifier.sent == []

    def test_an_unexpected_failure_does_not_leave_the_volume_starting(
        self,
        manager: SchedulerManager,
        context: RequestContext,
        rpcapi: FakeVolumeAPI,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def fails(*_: Any) -> None:
            raise ZeroDivisionError("oops")

        monkeypatch.setattr(manager.driver, "host_passes_filters", fails)
        volume, migration = moving(lock_volume=True)
        self.ask(manager, context, volume, migration)
        after = volumes.get(context, volume.id)
        assert (after.status, after.migration_status) == (states.AVAILABLE, "error")
        assert volume_migrations.get(migration.id).error == (
            "The scheduler failed (ZeroDivisionError: oops); its log has the details."
        )

    def test_a_failure_after_the_choice_gives_the_room_back(
        self, manager: SchedulerManager, context: RequestContext, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails(*_: Any, **__: Any) -> bool:
            raise RuntimeError("no database")

        monkeypatch.setattr(volume_migrations, "advance", fails)
        volume, migration = moving()
        self.ask(manager, context, volume, migration)
        assert free(manager, TWO) == 50.0
        assert volume_migrations.get(migration.id).status == states.RECORD_ERROR

    def test_a_source_that_can_not_be_told_finds_the_record(
        self, manager: SchedulerManager, context: RequestContext, rpcapi: FakeVolumeAPI
    ) -> None:
        rpcapi.broken = RuntimeError("no broker")
        volume, migration = moving()
        self.ask(manager, context, volume, migration)
        record = volume_migrations.get(migration.id)
        assert (record.status, record.phase) == (states.RECORD_RUNNING, states.PHASE_SCHEDULED)
        assert record.dest_host == TWO
        assert free(manager, TWO) == 40.0

    def test_a_volume_that_is_gone(
        self, manager: SchedulerManager, context: RequestContext, rpcapi: FakeVolumeAPI
    ) -> None:
        volume, migration = moving()
        volumes.destroy(volume.id)
        self.ask(manager, context, volume, migration)
        assert rpcapi.calls == []
        assert volume_migrations.get(migration.id).status == states.RECORD_ERROR

    def test_a_notification_that_can_not_be_sent_changes_nothing(
        self, manager: SchedulerManager, context: RequestContext, notifier: FakeNotifier
    ) -> None:
        def fails(*_: Any) -> None:
            raise RuntimeError("no broker")

        notifier.error = fails  # type: ignore[method-assign]
        volume, migration = moving(size=60)
        self.ask(manager, context, volume, migration)
        assert volume_migrations.get(migration.id).status == states.RECORD_ERROR

    def test_a_backend_that_has_just_come_up(
        self, manager: SchedulerManager, context: RequestContext, rpcapi: FakeVolumeAPI
    ) -> None:
        manager._readiness.when_ready(lambda: None)
        new_service("h3@b")
        host_manager = manager.driver.host_manager
        forget_services(host_manager)
        rpcapi.on_publish = lambda: report(host_manager, "h3@b")
        volume, migration = moving("h3@b")
        self.ask(manager, context, volume, migration, "h3@b")
        assert [name for name, _ in rpcapi.calls] == [
            "publish_service_capabilities",
            "migrate_volume",
        ]


class TestSettleMigrations:
    """Moves whose message was lost."""

    @staticmethod
    def age(seconds: float) -> datetime.datetime:
        return utcnow() - datetime.timedelta(seconds=seconds)

    def test_a_young_move_is_left_to_its_message(
        self, manager: SchedulerManager, context: RequestContext, rpcapi: FakeVolumeAPI
    ) -> None:
        _, migration = moving(created_at=self.age(CONF.migration_settle_interval - 5))
        manager.settle_migrations(context)
        assert rpcapi.calls == []
        assert volume_migrations.get(migration.id).phase == states.PHASE_SCHEDULING

    def test_an_older_one_is_taken_up_again(
        self, manager: SchedulerManager, context: RequestContext, rpcapi: FakeVolumeAPI
    ) -> None:
        _, migration = moving(created_at=self.age(CONF.migration_settle_interval + 1))
        volume_migrations.update(
            migration.id, {"force_host_copy": True, "request_id": "req-1", "dest_host": "h2@b"}
        )
        manager.settle_migrations(context)
        manager.settle_migrations(context)
        ((name, arguments),) = rpcapi.calls
        assert name == "migrate_volume"
        assert arguments["host"]["host"] == TWO
        assert arguments["force_host_copy"] is True
        asker = arguments["context"]
        assert (asker.user_id, asker.request_id, asker.is_admin) == ("u", "req-1", True)

    def test_it_is_judged_as_any_other(
        self, manager: SchedulerManager, context: RequestContext
    ) -> None:
        _, migration = moving(created_at=self.age(60), size=60)
        manager.settle_migrations(context)
        error = volume_migrations.get(migration.id).error
        assert error is not None
        assert "CapacityFilter" in error

    def test_too_old_a_move_fails(
        self, manager: SchedulerManager, context: RequestContext, rpcapi: FakeVolumeAPI
    ) -> None:
        volume, migration = moving(
            created_at=self.age(CONF.migration_scheduling_timeout + 1), lock_volume=True
        )
        manager.settle_migrations(context)
        assert rpcapi.calls == []
        after = volumes.get(context, volume.id)
        assert (after.status, after.migration_status) == (states.AVAILABLE, "error")
        assert volume_migrations.get(migration.id).error == (
            "No scheduler chose a destination within 120 seconds."
        )

    def test_what_is_in_hand_is_left_alone(
        self, manager: SchedulerManager, context: RequestContext
    ) -> None:
        volume, migration = moving(created_at=self.age(3600))
        manager._moves._in_hand.add(migration.id)
        manager.settle_migrations(context)
        spec = spec_of(volume, migration_id=migration.id)
        manager.migrate_volume_to_host(context, TOPIC, volume.id, TWO, False, spec)
        assert volume_migrations.get(migration.id).phase == states.PHASE_SCHEDULING

    def test_moves_that_have_left_the_scheduler_are_left_alone(
        self, manager: SchedulerManager, context: RequestContext, rpcapi: FakeVolumeAPI
    ) -> None:
        _, migration = moving(created_at=self.age(3600))
        volume_migrations.update(migration.id, {"phase": states.PHASE_SCHEDULED})
        manager.settle_migrations(context)
        assert rpcapi.calls == []
        assert volume_migrations.get(migration.id).status == states.RECORD_RUNNING

    def test_one_that_can_not_be_settled_does_not_stop_the_others(
        self,
        manager: SchedulerManager,
        context: RequestContext,
        rpcapi: FakeVolumeAPI,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        _, first = moving(created_at=self.age(62))
        _, second = moving(created_at=self.age(61))
        original = manager._moves.schedule

        def schedule(context: RequestContext, spec: dict[str, Any], *args: Any, **kw: Any) -> None:
            if spec["migration_id"] == first.id:
                raise RuntimeError("oops")
            original(context, spec, *args, **kw)

        monkeypatch.setattr(manager._moves, "schedule", schedule)
        manager.settle_migrations(context)
        assert [arguments["migration_id"] for _, arguments in rpcapi.calls] == [second.id]


def test_no_valid_host_keeps_its_sentence() -> None:
    assert failures.sentence("v", exception.NoValidHost("A whole sentence.")) == (
        "A whole sentence."
    )
    assert failures.sentence("v", exception.NoValidHost(reason="Why.")) == "Why."
