# SPDX-License-Identifier: Apache-2.0
"""A pool as the scheduler knows it: what its backend reported, less what was promised since.

Attribute names are Cinder's, because filters and weighers from elsewhere read them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from oslo_log import log as logging
from oslo_utils import strutils

from cinder_lite import host as host_name
from cinder_lite.objects import utcnow
from cinder_lite.scheduler import capacity

LOG = logging.getLogger(__name__)

_PROTOCOLS = (
    ("iSCSI", "iscsi"),
    ("FC", "fibre_channel", "fc"),
    ("NFS", "nfs"),
    ("NVMe-oF", "NVMeOF", "nvmeof"),
)
"""Names that mean the same protocol (cinder/common/constants.py)."""

_INHERITED = ("volume_backend_name", "vendor_name", "driver_version", "storage_protocol")
"""What a pool that does not say so itself has from its backend."""
_INHERITED_FUNCTIONS = ("filter_function", "goodness_function")


def protocol_variants(protocol: Any) -> tuple[Any, ...]:
    """Return every name of a storage protocol, the given one among them."""
    for names in _PROTOCOLS:
        if protocol in names:
            return names
    return (protocol,)


class HostState:
    """One pool: where it is, what it can do, and how full it is. Sizes are GiB.

    :param host: ``host@backend#pool``
    :param capabilities: the report about this pool
    :param updated: when its figures were taken, UTC
    """

    def __init__(
        self, host: str, capabilities: Mapping[str, Any], updated: datetime.datetime
    ) -> None:
        self.host = host
        self.cluster_name: str | None = None
        self.pool_name = host_name.pool_of(host) or ""
        self.capabilities = dict(capabilities)
        self.service: Mapping[str, Any] = {}
        """Columns of the volume service's row, ``availability_zone`` among them."""
        self.updated = updated
        self._read_descriptions(self.capabilities)
        self._read_figures(self.capabilities)

    def _read_descriptions(self, report: Mapping[str, Any]) -> None:
        self.volume_backend_name = report.get("volume_backend_name")
        self.vendor_name = report.get("vendor_name")
        self.driver_version = report.get("driver_version")
        self.storage_protocol = report.get("storage_protocol")
        self.QoS_support = _true(report, "QoS_support")
        self.multiattach = _true(report, "multiattach")
        self.thin_provisioning_support = _true(report, "thin_provisioning_support")
        self.thick_provisioning_support = _true(report, "thick_provisioning_support")
        self.filter_function = report.get("filter_function")
        self.goodness_function = report.get("goodness_function")

    def _read_figures(self, report: Mapping[str, Any]) -> None:
        self.total_capacity_gb = capacity.figure(report.get("total_capacity_gb", 0))
        self.free_capacity_gb = capacity.figure(report.get("free_capacity_gb"))
        self.reserved_percentage = capacity.number(report.get("reserved_percentage"))
        self.allocated_capacity_gb = capacity.number(report.get("allocated_capacity_gb"))
        # A backend that does not know better holds what was allocated from it.
        self.provisioned_capacity_gb = capacity.number(
            report.get("provisioned_capacity_gb"), self.allocated_capacity_gb
        )
        self.max_over_subscription_ratio = capacity.over_subscription_ratio(
            report.get("max_over_subscription_ratio"),
            thin_support=self.thin_provisioning_support,
            total=self.total_capacity_gb,
            free=self.free_capacity_gb,
            provisioned=self.provisioned_capacity_gb,
        )
        self._provisioned_is_allocated = report.get("provisioned_capacity_gb") is None

    @property
    def backend_id(self) -> str:
        """The same as ``host``; plug-ins written for Cinder's clusters ask for it."""
        return self.host

    @property
    def service_host(self) -> str:
        """``host@backend``."""
        return host_name.service_of(self.host)

    def room(self, *, thin: bool) -> capacity.Room | None:
        """Return what is left for volumes, None where the capacity is no number.

        :param thin: the volume may be thin
        """
        total, free = self.total_capacity_gb, self.free_capacity_gb
        if not isinstance(total, float) or not isinstance(free, float):
            return None
        return capacity.room(
            total=total,
            free=free,
            provisioned=self.provisioned_capacity_gb,
            reserved_percentage=self.reserved_percentage,
            ratio=self.max_over_subscription_ratio,
            thin=thin and self.thin_provisioning_support,
        )

    def consume(self, size: float, *, thin: bool = True, allocated: bool = True) -> None:
        """Take capacity for a volume that the backend has not reported yet.

        A thin volume occupies nothing when it is made, so it leaves the physical space alone.

        :param size: GiB; negative gives back
        :param thin: the volume may be thin
        :param allocated: False when the reported ``allocated_capacity_gb`` holds it already
        """
        if allocated:
            self.allocated_capacity_gb += size
        if allocated or not self._provisioned_is_allocated:
            self.provisioned_capacity_gb += size
        is_thin = thin and self.thin_provisioning_support
        if isinstance(self.free_capacity_gb, float) and not is_thin:
            self.free_capacity_gb -= size

    def consume_from_volume(self, volume: Mapping[str, Any]) -> None:
        """Take capacity for a volume, given as a mapping with ``size`` (Cinder's name)."""
        self.consume(float(volume["size"]))

    def __repr__(self) -> str:
        return (
            f"HostState({self.host!r}, total={self.total_capacity_gb}, "
            f"free={self.free_capacity_gb}, provisioned={self.provisioned_capacity_gb}, "
            f"allocated={self.allocated_capacity_gb})"
        )


def _true(report: Mapping[str, Any], key: str) -> bool:
    return bool(strutils.bool_from_string(report.get(key)))


def moment(value: str | datetime.datetime | None) -> datetime.datetime:
    """Return a report's time as UTC without a zone, now where it gives none."""
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value)
        except ValueError:
            LOG.warning("A report has the time %r, which is none; now is used instead", value)
            value = None
    if value is None:
        return utcnow()
    if value.tzinfo is not None:
        value = value.astimezone(datetime.UTC).replace(tzinfo=None)
    return value


def from_report(
    service_host: str, capabilities: Mapping[str, Any], taken: datetime.datetime
) -> dict[str, HostState]:
    """Return the pools of one backend's report by name.

    A report without ``pools`` is about a single pool, which is named as the backend is.

    :param service_host: ``host@backend``
    :param capabilities: the report
    :param taken: when its figures were taken, UTC
    """
    return {
        name: HostState(host_name.with_pool(service_host, name), pool, taken)
        for name, pool in _pools(service_host, capabilities, taken.isoformat())
    }


def _pools(
    service_host: str, capabilities: Mapping[str, Any], timestamp: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    pools = capabilities.get("pools")
    if not capabilities:
        return
    if pools is None:
        name = capabilities.get("volume_backend_name") or host_name.parse(service_host).backend
        yield name or service_host, {**capabilities, "timestamp": timestamp}
        return
    backend = {key: capabilities.get(key) for key in _INHERITED}
    backend |= {key: capabilities[key] for key in _INHERITED_FUNCTIONS if key in capabilities}
    for pool in pools:
        if not pool.get("pool_name"):
            LOG.warning(
                "Backend %s reports a pool without a pool_name; it is left out", service_host
            )
            continue
        own = {key: value for key, value in pool.items() if value or key not in _INHERITED}
        yield str(pool["pool_name"]), {**backend, **own, "timestamp": timestamp}
