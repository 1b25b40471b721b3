# SPDX-License-Identifier: Apache-2.0
"""A real Glance that keeps images in files and, in its store ``volumes``, as volumes of ours."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import requests

from tests.functional.harness import glance, settings
from tests.functional.harness.keystone import PASSWORD, REGION, SERVICE_USER, Keystone

STORE = "volumes"
SUDO = """#!/bin/sh
# glance-rootwrap, its configuration, and what is to be run.
shift 2
exec "$@"
"""


class GlanceOnVolumes(glance.Glance):
    """Glance with a cinder store, as the service user of Keystone.

    It connects the volumes to this node through os-brick, for which it would call sudo; the tests
    have one that runs the command as the tests' own user.
    """

    name = "glance-on-volumes"
    requirements = (
        *glance.REQUIREMENTS,
        *("python-cinderclient", "os-brick", "oslo.privsep", "oslo.rootwrap"),
    )

    def __init__(self, directory: Path, keystone: Keystone, connection: str) -> None:
        """Describe it; see :class:`tests.functional.harness.glance.Glance`."""
        super().__init__(directory, keystone, connection)
        self._identity = keystone
        self._tools = directory / "bin"

    def start(self) -> None:
        """Install, set up and start Glance."""
        self._tools.mkdir()
        sudo = self._tools / "sudo"
        sudo.write_text(SUDO)
        sudo.chmod(0o755)
        super().start()

    def _command(self, home: Path) -> list[str | Path]:
        # Its requests are to be counted.
        return [word for word in super()._command(home) if word != "--disable-logging"]

    def _environment(self, home: Path) -> dict[str, str]:
        return {"PATH": f"{self._tools}:{home / 'bin'}:{os.environ['PATH']}"}

    def _more_settings(self) -> settings.Settings:
        return {
            "DEFAULT": {
                "enabled_backends": f"files:file, {STORE}:cinder",
                # Of what is in a volume already, which would be read once more for that.
                "do_secure_hash": "false",
            },
            STORE: {
                "cinder_store_auth_address": self._identity.url,
                "cinder_store_user_name": SERVICE_USER,
                "cinder_store_password": PASSWORD,
                "cinder_store_project_name": "service",
                "cinder_catalog_info": "volumev3::publicURL",
                "cinder_os_region_name": REGION,
                "cinder_mount_point_base": self.directory / "mnt",
            },
        }

    def downloads(self, image_id: str) -> int:
        """Return how often an image's data was asked for."""
        log = (self.directory / "glance.log").read_text(errors="replace")
        return log.count(f"GET /v2/images/{image_id}/file")

    def show(self, image_id: str) -> dict[str, Any]:
        """Return an image's description."""
        found: dict[str, Any] = self._get(f"/{image_id}").json()
        return found

    def locations(self, image_id: str) -> list[str]:
        """Return where Glance keeps an image."""
        return [one["url"] for one in self._get(f"/{image_id}/locations").json()]

    def digest(self, image_id: str, size: int | None = None) -> str:
        """Return the SHA-256 of an image's data as Glance sends it.

        :param size: count the first bytes only
        """
        hashed, left = hashlib.sha256(), size
        with self._get(f"/{image_id}/file", stream=True) as answer:
            for chunk in answer.iter_content(1024**2):
                hashed.update(chunk[:left])
                left = None if left is None else max(0, left - len(chunk))
        return hashed.hexdigest()

    def _get(self, path: str, **options: Any) -> requests.Response:
        headers = {"X-Auth-Token": self._identity.token("admin")}
        url = f"{self.url}/v2/images{path}"
        answer = requests.get(url, headers=headers, timeout=120, **options)
        answer.raise_for_status()
        return answer
