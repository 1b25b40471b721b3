# SPDX-License-Identifier: Apache-2.0
"""What the other services may ask of cinder-lite-scheduler."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg

from cinder_lite import log_endpoints, rpc
from cinder_lite.context import RequestContext

CONF = cfg.CONF


class SchedulerAPI:
    """Client side of the scheduler's RPC interface.

    Version history::

        1.0 - create_volume, migrate_volume_to_host, update_service_capabilities, get_pools,
              retype, create_group, extend_volume, create_snapshot, do_cleanup,
              set_log_levels, get_log_levels
    """

    RPC_API_VERSION = "1.0"

    def __init__(self) -> None:
        self._client = rpc.client(CONF.scheduler_topic, self.RPC_API_VERSION)

    def create_volume(
        self,
        ctxt: RequestContext,
        volume_id: str,
        *,
        request_spec: dict[str, Any],
        filter_properties: dict[str, Any],
        snapshot_id: str | None = None,
        image_id: str | None = None,
    ) -> None:
        """Cast: choose a backend for a new volume and have it created there."""
        self._client.cast(
            ctxt,
            "create_volume",
            topic=CONF.volume_topic,
            volume_id=volume_id,
            snapshot_id=snapshot_id,
            image_id=image_id,
            request_spec=request_spec,
            filter_properties=filter_properties,
        )

    def extend_volume(self, ctxt: RequestContext, volume_id: str, new_size: int) -> None:
        """Cast: see whether a volume's backend has room for its growth, and have it grown.

        :param new_size: GiB
        """
        self._client.cast(ctxt, "extend_volume", volume_id=volume_id, new_size=new_size)

    def create_snapshot(self, ctxt: RequestContext, snapshot_id: str) -> None:
        """Cast: see whether a volume's backend has room for a snapshot, and have it made."""
        self._client.cast(ctxt, "create_snapshot", snapshot_id=snapshot_id)

    def create_group(
        self, ctxt: RequestContext, group_id: str, *, request_specs: list[dict[str, Any]]
    ) -> None:
        """Cast: choose a backend for a new group.

        :param request_specs: one for each volume type of the group
        """
        self._client.cast(ctxt, "create_group", group_id=group_id, request_specs=request_specs)

    def migrate_volume_to_host(
        self,
        ctxt: RequestContext,
        volume_id: str,
        host: str,
        *,
        force_host_copy: bool,
        request_spec: dict[str, Any],
    ) -> None:
        """Cast: see whether ``host`` can take a volume and tell the source to move it."""
        self._client.cast(
            ctxt,
            "migrate_volume_to_host",
            topic=CONF.volume_topic,
            volume_id=volume_id,
            host=host,
            force_host_copy=force_host_copy,
            request_spec=request_spec,
            filter_properties=None,
        )

    def retype(self, ctxt: RequestContext, volume_id: str, *, request_spec: dict[str, Any]) -> None:
        """Cast: see whether a volume's backend suits its new type, or which other one does."""
        self._client.cast(ctxt, "retype", volume_id=volume_id, request_spec=request_spec)

    def update_service_capabilities(
        self, ctxt: RequestContext, host: str, capabilities: dict[str, Any], timestamp: str
    ) -> None:
        """Cast to every scheduler: what a backend can do and how full it is.

        :param host: ``host@backend``
        :param timestamp: when the figures were taken, ISO 8601, UTC
        """
        self._client.prepare(fanout=True).cast(
            ctxt,
            "update_service_capabilities",
            service_name="volume",
            host=host,
            capabilities=capabilities,
            timestamp=timestamp,
        )

    def get_pools(self, ctxt: RequestContext, filters: dict[str, Any]) -> list[dict[str, Any]]:
        """Call: every backend's pools with their capabilities."""
        pools: list[dict[str, Any]] = rpc.call(
            self._client, "The scheduler", ctxt, "get_pools", filters=filters
        )
        return pools

    # --- administration ----------------------------------------------------------------------

    def _to(self, host: str) -> Any:
        return self._client.prepare(server=host)

    def do_cleanup(self, ctxt: RequestContext, host: str | None = None) -> None:
        """Cast: settle what was left half done, without waiting for its time.

        :param host: the node of the scheduler; None means any of them
        """
        client = self._to(host) if host is not None else self._client
        client.cast(ctxt, "do_cleanup")

    def set_log_levels(
        self, ctxt: RequestContext, host: str, prefix: str | None, level: str
    ) -> None:
        """Cast to the scheduler of a node: set the levels of its loggers."""
        log_endpoints.set_log_levels(self._to(host), ctxt, prefix, level)

    def get_log_levels(self, ctxt: RequestContext, host: str, prefix: str | None) -> dict[str, str]:
        """Call the scheduler of a node: the levels of its loggers."""
        return log_endpoints.get_log_levels(
            self._to(host), f"The scheduler on {host}", ctxt, prefix
        )
