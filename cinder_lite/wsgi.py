# SPDX-License-Identifier: Apache-2.0
"""The API for uWSGI, gunicorn and other servers: ``cinder_lite.wsgi:application``.

The environment variable CINDER_LITE_CONFIG_FILES names the configuration files, separated by
colons; without it /etc/cinder_lite/cinder_lite.conf is read. The server brings its own threads or
processes, so the standard library is not patched unless the server has done it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable

from cinder_lite import concurrency

ENVIRONMENT_VARIABLE = "CINDER_LITE_CONFIG_FILES"


def _make() -> Callable[..., Iterable[bytes]]:
    patched = "eventlet.patcher" in sys.modules and sys.modules[
        "eventlet.patcher"
    ].is_monkey_patched("socket")
    concurrency.setup(concurrency.EVENTLET if patched else concurrency.THREADING)

    from cinder_lite import conf  # noqa: PLC0415 - after the switch
    from cinder_lite.api import loader  # noqa: PLC0415

    files = [path for path in os.environ.get(ENVIRONMENT_VARIABLE, "").split(":") if path]
    conf.parse_args([], "cinder-lite-api", default_files=files or None)
    return loader.load_app()


application = _make()
