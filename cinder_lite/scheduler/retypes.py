# SPDX-License-Identifier: Apache-2.0
"""The scheduler's part of a change of type: where the volume goes with it."""

from __future__ import annotations

from typing import Any

from oslo_log import log as logging

from cinder_lite import exception
from cinder_lite.context import RequestContext
from cinder_lite.db import retypes, volumes
from cinder_lite.scheduler.driver import Scheduler
from cinder_lite.scheduler.readiness import Readiness
from cinder_lite.volume.rpcapi import VolumeAPI

LOG = logging.getLogger(__name__)


def schedule(
    context: RequestContext,
    driver: Scheduler,
    readiness: Readiness,
    volume_rpcapi: VolumeAPI,
    spec: dict[str, Any],
) -> None:
    """Choose where a volume goes with its new type, and tell its own host; or let it be.

    :param spec: with ``volume_id``, ``volume_type`` (the new one) and ``migration_policy``
    """
    volume_id = spec["volume_id"]
    try:
        volume = volumes.get(context.elevated(), volume_id)
        policy = spec.get("migration_policy") or "never"
        state = readiness.with_late_reports(
            None, lambda: driver.find_retype_host(context, spec, {}, policy)
        )
        volume_rpcapi.retype(
            context,
            volume,
            spec["volume_type"]["id"],
            {"host": state.host, "capabilities": state.capabilities},
            policy,
            offline_servers=bool(spec.get("offline_servers")),
        )
        driver.confirm(spec)
    except exception.VolumeNotFound:
        LOG.info("Volume %s was deleted before it got its new type", volume_id)
    except Exception as error:
        driver.release(spec)
        if isinstance(error, exception.NoValidHost):
            LOG.error("Volume %s: keeps its type: %s", volume_id, error.msg)
        else:
            LOG.exception("Volume %s: keeps its type", volume_id)
        retypes.give_up(volume_id, spec["volume_type"]["id"])
