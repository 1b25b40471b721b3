# SPDX-License-Identifier: Apache-2.0
"""One backend of this node: what the rooms of the volume service share."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from oslo_log import log as logging

from cinder_lite.conf.backend import BackendConfiguration
from cinder_lite.db import services as db_services
from cinder_lite.scheduler.rpcapi import SchedulerAPI
from cinder_lite.volume.copy import CopyResult, Report, Throttle, copy_volume
from cinder_lite.volume.drivers.base import VolumeDriver
from cinder_lite.volume.root_helper import root_helper
from cinder_lite.volume.rpcapi import VolumeAPI
from cinder_lite.volume.uses import Uses

if TYPE_CHECKING:
    from cinder_lite.context import RequestContext
    from cinder_lite.volume.copy.process import Stop


LOG = logging.getLogger(__name__)


class Claims:
    """Which volumes this process is working on, so that two of its threads do not meet at one."""

    def __init__(self) -> None:
        self._busy: set[str] = set()
        self._next: dict[str, list[Callable[[], object]]] = {}
        """What is to be done with a volume by whoever has it now."""
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def __call__(self, volume_id: str) -> Iterator[bool]:
        """Reserve a volume for the time of a ``with`` block; False when another thread has it."""
        with self._lock:
            mine = volume_id not in self._busy
            self._busy.add(volume_id)
        if not mine:
            yield False
            return
        with self._held(volume_id):
            yield True

    @contextlib.contextmanager
    def _held(self, volume_id: str) -> Iterator[None]:
        """Let a volume go at the end, and do what was left to this thread."""
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(volume_id)
                left = self._next.pop(volume_id, [])
            for work in left:
                self._do(volume_id, work)

    def in_turn(self, volume_id: str, work: Callable[[], object]) -> None:
        """Do work on a volume, or leave it to the thread that has the volume now.

        A volume is ready for the next request before the thread that made it so has let it go.

        :param work: what it does it may do again; what it raises is heard of only where it is
            done at once
        """
        with self._lock:
            if volume_id in self._busy:
                self._next.setdefault(volume_id, []).append(work)
                return
            self._busy.add(volume_id)
        with self._held(volume_id):
            work()

    def _do(self, volume_id: str, work: Callable[[], object]) -> None:
        try:
            self.in_turn(volume_id, work)
        except Exception:
            LOG.exception("Volume %s: what was left to be done failed", volume_id)


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

    def copy(
        self,
        src: Any,
        dest: Any,
        size_in_m: int,
        *,
        sparse: bool = False,
        extents: Sequence[tuple[int, int]] | None = None,
        progress: Report | None = None,
        stop: Stop | None = None,
    ) -> CopyResult:
        """Copy data as this backend is configured to, with its share of the bandwidth.

        Parameters, result and errors are those of :func:`cinder_lite.volume.copy.copy_volume`.
        """
        return copy_volume(
            src,
            dest,
            size_in_m,
            self.configuration.dd_blocksize,
            sync=True,
            throttle=self.throttle,
            sparse=sparse,
            extents=extents,
            progress=progress,
            stop=stop,
            root_helper=root_helper(),
        )

    @functools.cached_property
    def _service_uuid(self) -> str | None:
        return db_services.get(host=self.service_host, binary=db_services.VOLUME).uuid

    @property
    def pool(self) -> str:
        """The name of the backend's pool."""
        return str(self.configuration.volume_backend_name or self.configuration.config_group)
