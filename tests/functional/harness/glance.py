# SPDX-License-Identifier: Apache-2.0
"""A real Glance from PyPI, in a virtual environment of its own, with its images in files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import requests

from tests.functional.harness import process, settings, venvs
from tests.functional.harness.keystone import Keystone

REQUIREMENTS = ("glance", "PyMySQL", "pyuwsgi", "setuptools")
UPLOADS = (
    *("--http-chunked-input", "--chunked-input-limit", "16777216"),
    *("--chunked-input-timeout", "60", "--socket-timeout", "120"),
)
"""uWSGI's options for images that come in chunks; bytes and seconds."""


class Glance:
    """A Glance that serves on a loopback port and is in Keystone's catalogue."""

    name = "glance"
    requirements: tuple[str, ...] = REQUIREMENTS

    def __init__(self, directory: Path, keystone: Keystone, connection: str) -> None:
        """Describe it; :meth:`start` starts it.

        :param directory: an empty directory of its own
        :param keystone: where it checks tokens
        :param connection: URL of an empty database
        """
        self.directory = directory
        self.port = process.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._keystone = keystone
        self._connection = connection
        self._child: process.Process | None = None

    def start(self) -> None:
        """Install, set up and start Glance.

        :raises HarnessError: it does not come up
        """
        home = venvs.environment(self.name, self.requirements)
        self._write_settings(home)
        config = self.directory / "glance-api.conf"
        process.run(
            [home / "bin/glance-manage", "--config-file", config, "db_sync"],
            self.directory / "manage.log",
        )
        self._child = process.Process(
            "glance",
            self._command(home),
            self.directory / "glance.log",
            environment={
                "OS_GLANCE_CONFIG_DIR": str(self.directory),
                "OS_GLANCE_CONFIG_FILES": config.name,
                **self._environment(home),
            },
        ).start()
        self._child.wait_ready(self._serves, 60)
        self._keystone.publish("image", self.url)

    def _command(self, home: Path) -> list[str | Path]:
        return venvs.uwsgi(home, self.port, "glance.wsgi.api:application", *UPLOADS)

    def _environment(self, home: Path) -> dict[str, str]:
        return {}

    def stop(self) -> None:
        """End Glance."""
        if self._child is not None:
            self._child.stop()

    def _write_settings(self, home: Path) -> None:
        paste = self.directory / "glance-api-paste.ini"
        shutil.copyfile(home / "etc/glance/glance-api-paste.ini", paste)
        places = {name: self.directory / name for name in ("images", "staging", "tasks")}
        for place in places.values():
            place.mkdir()
        store = "filesystem_store_datadir"
        account = self._keystone.service_settings()["keystone_authtoken"]
        files: settings.Settings = {
            "DEFAULT": {
                "enabled_backends": "files:file",
                "enabled_import_methods": "[glance-direct]",
                "worker_self_reference_url": self.url,
            },
            "database": {"connection": self._connection},
            "glance_store": {"default_backend": "files"},
            "files": {store: places["images"]},
            "os_glance_staging_store": {store: places["staging"]},
            "os_glance_tasks_store": {store: places["tasks"]},
            "oslo_concurrency": {"lock_path": self.directory / "lock"},
            "paste_deploy": {"flavor": "keystone", "config_file": paste},
            "keystone_authtoken": account,
        }
        text = settings.render(settings.merged(files, self._more_settings()))
        (self.directory / "glance-api.conf").write_text(text)

    def _more_settings(self) -> settings.Settings:
        return {}

    def _serves(self) -> bool:
        try:
            requests.get(f"{self.url}/versions", timeout=10)
        except requests.RequestException:
            return False
        return True

    def add_image(self, name: str, size: int, store: str | None = None) -> str:
        """Upload a public raw image of random bytes and return its id.

        :param size: bytes
        :param store: which of its stores keeps it; None: the usual one
        """
        headers = {"X-Auth-Token": self._keystone.token("admin")}
        values = {
            "name": name,
            "disk_format": "raw",
            "container_format": "bare",
            "visibility": "public",
        }
        made = requests.post(f"{self.url}/v2/images", json=values, headers=headers, timeout=60)
        if not made.ok:
            raise process.HarnessError(f"Glance made no image: {made.status_code} {made.text}")
        image_id: str = made.json()["id"]
        sent = requests.put(
            f"{self.url}/v2/images/{image_id}/file",
            data=os.urandom(size),
            headers={
                **headers,
                "Content-Type": "application/octet-stream",
                **({"X-Image-Meta-Store": store} if store else {}),
            },
            timeout=120,
        )
        if not sent.ok:
            raise process.HarnessError(f"Glance took no image: {sent.status_code} {sent.text}")
        return image_id
