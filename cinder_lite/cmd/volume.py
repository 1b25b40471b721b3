# SPDX-License-Identifier: Apache-2.0
"""cinder-lite-volume: looks after the volumes of this node, one child process per backend."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from cinder_lite.cmd.prepare import prepare

if TYPE_CHECKING:
    from cinder_lite.service import RpcService


def make_services() -> list[RpcService]:
    """Return a service, not started, for each of ``enabled_backends``.

    :raises SystemExit: no backend is enabled, or one has no section
    """
    from cinder_lite import service
    from cinder_lite.conf import CONF
    from cinder_lite.conf.backend import BackendConfiguration
    from cinder_lite.db import services
    from cinder_lite.volume.manager import VolumeManager, service_host_of

    if not CONF.enabled_backends:
        raise SystemExit("Set enabled_backends: cinder-lite-volume has no backend to look after.")
    made = []
    for name in CONF.enabled_backends:
        host = service_host_of(name)
        zone = BackendConfiguration(name).backend_availability_zone
        made.append(
            service.RpcService(
                binary=services.VOLUME,
                host=host,
                topics=[f"{CONF.volume_topic}.{host}", CONF.volume_topic],
                availability_zone=zone or CONF.storage_availability_zone,
                make_manager=functools.partial(VolumeManager, name, host),
                alone=True,
            )
        )
    return made


def main() -> None:
    """Run the volume services of this node."""
    prepare("cinder-lite-volume")
    from cinder_lite import service

    service.run([(one, 1) for one in make_services()])


if __name__ == "__main__":
    main()
