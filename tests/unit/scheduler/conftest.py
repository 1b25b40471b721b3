# SPDX-License-Identifier: Apache-2.0
"""A database, backends that report, and a volume service that only takes notes."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from oslo_config import cfg

from cinder_lite import conf, states
from cinder_lite.context import RequestContext
from cinder_lite.db import services, volume_migrations, volumes
from cinder_lite.objects import Migration, Volume, utcnow
from cinder_lite.scheduler.filter_scheduler import FilterScheduler
from cinder_lite.scheduler.host_manager import HostManager
from cinder_lite.scheduler.host_state import HostState
from cinder_lite.scheduler.manager import SchedulerManager

CONF = cfg.CONF
assert conf.CONF is CONF

PROJECT = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _options() -> Iterator[None]:
    """Options are as they are by default after each test."""
    yield
    for one in (*conf.scheduler.OPTS, *conf.volume.OPTS, *conf.base.OPTS):
        CONF.clear_override(one.name)


@pytest.fixture
def database(sqlite_database: str) -> str:
    """A database of the test's own; returns its URL."""
    return sqlite_database


@pytest.fixture
def context() -> RequestContext:
    return RequestContext(user_id="u", project_id=PROJECT, is_admin=True, overwrite=False)


def flat(**values: Any) -> dict[str, Any]:
    """Return the report of a thick backend with one pool; sizes are GiB."""
    return {
        "volume_backend_name": "pool",
        "vendor_name": "Open Source",
        "driver_version": "1.0",
        "storage_protocol": "iSCSI",
        "total_capacity_gb": 100,
        "free_capacity_gb": 100,
        "allocated_capacity_gb": 0,
        "provisioned_capacity_gb": 0,
        "reserved_percentage": 0,
        "thin_provisioning_support": False,
        "thick_provisioning_support": True,
        **values,
    }


def thin(**values: Any) -> dict[str, Any]:
    """Return the report of a thin backend with one pool."""
    return flat(
        thin_provisioning_support=True,
        thick_provisioning_support=False,
        max_over_subscription_ratio="2.0",
        **values,
    )


def state_of(host: str = "h1@b#pool", zone: str = "nova", **values: Any) -> HostState:
    """Return a pool as a filter sees it."""
    state = HostState(host, flat(**values), utcnow())
    state.service = {"availability_zone": zone}
    return state


def new_service(host: str, zone: str = "nova") -> int:
    """Register a volume service and return its row's id."""
    return services.register(
        host=host,
        binary=services.VOLUME,
        topic=f"cinder-lite-volume.{host}",
        availability_zone=zone,
        rpc_version="1.0",
    ).id


def new_volume(**values: Any) -> Volume:
    """Insert a volume that is being created."""
    return volumes.create(
        {
            "project_id": PROJECT,
            "size": 10,
            "status": states.CREATING,
            "availability_zone": "nova",
            "use_quota": False,
            **values,
        }
    )


def new_migration(volume: Volume, dest_host: str, **record: Any) -> Migration:
    """Admit a move as the API does."""
    lock = record.get("lock_volume", False)
    migration = volume_migrations.begin(
        volume.id,
        [],
        {
            "migration_status": states.MIGRATION_STARTING,
            "previous_status": volume.status,
            "status": states.MAINTENANCE if lock else volume.status,
        },
        {
            "source_host": volume.host,
            "dest_host": dest_host,
            "status": states.RECORD_RUNNING,
            "phase": states.PHASE_SCHEDULING,
            "bytes_total": volume.size * 1024**3,
            "user_id": "u",
            "project_id": PROJECT,
            **record,
        },
    )
    assert migration is not None
    return migration


def spec_of(volume: Volume, **values: Any) -> dict[str, Any]:
    """Return a request spec as the API makes it."""
    extra_specs = values.pop("extra_specs", {})
    return {
        "volume_id": volume.id,
        "volume_properties": {
            "size": volume.size,
            "availability_zone": volume.availability_zone,
            "host": volume.host,
            "volume_type_id": None,
        },
        "volume_type": {"extra_specs": extra_specs},
        **values,
    }


class FakeVolumeAPI:
    """Takes notes of casts; raises ``broken`` instead when it is set."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.told = threading.Event()
        self.broken: Exception | None = None
        self.on_publish: Callable[[], None] = lambda: None

    def _note(self, name: str, **arguments: Any) -> None:
        if self.broken is not None:
            raise self.broken
        self.calls.append((name, arguments))
        self.told.set()

    def create_volume(
        self,
        ctxt: RequestContext,
        volume_id: str,
        host: str,
        request_spec: dict[str, Any],
        filter_properties: dict[str, Any],
        **options: Any,
    ) -> None:
        self._note(
            "create_volume",
            volume_id=volume_id,
            host=host,
            request_spec=request_spec,
            filter_properties=filter_properties,
            **options,
        )

    def migrate_volume(
        self,
        ctxt: RequestContext,
        volume: Volume,
        host: dict[str, Any],
        force_host_copy: bool,
        *,
        migration_id: str,
    ) -> None:
        self._note(
            "migrate_volume",
            volume=volume,
            host=host,
            force_host_copy=force_host_copy,
            migration_id=migration_id,
            context=ctxt,
        )

    def extend_volume(self, ctxt: RequestContext, volume: Volume, new_size: int) -> None:
        self._note("extend_volume", volume=volume, new_size=new_size)

    def create_snapshot(self, ctxt: RequestContext, host: str, snapshot_id: str) -> None:
        self._note("create_snapshot", host=host, snapshot_id=snapshot_id)

    def publish_service_capabilities(self, ctxt: RequestContext) -> None:
        self._note("publish_service_capabilities")
        self.on_publish()


class FakeNotifier:
    """Keeps the notifications that were sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def error(self, context: RequestContext, event_type: str, payload: dict[str, Any]) -> None:
        self.sent.append((event_type, payload))


@pytest.fixture
def rpcapi() -> FakeVolumeAPI:
    return FakeVolumeAPI()


@pytest.fixture
def notifier(monkeypatch: pytest.MonkeyPatch) -> FakeNotifier:
    fake = FakeNotifier()
    monkeypatch.setattr("cinder_lite.rpc.get_notifier", lambda publisher: fake)
    return fake


@pytest.fixture
def host_manager(database: str) -> HostManager:
    return HostManager()


@pytest.fixture
def scheduler(database: str, rpcapi: FakeVolumeAPI) -> FilterScheduler:
    return FilterScheduler(volume_rpcapi=rpcapi)  # type: ignore[arg-type]


@pytest.fixture
def manager(database: str, rpcapi: FakeVolumeAPI, notifier: FakeNotifier) -> SchedulerManager:
    return SchedulerManager(volume_rpcapi=rpcapi)  # type: ignore[arg-type]


def forget_services(host_manager: HostManager) -> None:
    """Make the host manager ask the database for the services again."""
    host_manager._services = None


def report(
    host_manager: HostManager,
    host: str,
    capabilities: dict[str, Any] | None = None,
    *,
    age: float = 0.0,
    zone: str = "nova",
) -> None:
    """Register a volume service and let it report figures taken ``age`` seconds ago."""
    new_service(host, zone)
    forget_services(host_manager)
    taken = utcnow() - datetime.timedelta(seconds=age)
    host_manager.update_service_capabilities(
        "volume", host, flat() if capabilities is None else capabilities, taken.isoformat()
    )
