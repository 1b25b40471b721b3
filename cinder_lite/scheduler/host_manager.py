# SPDX-License-Identifier: Apache-2.0
"""Every backend's pools as the scheduler knows them, fed by the volume services' reports."""

from __future__ import annotations

import datetime
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from oslo_config import cfg
from oslo_log import log as logging
from oslo_utils import strutils

from cinder_lite import host as host_name
from cinder_lite.db import services
from cinder_lite.objects import Service
from cinder_lite.scheduler import host_state, ledger, plugins, weights
from cinder_lite.scheduler.filters import FilterProperties, Refusal, filter_hosts
from cinder_lite.scheduler.host_state import HostState
from cinder_lite.scheduler.ledger import Ledger, Promise

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

RECHECK_SECONDS = 1.0
"""Longest wait for a report before the services are looked at again: one may have gone."""


class Backend(NamedTuple):
    """The last report of one volume service."""

    taken: datetime.datetime
    pools: dict[str, HostState]


class HostManager:
    """Keeps the pools, and what was promised of them.

    ``lock`` guards both. Whoever chooses a pool holds it from the choice to the promise, so that
    two requests can not be given the same room.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._arrived = threading.Condition(self.lock)
        self._backends: dict[str, Backend] = {}
        self._ledger = Ledger()
        self._services: dict[str, Service] | None = None
        self._filters = [
            filter_class()
            for filter_class in plugins.load(
                plugins.FILTERS, CONF.scheduler_default_filters, "scheduler_default_filters"
            )
        ]
        self._weighers = plugins.load(
            plugins.WEIGHTS, CONF.scheduler_default_weighers, "scheduler_default_weighers"
        )

    # --- services ----------------------------------------------------------------------------

    def look_at_services(self) -> dict[str, Service]:
        """Ask the database for the volume services, and return them by ``host@backend``.

        Whoever chooses a pool does so first, and before it takes the lock: a service that was
        disabled before the request came must not be chosen.
        """
        found = services.listing(binary=services.VOLUME)
        self._services = {service.host: service for service in found}
        return self._services

    def _known_services(self) -> dict[str, Service]:
        """Return the volume services as they were at the last look."""
        return self.look_at_services() if self._services is None else self._services

    def missing_reports(self, service_host: str | None = None) -> list[str]:
        """Return the services that are up and enabled but have not reported yet.

        :param service_host: look at this one only
        """
        return [
            name
            for name, service in self._known_services().items()
            if (service_host is None or name == service_host)
            and name not in self._backends
            and _why_not(service) is None
        ]

    def wait_for_reports(self, timeout: float, service_host: str | None = None) -> bool:
        """Wait until every service that is up and enabled has reported, at least one of them.

        :param timeout: seconds
        :param service_host: wait for this one only
        :returns: False when the time is over
        """
        deadline = time.monotonic() + timeout
        while True:
            self.look_at_services()
            with self._arrived:
                any_report = service_host is not None or bool(self._backends)
                if any_report and not self.missing_reports(service_host):
                    return True
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._arrived.wait(min(left, RECHECK_SECONDS))

    # --- reports -----------------------------------------------------------------------------

    def update_service_capabilities(
        self,
        service_name: str,
        host: str,
        capabilities: Mapping[str, Any] | None,
        timestamp: str | datetime.datetime | None = None,
    ) -> None:
        """Take a volume service's report.

        :param service_name: only reports of ``volume`` count
        :param host: ``host@backend``
        :param timestamp: when the figures were taken, UTC; without it, now. A report that is older
            than the last one is late and is ignored
        """
        if service_name != "volume":
            LOG.debug("Report of %s service %s ignored", service_name, host)
            return
        report = capabilities or {}
        taken = host_state.moment(timestamp or report.get("timestamp"))
        with self.lock:
            if self._is_late(host, taken):
                return
            confirmed = self._ledger.confirmed(host)
        durable = _durable_promises(host, taken, confirmed)
        pools = host_state.from_report(host, report, taken)
        with self._arrived:
            if self._is_late(host, taken):
                return
            if durable is not None:
                self._ledger.replace(confirmed, durable)
            for pool in pools.values():
                for promise in self._ledger.of_host(pool.host):
                    _apply(promise, pool)
            if host not in self._backends:
                LOG.info("Backend %s reports for the first time: %s", host, list(pools.values()))
            self._backends[host] = Backend(taken, pools)
            self._arrived.notify_all()

    def _is_late(self, host: str, taken: datetime.datetime) -> bool:
        last = self._backends.get(host)
        if last is None or taken >= last.taken:
            return False
        # A message is late by seconds. If it is more, that host's clock was set back.
        late = (last.taken - taken).total_seconds() <= CONF.service_down_time
        if late:
            LOG.info("Report of backend %s is older than its last one and is ignored", host)
        return late

    # --- promises ----------------------------------------------------------------------------

    def promise(self, key: str, host: HostState, size: float, *, thin: bool = True) -> None:
        """Take capacity of a pool for a volume, until a report holds it.

        :param key: id of the volume, or of the migration
        :param size: GiB
        :param thin: the volume may be thin
        """
        with self.lock:
            self.release(key)
            promise = Promise(key=key, host=host.host, size=size, thin=thin)
            self._ledger.add(promise)
            _apply(promise, host)

    def confirm(self, key: str) -> None:
        """Note that the database knows where a volume goes."""
        with self.lock:
            self._ledger.confirm(key)

    def release(self, key: str) -> None:
        """Give promised capacity back: the volume does not come after all."""
        with self.lock:
            promise = self._ledger.remove(key)
            pool = self._pool(promise.host) if promise is not None else None
            if promise is not None and pool is not None:
                _apply(promise, pool, sign=-1)

    def _pool(self, host: str) -> HostState | None:
        service_host, _, pool = host.partition("#")
        backend = self._backends.get(service_host)
        return backend.pools.get(pool) if backend is not None else None

    # --- choosing ----------------------------------------------------------------------------

    def get_all_host_states(
        self, within: str | None = None
    ) -> tuple[list[HostState], list[Refusal]]:
        """Return the pools that can be chosen from, and why others can not.

        :param within: look at this backend (``host@backend``) or pool only
        """
        known = self._known_services()
        with self.lock:
            if within is None:
                found = [self._pools_of(service) for service in known.values()]
            else:
                found = [self._pools_within(within)]
        return [pool for pools, _ in found for pool in pools], [
            refusal for _, refusals in found for refusal in refusals
        ]

    def _pools_of(self, service: Service) -> tuple[list[HostState], list[Refusal]]:
        why_not = _why_not(service)
        backend = self._backends.get(service.host)
        if why_not is None and backend is None:
            why_not = "its volume service has not reported yet what it can do"
        elif why_not is None and backend is not None and not backend.pools:
            why_not = "its volume service reports no storage; its log may say why"
        if why_not is not None or backend is None:
            return [], [Refusal(service.host, "", why_not or "")]
        columns = {
            "host": service.host,
            "availability_zone": service.availability_zone,
            "disabled": service.disabled,
            "frozen": service.frozen,
        }
        for pool in backend.pools.values():
            pool.service = columns
        return list(backend.pools.values()), []

    def _pools_within(self, within: str) -> tuple[list[HostState], list[Refusal]]:
        service_host, name = host_name.service_of(within), host_name.pool_of(within)
        services_by_host = self._known_services()
        service = services_by_host.get(service_host)
        if service is None:
            known = ", ".join(sorted(services_by_host)) or "none"
            why_not = f"there is no volume service of that name; known are: {known}"
            return [], [Refusal(within, "", why_not)]
        pools, refusals = self._pools_of(service)
        if name is None or not pools:
            return pools, [refusal._replace(host=within) for refusal in refusals]
        matching = [pool for pool in pools if pool.pool_name == name]
        if matching:
            return matching, []
        known = ", ".join(pool.pool_name for pool in pools)
        return [], [Refusal(within, "", f"backend {service_host} has no such pool; it has {known}")]

    def get_filtered_hosts(
        self, hosts: Iterable[HostState], filter_properties: FilterProperties
    ) -> tuple[list[HostState], list[Refusal]]:
        """Return the pools that pass every filter, and why each other one does not."""
        return filter_hosts(self._filters, hosts, filter_properties)

    def get_weighed_hosts(
        self, hosts: Sequence[HostState], weight_properties: FilterProperties
    ) -> list[weights.WeighedHost]:
        """Return pools, the best first."""
        return weights.weigh(self._weighers, hosts, weight_properties)

    def get_pools(
        self, filters: Mapping[str, Any], type_properties: FilterProperties | None = None
    ) -> list[dict[str, Any]]:
        """Return the pools of services that are up and enabled, as they reported themselves.

        :param filters: ``name`` (of the pool) or capabilities, and the values they must have
        :param type_properties: pools must pass the filters with these as well
        """
        self.look_at_services()
        hosts, _ = self.get_all_host_states()
        if type_properties is not None:
            with self.lock:
                hosts, _ = self.get_filtered_hosts(hosts, type_properties)
        return [
            {"name": host.host, "capabilities": host.capabilities}
            for host in hosts
            if all(
                host.host == value if key == "name" else _same(host.capabilities.get(key), value)
                for key, value in filters.items()
            )
        ]


def _durable_promises(
    host: str, taken: datetime.datetime, known: Mapping[str, Promise]
) -> list[Promise] | None:
    """Return what the database knows to be missing from a report, None if it can not say."""
    try:
        return ledger.durable_promises(host, taken, known)
    except Exception:
        LOG.exception("Backend %s: what its report does not hold yet can not be read", host)
        return None


def _apply(promise: Promise, pool: HostState, sign: int = 1) -> None:
    pool.consume(sign * promise.size, thin=promise.thin, allocated=promise.allocated)


def _why_not(service: Service) -> str | None:
    """Return why a service is given no volumes, None where it may be."""
    if service.disabled:
        why = f" ({service.disabled_reason})" if service.disabled_reason else ""
        return f"its volume service is disabled{why}"
    if service.frozen:
        return "its volume service is frozen"
    if not service.is_up:
        last = service.updated_at or service.created_at
        return f"its volume service is down: last heard of at {last} UTC"
    return None


def _same(capability: Any, value: Any) -> bool:
    """Compare a capability with a value of a query string, as Cinder does."""
    if isinstance(capability, bool):
        return capability is strutils.bool_from_string(value)
    return capability is not None and str(capability) == str(value)
