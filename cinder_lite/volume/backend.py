# SPDX-License-Identifier: Apache-2.0
"""One backend of this node: what the rooms of the volume service share."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import threading
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cinder_lite.conf.backend import BackendConfiguration
from cinder_lite.db import services as db_services
from cinder_lite.scheduler.rpcapi import SchedulerAPI
from cinder_lite.volume.copy.throttling import Throttle
from cinder_lite.volume.drivers.base import VolumeDriver
from cinder_lite.volume.rpcapi import VolumeAPI
from cinder_lite.volume.uses import Uses

if TYPE_CHECKING:
    from cinder_lite.context import RequestContext


class Claims:
    """Which volumes this process is working on, so that two of its threads do not meet at one."""

    def __init__(self) -> None:
        self._busy: set[str] = set()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def __call__(self, volume_id: str) -> Iterator[bool]:
        """Reserve a volume for the time of a ``with`` block; False when another thread has it."""
        with self._lock:
            mine = volume_id not in self._busy
            self._busy.add(volume_id)
        try:
            yield mine
        finally:
            if mine:
                with self._lock:
                    self._busy.discard(volume_id)


@dataclasses.dataclass(frozen=True)
class Backend:
    """A backend in the process that serves it."""

    service_host: str
    """``host@backend``"""
    driver: VolumeDriver
    configuration: BackendConfiguration
    throttle: Throttle
    volume_rpcapi: VolumeAPI
    scheduler_rpcapi: SchedulerAPI
    context: RequestContext
    """An administrator's, for work that no request asked for."""
    claims: Claims = dataclasses.field(default_factory=Claims)
    instance: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    """This process's own id: what it works on carries it, so that work of a dead one is found."""

    uses: Uses = dataclasses.field(default_factory=Uses)
    """Who reads which data now: nobody deletes it meanwhile."""

    def marks(self) -> dict[str, Any]:
        """Return the columns that all volumes of this backend have alike.

        ``shared_targets`` tells Nova to connect the volumes of one backend one after the other. So
        iSCSI wants it where volumes share a target, as older initiators look for new LUNs by
        themselves.
        """
        stats = self.driver.get_volume_stats()
        iscsi = str(stats.get("storage_protocol")).lower() == "iscsi"
        return {
            "service_uuid": self._service_uuid,
            "shared_targets": iscsi and stats.get("shared_targets", True) is not False,
        }

    @functools.cached_property
    def _service_uuid(self) -> str | None:
        return db_services.get(host=self.service_host, binary=db_services.VOLUME).uuid

    @property
    def pool(self) -> str:
        """The name of the backend's pool."""
        return str(self.configuration.volume_backend_name or self.configuration.config_group)
