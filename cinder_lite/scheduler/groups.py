# SPDX-License-Identifier: Apache-2.0
"""Placing new groups: on a backend that takes volumes of every type of the group.

An empty group has no data, so it is available as soon as its backend is recorded.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import groups
from cinder_lite.objects import utcnow
from cinder_lite.scheduler.driver import Scheduler

LOG = logging.getLogger(__name__)
CONF = cfg.CONF


def place(
    driver: Scheduler,
    context: RequestContext,
    group_id: str,
    request_specs: Sequence[dict[str, Any]],
) -> None:
    """Choose a group's backend and mark the group available; without one it is in error.

    :param request_specs: one for each volume type of the group, of a volume of 0 GiB
    """
    try:
        host = driver.find_group_host(context, request_specs)
    except Exception as error:
        fail(group_id, error)
        return
    placed = {"host": host, "status": states.AVAILABLE}
    if groups.conditional_update(group_id, placed, (states.CREATING,)):
        LOG.info("Group %s: placed on %s", group_id, host)
    else:
        LOG.info("Group %s: is not being created any more", group_id)


def fail(group_id: str, why: Exception | str) -> None:
    """Set a group that is being created to error."""
    if not groups.conditional_update(group_id, {"status": states.ERROR}, (states.CREATING,)):
        LOG.info("Group %s: is not being created any more; it keeps its status", group_id)
    elif isinstance(why, str | exception.CinderLiteException):
        LOG.error("Group %s: not created. %s", group_id, why)
    else:
        LOG.error("Group %s: not created", group_id, exc_info=why)


def fail_lost(context: RequestContext) -> None:
    """Give up new groups that no scheduler placed in time: their messages were lost."""
    seconds = CONF.migration_scheduling_timeout + CONF.scheduler_driver_init_wait_time
    for group_id in groups.unplaced(utcnow() - datetime.timedelta(seconds=seconds)):
        fail(group_id, f"No scheduler chose a backend within {seconds} seconds.")
