# SPDX-License-Identifier: Apache-2.0
"""The moves' world with a scheduler in it: API, scheduler and two volume services make volumes."""

from __future__ import annotations

import contextlib
import pathlib
from typing import Any

import sqlalchemy as sa

from cinder_lite import states
from cinder_lite.db import engine, models, quotas, services, volumes
from cinder_lite.objects import Volume
from cinder_lite.scheduler.filter_scheduler import FilterScheduler
from cinder_lite.scheduler.manager import SchedulerManager
from cinder_lite.volume.create.request import CreateRequest
from tests.unit import rows
from tests.unit.volume.migration import world as moves

API, SCHEDULER = "api", "scheduler"


class World(moves.World):
    """An API, a scheduler, and the backends ``one@file`` and ``two@file``."""

    def __init__(self, directory: pathlib.Path) -> None:
        super().__init__(directory)
        self.api._scheduler = SchedulerAPI(self)  # type: ignore[assignment]
        self.api._volume = Broker(self)  # type: ignore[assignment]

    def start(self, name: str) -> None:
        """Start a service."""
        if name == API:
            self.dead.discard(name)
            return
        if name != SCHEDULER:
            super().start(name)
            services.register(
                host=f"{name}@file",
                binary=services.VOLUME,
                topic="t",
                availability_zone="nova",
                rpc_version="1.0",
            )
            return
        self.dead.discard(name)
        with self.acting(name):
            services.register(
                host="h",
                binary=services.SCHEDULER,
                topic="t",
                availability_zone="z",
                rpc_version="1",
            )
            broker: Any = Broker(self)
            made = SchedulerManager(FilterScheduler(volume_rpcapi=broker), broker)
            made._readiness.start()
            self.managers[name] = made  # type: ignore[assignment]
            made.started()

    def report(self) -> None:
        """Have both backends report to the scheduler."""
        for name in (self.SOURCE, self.DEST):
            if name not in self.dead:
                with self.acting(name), contextlib.suppress(moves.Killed):
                    self.managers[name]._report()

    def create(self, request: CreateRequest) -> None:
        """Send a request, and let what follows from it happen."""
        with self.acting(API), contextlib.suppress(moves.Killed):
            self.api.create(self.context, request)
        self.idle()

    def settle(self, rounds: int = 8, kill_again: int | None = None) -> None:
        """Start what is dead and let everyone look for lost work until none is left."""
        self.kill_at = None if kill_again is None else len(self.steps) + kill_again
        for _ in range(rounds):
            for name in sorted(self.dead):
                with contextlib.suppress(moves.Killed):
                    self.start(name)
            self.idle()
            self.report()
            for name, manager in self.managers.items():
                if name in self.dead:
                    continue
                with self.acting(name), contextlib.suppress(moves.Killed):
                    if name == SCHEDULER:
                        for periodic in manager.periodics():
                            periodic.run()
                    else:
                        manager._settle()
            self.idle()
            if not self.dead and all(v.status in (states.AVAILABLE, states.ERROR) for v in live()):
                return

    def files(self) -> list[pathlib.Path]:
        """Return everything that lies in the backends' directories."""
        return sorted(p for name in ("one", "two") for p in self.folder(name).iterdir())

    def verify(self) -> list[Volume]:
        """Assert what must hold when all is over; return the volumes."""
        found = live()
        whole = [v for v in found if v.status == states.AVAILABLE]
        assert {v.status for v in found} <= {states.AVAILABLE, states.ERROR}
        expected = sorted(self.folder(v.service_host.partition("@")[0]) / v.name for v in whole)
        assert self.files() == expected, "data without a row, or a row without data"
        for path in expected:
            assert path.stat().st_size == rows.GIB
        assert [v.use_quota for v in found] == [v in whole for v in found]
        usages = quotas.usages(rows.PROJECT)
        assert usages["volumes"][1] == usages["gigabytes"][1] == len(whole)
        return found

    def forget(self) -> None:
        """Make everything as it was before the first volume."""
        with engine.transaction() as connection:
            for table in (models.volume_glance_metadata, models.volume_metadata):
                connection.execute(sa.delete(table))
        super().forget()
        self.report()


def live() -> list[Volume]:
    """Return every volume that is not deleted."""
    with engine.statement() as connection:
        query = sa.select(*volumes._COLUMNS).where(models.volumes.c.deleted == sa.false())
        return [volumes.from_row(row) for row in connection.execute(query)]


class SchedulerAPI:
    """Stands in for scheduler.rpcapi.SchedulerAPI."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create_volume(self, _context: Any, volume_id: str, **arguments: Any) -> None:
        """Cast."""
        self._world.step("cast schedule")
        self._world.post(
            SCHEDULER, "create_volume", {"topic": "t", "volume_id": volume_id, **arguments}
        )
        self._world.step("cast schedule done")

    def update_service_capabilities(
        self, context: Any, host: str, capabilities: dict[str, Any], timestamp: str
    ) -> None:
        """Cast to the scheduler, if it is there."""
        scheduler: Any = self._world.managers.get(SCHEDULER)
        if scheduler is not None:
            scheduler.update_service_capabilities(context, "volume", host, capabilities, timestamp)


class Broker(moves.Broker):
    """Stands in for rpcapi.VolumeAPI; what it casts is read by another thread of control."""

    def create_volume(
        self, _context: Any, volume_id: str, host: str, *spec: Any, **more: Any
    ) -> None:
        """Cast."""
        request_spec, filter_properties = spec
        self._cast(
            host,
            "create_volume",
            volume_id=volume_id,
            request_spec=request_spec,
            filter_properties=filter_properties,
            **more,
        )

    def publish_service_capabilities(self, _context: Any) -> None:
        """Ask for reports."""
        self._world.report()  # type: ignore[attr-defined]
