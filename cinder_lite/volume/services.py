# SPDX-License-Identifier: Apache-2.0
"""What an administrator asks of the services themselves: levels of logs, freezing, clean-up.

The API process does what needs the database alone and asks the services, each by its own queue,
for the rest. The scheduler takes no part: the rows of the services say whom to ask.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, log_levels
from cinder_lite.context import RequestContext
from cinder_lite.db import services
from cinder_lite.objects import Service
from cinder_lite.scheduler.rpcapi import SchedulerAPI
from cinder_lite.volume.rpcapi import VolumeAPI

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

API = "cinder-api"
BACKUP = "cinder-backup"
LOG_BINARIES = (services.SCHEDULER, services.VOLUME, BACKUP, API)


class Levels(NamedTuple):
    """The levels of one process's loggers."""

    host: str
    binary: str
    levels: dict[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Cleanup:
    """Whose abandoned work is to be settled; what is None does not matter.

    :param is_up: services that are up or that are down
    """

    service_id: int | None = None
    host: str | None = None
    cluster_name: str | None = None
    binary: str | None = None
    is_up: bool | None = False
    disabled: bool | None = None
    resource_type: str | None = None
    resource_id: str | None = None

    def concerns(self, service: Service) -> bool:
        """Tell whether a service is meant."""
        return (
            self.service_id in (None, service.id)
            and self.host in (None, service.host, service.host.partition("@")[0])
            and self.cluster_name in (None, service.cluster_name)
            and self.binary in (None, service.binary)
            and self.is_up in (None, service.is_up)
            and self.disabled in (None, service.disabled)
        )


class Services:
    """Asks the services.

    :param volume_rpcapi: the volume services' client
    :param scheduler_rpcapi: the schedulers' client
    """

    def __init__(self, volume_rpcapi: VolumeAPI, scheduler_rpcapi: SchedulerAPI) -> None:
        self._volume = volume_rpcapi
        self._scheduler = scheduler_rpcapi

    # --- levels of logs ----------------------------------------------------------------------

    def set_log_levels(
        self,
        context: RequestContext,
        binary: str | None,
        server: str | None,
        prefix: str | None,
        level: str,
    ) -> None:
        """Set levels in the services that are up; each is told and does it on its own.

        :param binary: None, '' or '*' means every service
        :param server: a node or ``host@backend``; None means everywhere
        :raises InvalidInput: there is no such level
        """
        log_levels.number(level)
        here, asked = _whose_logs(binary, server)
        if here:
            log_levels.put(prefix, level)
        for service in asked:
            self._client(service).set_log_levels(context, service.host, prefix, level)

    def get_log_levels(
        self, context: RequestContext, binary: str | None, server: str | None, prefix: str | None
    ) -> list[Levels]:
        """Return the levels in force in the services that are up.

        :raises ServiceUnavailable: one of them did not answer
        """
        here, asked = _whose_logs(binary, server)
        found = []
        if here and server in (None, "", CONF.host):
            found.append(Levels(CONF.host, API, log_levels.get(prefix)))
        for service in asked:
            levels = self._client(service).get_log_levels(context, service.host, prefix)
            found.append(Levels(service.host, service.binary, levels))
        return found

    def _client(self, service: Service) -> Any:
        return self._volume if service.binary == services.VOLUME else self._scheduler

    # --- backends ----------------------------------------------------------------------------

    def capabilities(self, context: RequestContext, host: str) -> tuple[str, dict[str, Any]]:
        """Return a backend's name and what it can do.

        :param host: ``host@backend``, or a node: then its first backend is asked
        :raises NotFound: there is no such volume service
        :raises ServiceUnavailable: it did not answer
        """
        found = services.listing(host=host, binary=services.VOLUME)
        if not found:
            raise exception.NotFound(f"Can't find service: {host}")
        name = found[0].host
        return name, self._volume.get_capabilities(context, name)

    # --- clean-up ----------------------------------------------------------------------------

    def cleanup(
        self, context: RequestContext, asked: Cleanup
    ) -> tuple[list[Service], list[Service]]:
        """Have services settle the work that somebody has left half done.

        A scheduler's work can be settled by any scheduler; a backend's by its own service only.

        :returns: the services that were told, and those of which none is up to be told
        """
        told, unavailable = [], []
        schedulers_up = any(s.is_up for s in services.listing(binary=services.SCHEDULER))
        for service in filter(asked.concerns, services.listing()):
            if service.binary == services.SCHEDULER and (service.is_up or schedulers_up):
                self._scheduler.do_cleanup(context, service.host if service.is_up else None)
            elif service.binary == services.VOLUME and service.is_up:
                self._volume.do_cleanup(context, service.host)
            else:
                unavailable.append(service)
                continue
            LOG.info("Clean-up of %s on %s asked for", service.binary, service.host)
            told.append(service)
        return told, unavailable


def _whose_logs(binary: str | None, server: str | None) -> tuple[bool, list[Service]]:
    """Return whether this process's logs are meant, and the services that are to be asked."""
    if binary == API:
        return True, []
    everything = binary in (None, "", "*")
    found = services.listing(host=server or None, binary=None if everything else binary)
    return everything, [service for service in found if service.is_up]


# --- freezing --------------------------------------------------------------------------------


def change_frozen(host: str, *, frozen: bool) -> None:
    """Freeze the volume services of a host, or thaw them: the scheduler leaves a frozen one alone.

    :param host: a node or ``host@backend``
    :raises InvalidInput: there is none, or none that was not frozen (or thawed) already
    """
    found = volume_services(host)
    changed = [one for one in found if services.set_frozen(one.id, frozen=frozen)]
    if not changed:
        raise exception.InvalidInput(
            reason=f"no service could be changed: frozen must be {not frozen} in "
            f"{', '.join(one.host for one in found)}."
        )


def failover(host: str, backend_id: str | None) -> None:
    """Refuse to fail a host over: no backend of ours has a replica to fail over to.

    :raises InvalidInput: always; it names what would be needed
    """
    found = volume_services(host)
    raise exception.InvalidInput(
        reason="no service could be changed: replication_status must be enabled or failed-over "
        f"and the service must be up in {', '.join(one.host for one in found)}."
    )


def volume_services(host: str) -> list[Service]:
    """Return the volume services of a node, or the one of a backend.

    :raises InvalidInput: there is none
    """
    found = services.listing(host=host, binary=services.VOLUME)
    if not found:
        raise exception.InvalidInput(
            reason=f"service {services.VOLUME} could not be found on host {host}."
        )
    return found
