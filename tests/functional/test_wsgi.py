# SPDX-License-Identifier: Apache-2.0
"""The API as a WSGI application under gunicorn."""

from __future__ import annotations

import os
from collections.abc import Callable

import requests

from tests.functional.harness import process
from tests.functional.harness.api import Api
from tests.functional.harness.deployment import Deployment, program


def test_the_application_serves_under_gunicorn(deploy: Callable[..., Deployment]) -> None:
    services = deploy()
    port = process.free_port()
    child = process.Process(
        "gunicorn",
        [
            *(program("gunicorn"), "--bind", f"127.0.0.1:{port}", "--workers", "2"),
            *("--threads", "4", "cinder_lite.wsgi:application"),
        ],
        services.directory / "gunicorn.log",
        environment={
            **services.environment,
            "CINDER_LITE_CONFIG_FILES": os.fspath(services.config),
        },
    ).start()
    api = Api(f"http://127.0.0.1:{port}")

    def answers() -> bool:
        try:
            return api.request("GET", "/volumes").ok
        except requests.ConnectionError:
            return False

    try:
        child.wait_ready(answers, 30)
        volume = api.create_volume(name="through gunicorn")
        assert services.show(volume["id"])["name"] == "through gunicorn"
        api.delete_volume(volume["id"])
    finally:
        child.stop()
