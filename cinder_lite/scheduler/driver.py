# SPDX-License-Identifier: Apache-2.0
"""What a scheduler driver does. ``scheduler_driver`` names the class; FilterScheduler is ours."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from typing import Any

from cinder_lite import states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import volumes
from cinder_lite.objects import utcnow
from cinder_lite.scheduler.host_manager import HostManager
from cinder_lite.scheduler.host_state import HostState
from cinder_lite.volume.rpcapi import VolumeAPI

_STILL_CREATING = cond.In("it is not being created any more", "status", (states.CREATING,))


class Scheduler(abc.ABC):
    """Base of scheduler drivers.

    :param host_manager: what is known of the backends (default: a new one)
    :param volume_rpcapi: the volume services' client (default: a new one)
    """

    def __init__(
        self, host_manager: HostManager | None = None, volume_rpcapi: VolumeAPI | None = None
    ) -> None:
        self.host_manager = host_manager if host_manager is not None else HostManager()
        self.volume_rpcapi = volume_rpcapi if volume_rpcapi is not None else VolumeAPI()

    @abc.abstractmethod
    def schedule_create_volume(
        self,
        context: RequestContext,
        request_spec: dict[str, Any],
        filter_properties: dict[str, Any],
    ) -> None:
        """Choose a backend for a new volume and have it created there.

        :raises NoValidHost: none will do; the reason says why, backend by backend
        """

    @abc.abstractmethod
    def host_passes_filters(
        self,
        context: RequestContext,
        host: str,
        request_spec: dict[str, Any],
        filter_properties: dict[str, Any],
    ) -> HostState:
        """Admit a volume to ``host`` and return the pool that takes it.

        The room is promised to the volume: :meth:`confirm` it once the database names the pool,
        or :meth:`release` it.

        :param host: ``host@backend#pool``, or ``host@backend`` for its best pool
        :raises NoValidHost: it will not do; the reason says which filter refused, and why
        """

    @abc.abstractmethod
    def find_retype_host(
        self,
        context: RequestContext,
        request_spec: dict[str, Any],
        filter_properties: dict[str, Any],
        migration_policy: str = "never",
    ) -> HostState:
        """Return the pool for a volume that gets a new type: where it is, if that will do.

        :param migration_policy: ``on-demand`` lets the volume move; its room is promised
        :raises NoValidHost: none will do
        """

    def find_group_host(
        self, context: RequestContext, request_specs: Sequence[dict[str, Any]]
    ) -> str:
        """Return the pool of a backend that takes volumes of every type of a group.

        :param request_specs: one for each type, of a volume of 0 GiB
        :raises NoValidHost: none takes them all
        :raises NotImplementedError: this scheduler places no groups
        """
        raise NotImplementedError

    @abc.abstractmethod
    def get_pools(
        self, context: RequestContext, filters: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Return pools with their capabilities.

        :raises VolumeTypeNotFound: the filter ``volume_type`` names none
        """

    def confirm(self, request_spec: Mapping[str, Any]) -> None:
        """Note that the database knows where a volume goes."""
        self.host_manager.confirm(promise_key(request_spec))

    def release(self, request_spec: Mapping[str, Any]) -> None:
        """Give back what was promised to a volume that does not come after all."""
        self.host_manager.release(promise_key(request_spec))


def promise_key(request_spec: Mapping[str, Any]) -> str:
    """Return the name under which a request's room is promised."""
    named = request_spec.get("promise") or request_spec.get("migration_id")
    return str(named or request_spec["volume_id"])


def volume_update_db(volume_id: str, host: HostState, tried: Sequence[str] = ()) -> bool:
    """Record where a new volume goes.

    :param tried: the pools that failed before; the volume's row may still name the last of them
    :returns: False when the volume is not being created any more, or has been placed meanwhile
    """
    unplaced = cond.In("it has a place", "host", (None, *tried[-1:]))
    placed = {"host": host.host, "scheduled_at": utcnow()}
    zone = host.service.get("availability_zone")
    if zone:
        placed["availability_zone"] = zone
    return volumes.conditional_update(volume_id, placed, [_STILL_CREATING, unplaced])
