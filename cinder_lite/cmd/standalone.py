# SPDX-License-Identifier: Apache-2.0
"""cinder-lite-standalone: api, scheduler and volume backends in one process, for a first try.

Without a configuration file: no broker (messages stay in the process), SQLite, two file backends
named file1 and file2, no authentication, and the API on 127.0.0.1 only.
"""

from __future__ import annotations

import pathlib
from typing import Any

from cinder_lite.cmd.prepare import prepare

DEFAULT_BACKENDS = ("file1", "file2")


def _set_defaults() -> None:
    """Give options that an installation would set the values of a first try."""
    import oslo_messaging  # registers transport_url
    from oslo_concurrency import lockutils

    from cinder_lite.conf import CONF
    from cinder_lite.conf.backend import BackendConfiguration

    state = pathlib.Path(CONF.state_path).absolute()
    state.mkdir(parents=True, exist_ok=True)
    oslo_messaging.set_transport_defaults("cinder_lite")
    oslo_messaging.get_rpc_transport(CONF, "fake://").cleanup()
    CONF.set_default("transport_url", "fake://")
    CONF.set_default("connection", f"sqlite:///{state}/cinder_lite.sqlite", group="database")
    CONF.set_default("auth_strategy", "noauth")
    CONF.set_default("osapi_volume_listen", "127.0.0.1")
    lockutils.set_defaults(str(state / "lock"))
    if not CONF.enabled_backends:
        CONF.set_default("enabled_backends", list(DEFAULT_BACKENDS))
        for name in DEFAULT_BACKENDS:
            BackendConfiguration(name)
            CONF.set_default("file_data_dir", str(state / name), group=name)
            CONF.set_default("volume_backend_name", name, group=name)


def _make_service(parts: list[Any]) -> Any:
    from oslo_service import service as oslo_service

    class Standalone(oslo_service.ServiceBase):
        """Every service of the installation, started in order and stopped in reverse."""

        def start(self) -> None:
            """Start the parts."""
            for part in parts:
                part.start()

        def stop(self, graceful: bool = True) -> None:
            """Stop the parts, the API first."""
            for part in reversed(parts):
                part.stop()

        def wait(self) -> None:
            """Wait until every part has stopped."""
            for part in parts:
                part.wait()

        def reset(self) -> None:
            """Let every part take up changed options."""
            for part in parts:
                part.reset()

    return Standalone()


def main() -> None:
    """Run everything in one process."""
    prepare("cinder-lite-standalone")
    _set_defaults()
    from cinder_lite import service
    from cinder_lite.cmd import http, scheduler, volume
    from cinder_lite.db import schema

    schema.sync()
    parts = [scheduler.make_service(), *volume.make_services(), http.HttpService()]
    service.run([(_make_service(parts), 1)])


if __name__ == "__main__":
    main()
