# SPDX-License-Identifier: Apache-2.0
"""The scheduler's part in creating a volume: choose a backend and have the volume made there."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from oslo_log import log as logging
from taskflow import task
from taskflow.types.failure import Failure

from cinder_lite import exception
from cinder_lite.context import RequestContext
from cinder_lite.flow import Flow
from cinder_lite.scheduler import failures
from cinder_lite.scheduler.spec import complete

LOG = logging.getLogger(__name__)

Schedule = Callable[[RequestContext, dict[str, Any], dict[str, Any]], None]
"""Chooses a backend, records it and tells it; given context, request spec, filter properties."""


class OnFailureGiveUp(task.Task):
    """Stand ready to give the volume up."""

    def execute(self) -> None:
        """Do nothing, yet."""

    def revert(
        self,
        context: RequestContext,
        request_spec: dict[str, Any],
        flow_failures: dict[str, Failure],
        **_: Any,
    ) -> None:
        """Set the volume's status to error and tell its owner the reason."""
        error = next(iter(flow_failures.values())).exception
        if isinstance(error, exception.VolumeNotFound):
            LOG.info("Volume %s was deleted before it was scheduled", request_spec["volume_id"])
            return
        failures.fail_volume(context, request_spec, error)


class ExtractSchedulerSpec(task.Task):
    """Fill in what the message did not say of the volume, from its row."""

    default_provides = "spec"

    def execute(self, context: RequestContext, request_spec: dict[str, Any]) -> dict[str, Any]:
        """Return the whole request spec.

        :raises VolumeNotFound: the volume was deleted meanwhile
        """
        complete(context, request_spec)
        return request_spec


class ScheduleCreateVolume(task.Task):
    """Choose a backend that was not tried before, record it, and tell it."""

    def execute(
        self,
        context: RequestContext,
        spec: dict[str, Any],
        filter_properties: dict[str, Any],
        schedule: Schedule,
    ) -> None:
        """Schedule; what was promised to the volume is given back by the driver if that fails.

        :raises NoValidHost: none will do, or ``scheduler_max_attempts`` were made
        """
        schedule(context, spec, filter_properties)


@functools.cache
def get_flow() -> Flow:
    """Return the flow; it keeps nothing, so one serves every request."""
    return Flow(
        "volume_create_scheduler",
        ("context", "request_spec", "filter_properties", "schedule"),
        OnFailureGiveUp(),
        ExtractSchedulerSpec(),
        ScheduleCreateVolume(),
    )
