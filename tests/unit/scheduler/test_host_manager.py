# SPDX-License-Identifier: Apache-2.0
"""Reports in, pools out: which may be chosen, how full they are, and who waits for whom."""

from __future__ import annotations

import datetime
import threading
from typing import Any

import pytest
from oslo_config import cfg

from cinder_lite import states
from cinder_lite.db import services, volumes
from cinder_lite.objects import utcnow
from cinder_lite.scheduler import host_manager as module
from cinder_lite.scheduler.host_manager import HostManager
from cinder_lite.scheduler.host_state import HostState
from tests.unit.scheduler.conftest import (
    flat,
    forget_services,
    new_service,
    new_volume,
    report,
    thin,
)

CONF = cfg.CONF
HOST, POOL = "h1@b", "h1@b#pool"


def pool(manager: HostManager, host: str = POOL) -> HostState:
    found = [state for state in manager.get_all_host_states()[0] if state.host == host]
    assert len(found) == 1
    return found[0]


def reasons(manager: HostManager, within: str | None = None) -> dict[str, str]:
    return {one.host: one.reason for one in manager.get_all_host_states(within)[1]}


class TestCandidates:
    """Which backends can be chosen, and why others can not."""

    def test_pools_carry_their_service(self, host_manager: HostManager) -> None:
        report(host_manager, HOST, zone="a")
        state = pool(host_manager)
        assert state.service["availability_zone"] == "a"
        assert state.service["host"] == HOST

    @pytest.mark.parametrize(
        ("values", "reason"),
        [
            ({"disabled": True}, "its volume service is disabled"),
            (
                {"disabled": True, "disabled_reason": "new disks"},
                "its volume service is disabled (new disks)",
            ),
            ({"frozen": True}, "its volume service is frozen"),
            (
                {"updated_at": datetime.datetime(2026, 1, 2, 3, 4, 5)},
                "its volume service is down: last heard of at 2026-01-02 03:04:05 UTC",
            ),
        ],
    )
    def test_services_that_take_no_volumes(
        self, host_manager: HostManager, values: dict[str, Any], reason: str
    ) -> None:
        report(host_manager, HOST)
        services.update(new_service(HOST), values)
        forget_services(host_manager)
        assert host_manager.get_all_host_states()[0] == []
        assert reasons(host_manager) == {HOST: reason}
        assert reasons(host_manager, POOL) == {POOL: reason}
        assert host_manager.get_pools({}) == []

    def test_a_service_that_has_not_reported(self, host_manager: HostManager) -> None:
        new_service(HOST)
        assert reasons(host_manager) == {
            HOST: "its volume service has not reported yet what it can do"
        }

    def test_a_service_without_storage(self, host_manager: HostManager) -> None:
        report(host_manager, HOST, {})
        assert reasons(host_manager) == {
            HOST: "its volume service reports no storage; its log may say why"
        }

    def test_within_one_backend_or_pool(self, host_manager: HostManager) -> None:
        two = {"pools": [{"pool_name": "p1"}, {"pool_name": "p2"}]}
        report(host_manager, HOST, two)
        report(host_manager, "h2@b")

        def within(name: str) -> list[str]:
            return [state.host for state in host_manager.get_all_host_states(name)[0]]

        assert within(HOST) == ["h1@b#p1", "h1@b#p2"]
        assert within("h1@b#p2") == ["h1@b#p2"]
        assert within("h1@b#p3") == within("h3@b") == within("h3@b#x") == []
        assert reasons(host_manager, "h1@b#p3") == {
            "h1@b#p3": "backend h1@b has no such pool; it has p1, p2"
        }
        assert reasons(host_manager, "h3@b#x") == {
            "h3@b#x": "there is no volume service of that name; known are: h1@b, h2@b"
        }

    def test_the_services_are_not_asked_for_each_time(
        self, host_manager: HostManager, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []
        monkeypatch.setattr(services, "listing", lambda binary: asked.append(binary) or [])
        for _ in range(3):
            host_manager.get_all_host_states()
        assert asked == [services.VOLUME]
        forget_services(host_manager)
        host_manager.get_all_host_states()
        assert len(asked) == 2

    def test_a_removed_service_is_no_candidate(self, host_manager: HostManager) -> None:
        report(host_manager, HOST)
        services.destroy(new_service(HOST))
        forget_services(host_manager)
        assert host_manager.get_all_host_states() == ([], [])


class TestReports:
    """Reports replace each other in the order in which they were taken."""

    def test_only_volume_services_count(self, host_manager: HostManager) -> None:
        new_service(HOST)
        host_manager.update_service_capabilities("backup", HOST, flat())
        assert host_manager.missing_reports() == [HOST]

    def test_a_newer_report_replaces_an_older_one(self, host_manager: HostManager) -> None:
        report(host_manager, HOST, flat(free_capacity_gb=50), age=2)
        report(host_manager, HOST, flat(free_capacity_gb=40), age=1)
        assert pool(host_manager).free_capacity_gb == 40.0

    def test_a_late_report_is_ignored(self, host_manager: HostManager) -> None:
        report(host_manager, HOST, flat(free_capacity_gb=40), age=1)
        report(host_manager, HOST, flat(free_capacity_gb=50), age=2)
        assert pool(host_manager).free_capacity_gb == 40.0

    def test_a_clock_that_was_set_back_is_believed(self, host_manager: HostManager) -> None:
        report(host_manager, HOST, flat(free_capacity_gb=40))
        report(host_manager, HOST, flat(free_capacity_gb=50), age=3600)
        assert pool(host_manager).free_capacity_gb == 50.0

    def test_a_report_may_carry_its_time_itself(self, host_manager: HostManager) -> None:
        new_service(HOST)
        taken = "2026-01-02T03:04:05"
        host_manager.update_service_capabilities("volume", HOST, flat(timestamp=taken))
        assert pool(host_manager).updated == datetime.datetime(2026, 1, 2, 3, 4, 5)

    def test_pools_that_are_no_more_reported_are_gone(self, host_manager: HostManager) -> None:
        report(host_manager, HOST, {"pools": [{"pool_name": "p1"}, {"pool_name": "p2"}]}, age=1)
        report(host_manager, HOST, {"pools": [{"pool_name": "p2"}]})
        assert [one["name"] for one in host_manager.get_pools({})] == ["h1@b#p2"]


class TestPromises:
    """Capacity that was promised stays taken until a report holds it."""

    def test_a_promise_takes_capacity_at_once(self, host_manager: HostManager) -> None:
        report(host_manager, HOST)
        host_manager.promise("v", pool(host_manager), 10)
        state = pool(host_manager)
        assert state.free_capacity_gb == 90.0
        assert state.provisioned_capacity_gb == state.allocated_capacity_gb == 10.0
        host_manager.release("v")
        host_manager.release("v")
        assert state.free_capacity_gb == 100.0
        assert state.provisioned_capacity_gb == state.allocated_capacity_gb == 0.0

    def test_a_second_promise_to_a_volume_replaces_the_first(
        self, host_manager: HostManager
    ) -> None:
        report(host_manager, HOST)
        report(host_manager, "h2@b")
        host_manager.promise("v", pool(host_manager), 10)
        host_manager.promise("v", pool(host_manager, "h2@b#pool"), 10)
        assert pool(host_manager).free_capacity_gb == 100.0
        assert pool(host_manager, "h2@b#pool").free_capacity_gb == 90.0

    def test_thin_volumes_leave_the_physical_space_alone(self, host_manager: HostManager) -> None:
        report(host_manager, HOST, thin())
        host_manager.promise("v", pool(host_manager), 10)
        assert pool(host_manager).free_capacity_gb == 100.0
        host_manager.promise("w", pool(host_manager), 10, thin=False)
        assert pool(host_manager).free_capacity_gb == 90.0
        assert pool(host_manager).provisioned_capacity_gb == 20.0

    def test_a_promise_that_nobody_else_knows_of_outlives_reports(
        self, host_manager: HostManager
    ) -> None:
        report(host_manager, HOST)
        host_manager.promise("v", pool(host_manager), 10)
        report(host_manager, HOST, age=-30)
        assert pool(host_manager).free_capacity_gb == 90.0
        host_manager.release("v")
        assert pool(host_manager).free_capacity_gb == 100.0

    def test_a_report_from_before_the_volume_does_not_wipe_its_promise_out(
        self, host_manager: HostManager
    ) -> None:
        report(host_manager, HOST, age=20)
        volume = new_volume()
        host_manager.promise(volume.id, pool(host_manager), 10)
        volumes.update(volume.id, {"host": POOL, "scheduled_at": utcnow()})
        host_manager.confirm(volume.id)
        # Newer than the promise, but the volume service has not made the volume yet.
        report(host_manager, HOST, age=-1)
        state = pool(host_manager)
        assert state.free_capacity_gb == 90.0
        assert state.provisioned_capacity_gb == 10.0

        # The volume is finished after the figures of the next report were taken.
        launched = utcnow() + datetime.timedelta(seconds=10)
        volumes.update(volume.id, {"status": states.AVAILABLE, "launched_at": launched})
        report(host_manager, HOST, age=-5)
        assert pool(host_manager).free_capacity_gb == 90.0

        # And at last a report holds it.
        held = flat(free_capacity_gb=90, provisioned_capacity_gb=10, allocated_capacity_gb=10)
        report(host_manager, HOST, held, age=-15)
        state = pool(host_manager)
        assert state.free_capacity_gb == 90.0
        assert state.provisioned_capacity_gb == state.allocated_capacity_gb == 10.0

    def test_allocated_is_not_counted_twice(self, host_manager: HostManager) -> None:
        report(host_manager, HOST, age=20)
        volume = new_volume()
        host_manager.promise(volume.id, pool(host_manager), 10)
        volumes.update(
            volume.id,
            {"host": POOL, "scheduled_at": utcnow() - datetime.timedelta(seconds=5)},
        )
        host_manager.confirm(volume.id)
        # The volume service counts rows: the volume is among them before it is made.
        report(host_manager, HOST, flat(allocated_capacity_gb=10), age=-1)
        state = pool(host_manager)
        assert state.allocated_capacity_gb == 10.0
        assert state.provisioned_capacity_gb == 10.0

    @pytest.mark.parametrize("end", [{"status": states.ERROR}, {"host": "h2@b#pool"}])
    def test_a_volume_that_does_not_come_is_forgotten(
        self, host_manager: HostManager, end: dict[str, str]
    ) -> None:
        report(host_manager, HOST, age=20)
        volume = new_volume(host=POOL)
        host_manager.promise(volume.id, pool(host_manager), 10)
        host_manager.confirm(volume.id)
        volumes.update(volume.id, end)
        report(host_manager, HOST)
        assert pool(host_manager).free_capacity_gb == 100.0

    def test_a_new_scheduler_knows_what_others_promised(self, host_manager: HostManager) -> None:
        new_volume(host=POOL)
        report(host_manager, HOST, age=1)
        assert pool(host_manager).free_capacity_gb == 90.0

    def test_without_the_database_promises_stay(
        self, host_manager: HostManager, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        report(host_manager, HOST, age=20)
        host_manager.promise("v", pool(host_manager), 10)
        host_manager.confirm("v")

        def fails(*_: object) -> None:
            raise RuntimeError("the database is away")

        monkeypatch.setattr(volumes, "unreported", fails)
        report(host_manager, HOST)
        assert pool(host_manager).free_capacity_gb == 90.0

    def test_a_promise_of_a_pool_that_went_away(self, host_manager: HostManager) -> None:
        report(host_manager, HOST, age=1)
        host_manager.promise("v", pool(host_manager), 10)
        report(host_manager, HOST, {"pools": []})
        host_manager.release("v")
        assert host_manager.get_all_host_states()[0] == []


class TestGetPools:
    """Pools as users see them: what was reported, whatever was promised since."""

    def test_capabilities_are_the_report(self, host_manager: HostManager) -> None:
        report(host_manager, HOST)
        host_manager.promise("v", pool(host_manager), 10)
        (found,) = host_manager.get_pools({})
        assert found["name"] == POOL
        assert found["capabilities"]["free_capacity_gb"] == 100
        assert found["capabilities"]["allocated_capacity_gb"] == 0
        assert found["capabilities"].keys() == {*flat(), "timestamp"}

    @pytest.mark.parametrize(
        ("filters", "found"),
        [
            ({}, True),
            ({"name": POOL}, True),
            ({"name": HOST}, False),
            ({"storage_protocol": "iSCSI"}, True),
            ({"storage_protocol": "FC"}, False),
            ({"total_capacity_gb": "100"}, True),
            ({"thick_provisioning_support": "true"}, True),
            ({"thin_provisioning_support": "true"}, False),
            ({"never_heard_of": "x"}, False),
            ({"name": POOL, "vendor_name": "Other"}, False),
        ],
    )
    def test_filters(self, host_manager: HostManager, filters: dict[str, str], found: bool) -> None:
        report(host_manager, HOST)
        assert bool(host_manager.get_pools(filters)) is found


class TestWaiting:
    """A new scheduler waits for reports, and is told when they come."""

    def test_nothing_to_wait_for(self, host_manager: HostManager) -> None:
        report(host_manager, HOST)
        assert host_manager.wait_for_reports(0)
        assert host_manager.missing_reports() == []

    def test_without_any_report_there_is_something_to_wait_for(
        self, host_manager: HostManager
    ) -> None:
        assert not host_manager.wait_for_reports(0)

    def test_services_that_are_down_or_disabled_are_not_waited_for(
        self, host_manager: HostManager
    ) -> None:
        report(host_manager, HOST)
        services.update(new_service("h2@b"), {"disabled": True})
        services.age_heartbeat(new_service("h3@b"))
        services.update(new_service("h3@b"), {"updated_at": datetime.datetime(2026, 1, 1)})
        forget_services(host_manager)
        assert host_manager.wait_for_reports(0)

    def test_all_that_are_up_are_waited_for(self, host_manager: HostManager) -> None:
        report(host_manager, HOST)
        new_service("h2@b")
        forget_services(host_manager)
        assert host_manager.missing_reports() == ["h2@b"]
        assert host_manager.missing_reports(HOST) == []
        assert not host_manager.wait_for_reports(0.01)
        assert host_manager.wait_for_reports(0, HOST)
        assert not host_manager.wait_for_reports(0, "h2@b")

    def test_a_report_wakes_whoever_waits(
        self, host_manager: HostManager, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Nobody looks by himself within the test's time.
        monkeypatch.setattr(module, "RECHECK_SECONDS", 60)
        new_service(HOST)
        results: list[bool] = []
        waiter = threading.Thread(target=lambda: results.append(host_manager.wait_for_reports(60)))
        waiter.start()
        report(host_manager, HOST)
        waiter.join(30)
        assert results == [True]


def test_unknown_filters_stop_the_start() -> None:
    CONF.set_override("scheduler_default_filters", ["NoSuchFilter"])
    with pytest.raises(Exception, match="NoSuchFilter"):
        HostManager()
