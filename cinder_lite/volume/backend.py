# SPDX-License-Identifier: Apache-2.0
"""One backend of this node: what the rooms of the volume service share."""

from __future__ import annotations

import dataclasses
import uuid
from typing import TYPE_CHECKING

from cinder_lite.conf.backend import BackendConfiguration
from cinder_lite.scheduler.rpcapi import SchedulerAPI
from cinder_lite.volume.copy.throttling import Throttle
from cinder_lite.volume.drivers.base import VolumeDriver
from cinder_lite.volume.rpcapi import VolumeAPI

if TYPE_CHECKING:
    from cinder_lite.context import RequestContext


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
    instance: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    """This process's own id: what it works on carries it, so that work of a dead one is found."""

    @property
    def pool(self) -> str:
        """The name of the backend's pool."""
        return str(self.configuration.volume_backend_name or self.configuration.config_group)
