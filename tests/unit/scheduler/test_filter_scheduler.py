# SPDX-License-Identifier: Apache-2.0
"""Choosing: the best backend, or a sentence about each one that will not do."""

from __future__ import annotations

import concurrent.futures
import logging
from typing import Any

import pytest
from oslo_config import cfg

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import services, volume_types, volumes
from cinder_lite.scheduler.filter_scheduler import FilterScheduler
from cinder_lite.scheduler.filters import Refusal
from tests.unit.scheduler.conftest import (
    FakeVolumeAPI,
    flat,
    forget_services,
    new_service,
    new_volume,
    report,
    spec_of,
    thin,
)

CONF = cfg.CONF
ONE, TWO = "h1@b#pool", "h2@b#pool"


@pytest.fixture
def backends(scheduler: FilterScheduler) -> None:
    """Two backends: 100 and 50 GiB free."""
    report(scheduler.host_manager, "h1@b", flat(free_capacity_gb=100))
    report(scheduler.host_manager, "h2@b", flat(free_capacity_gb=50))


def free(scheduler: FilterScheduler, host: str) -> Any:
    (state,), _ = scheduler.host_manager.get_all_host_states(host)
    return state.free_capacity_gb


def reason(error: pytest.ExceptionInfo[exception.NoValidHost]) -> str:
    return str(error.value.kwargs["reason"])


@pytest.mark.usefixtures("backends")
class TestHostPassesFilters:
    """Whether a named host will do."""

    def test_it_will(self, scheduler: FilterScheduler, context: RequestContext) -> None:
        volume = new_volume(host=ONE, status=states.AVAILABLE)
        state = scheduler.host_passes_filters(context, TWO, spec_of(volume), {})
        assert state.host == TWO
        assert free(scheduler, TWO) == 40.0
        assert free(scheduler, ONE) == 100.0
        scheduler.release(spec_of(volume))
        assert free(scheduler, TWO) == 50.0

    def test_the_room_is_promised_under_the_migrations_id(
        self, scheduler: FilterScheduler, context: RequestContext
    ) -> None:
        spec = spec_of(new_volume(), migration_id="m")
        scheduler.host_passes_filters(context, TWO, spec, {})
        scheduler.confirm(spec)
        assert scheduler.host_manager._ledger.confirmed("h2@b").keys() == {"m"}

    def test_the_refusal_names_filter_and_reason(
        self, scheduler: FilterScheduler, context: RequestContext
    ) -> None:
        volume = new_volume(size=60)
        with pytest.raises(exception.NoValidHost) as error:
            scheduler.host_passes_filters(context, TWO, spec_of(volume), {})
        assert reason(error) == (
            "Backend h2@b#pool can not take the volume: CapacityFilter: 60 GiB are asked for, but "
            "50.00 GiB are left: 0.00 GiB are provisioned and 50.00 GiB are free of 100.00 GiB."
        )
        assert free(scheduler, TWO) == 50.0

    @pytest.mark.parametrize(
        ("host", "sentence"),
        [
            (
                "h2@b#nopool",
                "Backend h2@b#nopool can not take the volume: backend h2@b has no such pool; it "
                "has pool.",
            ),
            (
                "h3@b#pool",
                "Backend h3@b#pool can not take the volume: there is no volume service of that "
                "name; known are: h1@b, h2@b.",
            ),
        ],
    )
    def test_places_that_are_none(
        self, scheduler: FilterScheduler, context: RequestContext, host: str, sentence: str
    ) -> None:
        with pytest.raises(exception.NoValidHost) as error:
            scheduler.host_passes_filters(context, host, spec_of(new_volume()), {})
        assert reason(error) == sentence

    def test_a_disabled_service(self, scheduler: FilterScheduler, context: RequestContext) -> None:
        assert scheduler.host_passes_filters(context, TWO, spec_of(new_volume()), {})
        services.update(new_service("h2@b"), {"disabled": True, "disabled_reason": "repair"})
        with pytest.raises(exception.NoValidHost) as error:
            scheduler.host_passes_filters(context, TWO, spec_of(new_volume()), {})
        assert reason(error) == (
            "Backend h2@b#pool can not take the volume: its volume service is disabled (repair)."
        )

    def test_another_zone(self, scheduler: FilterScheduler, context: RequestContext) -> None:
        volume = new_volume(availability_zone="elsewhere")
        with pytest.raises(exception.NoValidHost) as error:
            scheduler.host_passes_filters(context, TWO, spec_of(volume), {})
        assert "AvailabilityZoneFilter: it is in availability zone nova" in reason(error)

    def test_a_type_that_the_host_does_not_meet(
        self, scheduler: FilterScheduler, context: RequestContext
    ) -> None:
        spec = spec_of(new_volume(), extra_specs={"volume_backend_name": "fast"})
        with pytest.raises(exception.NoValidHost) as error:
            scheduler.host_passes_filters(context, TWO, spec, {})
        assert "CapabilitiesFilter: the volume type asks for volume_backend_name" in reason(error)

    def test_every_refusal_is_logged_with_the_volume(
        self,
        scheduler: FilterScheduler,
        context: RequestContext,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.INFO)
        volume = new_volume(size=60)
        scheduler.schedule_create_volume(context, spec_of(volume), {})
        lines = [one.getMessage() for one in caplog.records if volume.id in one.getMessage()]
        assert any("not on h2@b#pool: CapacityFilter: 60 GiB are asked for" in x for x in lines)
        assert any("h1@b#pool is chosen for 60 GiB" in line for line in lines)


class TestHostWithoutAPool:
    """``host@backend`` stands for its best pool."""

    REPORT = {
        "pools": [
            {"pool_name": "small", "total_capacity_gb": 50, "free_capacity_gb": 50},
            {"pool_name": "large", "total_capacity_gb": 80, "free_capacity_gb": 80},
            {"pool_name": "tiny", "total_capacity_gb": 5, "free_capacity_gb": 5},
        ]
    }

    def test_the_best_pool_wins(self, scheduler: FilterScheduler, context: RequestContext) -> None:
        report(scheduler.host_manager, "h1@b", self.REPORT)
        report(scheduler.host_manager, "h2@b")
        chosen = [
            scheduler.host_passes_filters(context, "h1@b", spec_of(new_volume(size=40)), {}).host
            for _ in range(3)
        ]
        assert chosen == ["h1@b#large", "h1@b#small", "h1@b#large"]

    def test_no_pool_will_do(self, scheduler: FilterScheduler, context: RequestContext) -> None:
        report(scheduler.host_manager, "h1@b", self.REPORT)
        with pytest.raises(exception.NoValidHost) as error:
            scheduler.host_passes_filters(context, "h1@b", spec_of(new_volume(size=90)), {})
        assert reason(error).startswith("No pool of backend h1@b can take the volume. h1@b#small: ")
        for pool in ("h1@b#small", "h1@b#large", "h1@b#tiny"):
            assert f"{pool}: CapacityFilter: 90 GiB are asked for" in reason(error)


class TestScheduleCreateVolume:
    """A new volume goes to the best backend."""

    @pytest.mark.usefixtures("backends")
    def test_the_best_backend_is_told(
        self, scheduler: FilterScheduler, context: RequestContext, rpcapi: FakeVolumeAPI
    ) -> None:
        volume = new_volume(availability_zone=None)
        properties: dict[str, Any] = {"scheduler_hints": {}}
        spec = spec_of(volume, snapshot_id="s", image_id="i")
        scheduler.schedule_create_volume(context, spec, properties)

        placed = volumes.get(context, volume.id)
        assert (placed.host, placed.availability_zone, placed.status) == (ONE, "nova", "creating")
        assert placed.scheduled_at is not None
        ((name, arguments),) = rpcapi.calls
        assert name == "create_volume"
        assert arguments == {
            "volume_id": volume.id,
            "host": ONE,
            "request_spec": spec,
            "filter_properties": {
                "scheduler_hints": {},
                "retry": {"num_attempts": 1, "hosts": [ONE]},
            },
            "allow_reschedule": True,
            "snapshot_id": "s",
            "image_id": "i",
            "source_volid": None,
        }
        assert free(scheduler, ONE) == 90.0
        assert scheduler.host_manager._ledger.confirmed("h1@b").keys() == {volume.id}

    @pytest.mark.usefixtures("backends")
    def test_volumes_spread(self, scheduler: FilterScheduler, context: RequestContext) -> None:
        chosen = []
        for _ in range(4):
            volume = new_volume(size=30)
            scheduler.schedule_create_volume(context, spec_of(volume), {})
            chosen.append(volumes.get(context, volume.id).host)
        assert chosen == [ONE, ONE, TWO, ONE]

    @pytest.mark.usefixtures("backends")
    def test_requests_at_once_get_no_room_twice(
        self, scheduler: FilterScheduler, context: RequestContext
    ) -> None:
        made = [new_volume(size=25) for _ in range(8)]

        def schedule(volume: Any) -> bool:
            try:
                scheduler.schedule_create_volume(context, spec_of(volume), {})
            except exception.NoValidHost:
                return False
            return True

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            placed = list(pool.map(schedule, made))
        assert placed.count(True) == 6
        hosts = [volumes.get(context, volume.id).host for volume in made]
        assert (hosts.count(ONE), hosts.count(TWO), hosts.count(None)) == (4, 2, 2)

    @pytest.mark.usefixtures("backends")
    def test_no_backend_will_do(
        self, scheduler: FilterScheduler, context: RequestContext, rpcapi: FakeVolumeAPI
    ) -> None:
        new_service("h3@b")
        forget_services(scheduler.host_manager)
        volume = new_volume(size=500)
        with pytest.raises(exception.NoValidHost) as error:
            scheduler.schedule_create_volume(context, spec_of(volume), {})
        assert reason(error).startswith("No backend can take the volume. ")
        assert "h1@b#pool: CapacityFilter: 500 GiB are asked for" in reason(error)
        assert "h2@b#pool: CapacityFilter: 500 GiB are asked for" in reason(error)
        assert "h3@b: its volume service has not reported yet" in reason(error)
        assert rpcapi.calls == []
        assert volumes.get(context, volume.id).host is None

    def test_without_any_backend(self, scheduler: FilterScheduler, context: RequestContext) -> None:
        volume = new_volume()
        with pytest.raises(exception.NoValidHost, match="No volume service is known"):
            scheduler.schedule_create_volume(context, spec_of(volume), {})

    def test_many_reasons_are_cut_short(
        self, scheduler: FilterScheduler, context: RequestContext
    ) -> None:
        pools = [{"pool_name": f"p{n}"} for n in range(23)]
        report(scheduler.host_manager, "h1@b", {"pools": pools})
        with pytest.raises(exception.NoValidHost) as error:
            scheduler.schedule_create_volume(context, spec_of(new_volume()), {})
        assert reason(error).endswith("; and 3 more.")
        assert "h1@b#p19:" in reason(error)
        assert "h1@b#p20:" not in reason(error)

    @pytest.mark.usefixtures("backends")
    @pytest.mark.parametrize(
        "values",
        [
            {"status": states.DELETING},
            {"status": states.ERROR},
            {"deleted": True},
            # Placed by another scheduler meanwhile.
            {"host": TWO},
        ],
    )
    def test_a_volume_that_needs_no_place_any_more(
        self,
        scheduler: FilterScheduler,
        context: RequestContext,
        rpcapi: FakeVolumeAPI,
        values: dict[str, Any],
    ) -> None:
        volume = new_volume()
        volumes.update(volume.id, values)
        scheduler.schedule_create_volume(context, spec_of(volume), {})
        assert rpcapi.calls == []
        assert free(scheduler, ONE) == 100.0

    @pytest.mark.usefixtures("backends")
    def test_a_broker_that_does_not_answer(
        self, scheduler: FilterScheduler, context: RequestContext, rpcapi: FakeVolumeAPI
    ) -> None:
        rpcapi.broken = RuntimeError("no broker")
        with pytest.raises(RuntimeError):
            scheduler.schedule_create_volume(context, spec_of(new_volume()), {})
        assert free(scheduler, ONE) == 100.0

    @pytest.mark.usefixtures("backends")
    @pytest.mark.parametrize("key", ["resource_backend", "resource_host"])
    @pytest.mark.parametrize("place", [TWO, "h2@b"])
    def test_a_place_that_the_request_prescribes(
        self, scheduler: FilterScheduler, context: RequestContext, key: str, place: str
    ) -> None:
        volume = new_volume()
        scheduler.schedule_create_volume(context, spec_of(volume, **{key: place}), {})
        assert volumes.get(context, volume.id).host == TWO


@pytest.mark.usefixtures("backends")
class TestRetry:
    """A backend that failed is not tried again, and not for ever."""

    def test_the_next_backend_is_tried(
        self, scheduler: FilterScheduler, context: RequestContext
    ) -> None:
        volume = new_volume()
        properties: dict[str, Any] = {}
        scheduler.schedule_create_volume(context, spec_of(volume), properties)
        properties["retry"]["exc"] = ["Traceback", "OSError: disk on fire"]
        scheduler.schedule_create_volume(context, spec_of(volume), properties)
        assert volumes.get(context, volume.id).host == TWO
        assert properties["retry"] == {"num_attempts": 2, "hosts": [ONE, TWO]}
        # What the first one was to give is free again.
        assert free(scheduler, ONE) == 100.0
        assert free(scheduler, TWO) == 40.0

        with pytest.raises(exception.NoValidHost) as error:
            scheduler.schedule_create_volume(context, spec_of(volume), properties)
        assert "h1@b#pool: it was tried before and failed" in reason(error)
        assert "h2@b#pool: it was tried before and failed" in reason(error)

    def test_there_are_only_so_many_attempts(
        self, scheduler: FilterScheduler, context: RequestContext
    ) -> None:
        CONF.set_override("scheduler_max_attempts", 2)
        retry = {"num_attempts": 2, "hosts": ["h8@b#p", "h9@b#p"], "exc": "disk on fire\n"}
        volume = new_volume()
        with pytest.raises(exception.NoValidHost) as error:
            scheduler.schedule_create_volume(context, spec_of(volume), {"retry": retry})
        assert reason(error) == (
            f"Volume {volume.id} was tried on h8@b#p, h9@b#p, which is as often as "
            "scheduler_max_attempts allows. The last one failed: disk on fire"
        )

    def test_with_one_attempt_there_is_no_history(
        self, scheduler: FilterScheduler, context: RequestContext, rpcapi: FakeVolumeAPI
    ) -> None:
        CONF.set_override("scheduler_max_attempts", 1)
        scheduler.schedule_create_volume(context, spec_of(new_volume()), {})
        assert rpcapi.calls[0][1]["filter_properties"] == {}


@pytest.mark.usefixtures("backends")
class TestFindRetypeHost:
    """A volume that gets a new type stays where it is, if that will do."""

    def test_it_stays(self, scheduler: FilterScheduler, context: RequestContext) -> None:
        # TWO has no room for another 60 GiB, but the volume is there.
        volume = new_volume(size=60, host=TWO, status=states.RETYPING)
        state = scheduler.find_retype_host(context, spec_of(volume), {}, "on-demand")
        assert state.host == TWO
        assert free(scheduler, TWO) == 50.0

    def test_a_volume_from_before_pools_stays(
        self, scheduler: FilterScheduler, context: RequestContext
    ) -> None:
        volume = new_volume(host="h2@b", status=states.RETYPING)
        assert scheduler.find_retype_host(context, spec_of(volume), {}).host == TWO

    def test_it_moves_if_it_may(self, scheduler: FilterScheduler, context: RequestContext) -> None:
        report(scheduler.host_manager, "h3@b", flat(volume_backend_name="fast"))
        volume = new_volume(host=TWO, status=states.RETYPING)
        spec = spec_of(volume, extra_specs={"volume_backend_name": "fast"})
        state = scheduler.find_retype_host(context, spec, {}, "on-demand")
        assert state.host == "h3@b#fast"
        assert free(scheduler, "h3@b#fast") == 90.0
        with pytest.raises(exception.NoValidHost) as error:
            scheduler.find_retype_host(context, spec, {}, "never")
        assert reason(error) == (
            "Backend h2@b#pool can not take the volume: CapabilitiesFilter: the volume type asks "
            "for volume_backend_name=fast, it reports 'pool'."
        )

    def test_nowhere(self, scheduler: FilterScheduler, context: RequestContext) -> None:
        spec = spec_of(new_volume(host=TWO), extra_specs={"volume_backend_name": "fast"})
        with pytest.raises(exception.NoValidHost, match="No backend can take the volume"):
            scheduler.find_retype_host(context, spec, {}, "on-demand")

    def test_its_place_is_unknown(
        self, scheduler: FilterScheduler, context: RequestContext
    ) -> None:
        spec = spec_of(new_volume(host="h9@b#pool"))
        with pytest.raises(exception.NoValidHost, match="h9@b#pool can not take the volume: its"):
            scheduler.find_retype_host(context, spec, {}, "never")


class TestGetPools:
    """Pools for users, by type if they like."""

    def test_by_type(self, scheduler: FilterScheduler, context: RequestContext) -> None:
        report(scheduler.host_manager, "h1@b", thin(volume_backend_name="fast"))
        report(scheduler.host_manager, "h2@b")
        fast = volume_types.create({"name": "fast"}, {"volume_backend_name": "fast"})

        def names(**filters: str) -> list[str]:
            return [one["name"] for one in scheduler.get_pools(context, filters)]

        assert names() == ["h1@b#fast", TWO]
        assert names(volume_type="fast") == names(volume_type=fast.id) == ["h1@b#fast"]
        assert names(volume_type="fast", name=TWO) == []
        with pytest.raises(exception.VolumeTypeNotFound):
            names(volume_type="nope")


def test_weighers_and_filters_of_the_configuration(
    database: str, context: RequestContext, rpcapi: FakeVolumeAPI
) -> None:
    CONF.set_override("scheduler_default_filters", ["DriverFilter", "SameBackendFilter"])
    CONF.set_override("scheduler_default_weighers", ["AllocatedCapacityWeigher"])
    scheduler = FilterScheduler(volume_rpcapi=rpcapi)  # type: ignore[arg-type]
    report(scheduler.host_manager, "h1@b", flat(allocated_capacity_gb=50))
    report(scheduler.host_manager, "h2@b", flat(allocated_capacity_gb=40))
    report(scheduler.host_manager, "h3@b", flat(filter_function="volume.size > 100"))
    refusals: list[Refusal] = []
    weighed = scheduler._get_weighted_candidates(context, spec_of(new_volume()), {}, refusals)
    assert [one.obj.host for one in weighed] == [TWO, ONE]
    assert [(one.host, one.filter_name) for one in refusals] == [("h3@b#pool", "DriverFilter")]
