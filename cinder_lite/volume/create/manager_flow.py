# SPDX-License-Identifier: Apache-2.0
"""The volume service's part in creating a volume: make the data, then say that it is there.

The volume's row is the only thing that lasts. Until the last task it says ``creating`` and names
this backend, so a service that is killed between two tasks finds the volume at its next start,
removes what was made of it and runs the flow again (``lifecycle.settle_lost``).
"""

from __future__ import annotations

import functools
from typing import Any

from oslo_log import log as logging
from taskflow import task
from taskflow.types.failure import Failure

from cinder_lite import exception, notifications, states
from cinder_lite.context import RequestContext
from cinder_lite.db import volumes
from cinder_lite.flow import Flow
from cinder_lite.objects import Volume, utcnow
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.create import ending, from_spec
from cinder_lite.volume.create.spec import VolumeSpec, extract

LOG = logging.getLogger(__name__)


class OnFailureChangeStatus(task.Task):
    """Stand ready to mark the volume."""

    def execute(self) -> None:
        """Do nothing, yet."""

    def revert(
        self,
        backend: Backend,
        context: RequestContext,
        volume: Volume,
        flow_failures: dict[str, Failure],
        **_: Any,
    ) -> None:
        """Remove what was made and set the volume's status to error."""
        ending.give_up(backend, context, volume, _cause(flow_failures))


class OnFailureReschedule(task.Task):
    """Stand ready to ask the scheduler for another backend."""

    def execute(self) -> None:
        """Do nothing, yet."""

    def revert(
        self,
        backend: Backend,
        context: RequestContext,
        volume: Volume,
        request_spec: dict[str, Any],
        filter_properties: dict[str, Any],
        flow_failures: dict[str, Failure],
        **_: Any,
    ) -> None:
        """Remove what was made and try another backend, if that can help; else set error."""
        cause = _cause(flow_failures)
        if not ending.another_host_may_help(cause):
            ending.give_up(backend, context, volume, cause)
            return
        ending.reschedule(backend, context, volume, cause, request_spec, filter_properties)


class ExtractVolumeSpec(task.Task):
    """Find out how the volume is to be made: empty, or of which source."""

    default_provides = "volume_spec"

    def execute(
        self, context: RequestContext, volume: Volume, request_spec: dict[str, Any]
    ) -> VolumeSpec:
        """Return the specification."""
        return extract(volume, request_spec)


class NotifyVolumeAction(task.Task):
    """Tell whoever listens that the volume begins to be made."""

    def execute(self, context: RequestContext, volume: Volume) -> None:
        """Send ``volume.create.start``."""
        notifications.about_volume(context, volume, "create.start")


class CreateVolumeFromSpec(task.Task):
    """Make the volume's data on the backend."""

    default_provides = "model_update"

    def execute(
        self, backend: Backend, context: RequestContext, volume: Volume, volume_spec: VolumeSpec
    ) -> dict[str, Any]:
        """Return the columns of the volume's row to change.

        :raises DriverNotInitialized: the backend is not ready
        :raises CinderLiteException: the storage refused, or the source can not be read
        """
        if not backend.driver.initialized:
            raise exception.DriverNotInitialized(driver=type(backend.driver).__name__)
        return from_spec.create(backend, context, volume, volume_spec)


class CreateVolumeOnFinish(task.Task):
    """Mark the volume available and tell whoever listens."""

    def execute(
        self,
        backend: Backend,
        context: RequestContext,
        volume: Volume,
        model_update: dict[str, Any],
    ) -> None:
        """Write the row, unless the volume was taken back while it was made.

        :raises InvalidVolume: it was
        """
        values = {
            "status": states.AVAILABLE,
            "launched_at": utcnow(),
            **backend.marks(),
            **model_update,
        }
        if not volumes.conditional_update(volume.id, values, ending.being_made_here(volume)):
            raise exception.InvalidVolume(reason=f"volume {volume.id} is no longer being created.")
        LOG.info("Volume %s: created on %s", volume.id, volume.host)
        notifications.about_volume(context, volume.replace(**values), "create.end")


def _cause(flow_failures: dict[str, Failure]) -> BaseException:
    """Return what made the flow fail."""
    error: BaseException = next(iter(flow_failures.values())).exception
    return error


_NEEDS = ("backend", "context", "volume", "request_spec", "filter_properties")


@functools.cache
def get_flow(*, reschedule: bool) -> Flow:
    """Return the flow; it keeps nothing, so one serves every request.

    :param reschedule: a failure may send the volume to another backend
    """
    return Flow(
        "volume_create_manager",
        _NEEDS,
        OnFailureReschedule() if reschedule else OnFailureChangeStatus(),
        ExtractVolumeSpec(),
        NotifyVolumeAction(),
        CreateVolumeFromSpec(),
        CreateVolumeOnFinish(),
    )
