# SPDX-License-Identifier: Apache-2.0
"""cinder-lite-scheduler: chooses backends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cinder_lite.cmd.prepare import prepare

if TYPE_CHECKING:
    from cinder_lite.service import RpcService


def make_service() -> RpcService:
    """Return the scheduler as a service that has not been started."""
    from cinder_lite import service
    from cinder_lite.conf import CONF
    from cinder_lite.db import services
    from cinder_lite.scheduler.manager import SchedulerManager

    return service.RpcService(
        binary=services.SCHEDULER,
        host=CONF.host,
        topics=[CONF.scheduler_topic],
        availability_zone=CONF.storage_availability_zone,
        make_manager=SchedulerManager,
    )


def main() -> None:
    """Run the scheduler service."""
    prepare("cinder-lite-scheduler")
    from cinder_lite import service

    service.run([(make_service(), 1)])


if __name__ == "__main__":
    main()
