# SPDX-License-Identifier: Apache-2.0
"""Tempest from PyPI, in a virtual environment of its own, against a deployment with Keystone."""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.functional.harness import keystone as identity
from tests.functional.harness import process, settings, venvs
from tests.functional.harness.deployment import Deployment

REQUIREMENTS = ("tempest", "setuptools")
WORKERS = 2
RUN_SECONDS = 1800
FAILED = "FAILED"
OUTCOME = re.compile(r"\{\d+\} (?P<name>.+?)(?: \[[\d.]+s\])? \.\.\. (?P<outcome>\w+)")
END = "======"


@dataclass(frozen=True)
class Report:
    """What tempest has said of one test: ``ok``, ``FAILED`` or ``SKIPPED``, and its words."""

    outcome: str
    text: str


class Results:
    """What ``tempest run`` has printed, by test.

    The making of a class's surroundings is called ``setUpClass (<class>)`` there.
    """

    def __init__(self, output: str) -> None:
        """:param output: its standard output"""
        self._reports: dict[str, Report] = {}
        found: re.Match[str] | None = None
        lines: list[str] = []
        for line in [*output.splitlines(), END]:
            begins = OUTCOME.match(line)
            if not begins and not line.startswith(END):
                lines.append(line)
                continue
            if found:
                self._reports[found["name"]] = Report(found["outcome"], "\n".join(lines))
            found, lines = begins, [line]
            if not begins:
                break

    def of(self, name: str) -> Report:
        """Return the report of a test, or of its class where that has failed or was skipped."""
        class_name = name.rpartition(".")[0]
        for known in (name, f"setUpClass ({class_name})"):
            if known in self._reports:
                return self._reports[known]
        return Report("not run", "")

    def failed(self) -> dict[str, str]:
        """Return the words of whatever has failed, classes included."""
        return {
            name: report.text for name, report in self._reports.items() if report.outcome == FAILED
        }


class _EmptyNetworks(http.server.BaseHTTPRequestHandler):
    """A network service without anything.

    Tempest skips whole classes of volume tests where there is none; all it asks it for are the
    security groups of projects that it is about to delete.
    """

    def do_GET(self) -> None:
        kinds = ("security_groups", "networks", "extensions", "ports", "routers", "subnets")
        body = json.dumps({kind: [] for kind in kinds}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Be quiet."""


@contextlib.contextmanager
def empty_network_service() -> Iterator[str]:
    """Run a network service without anything for the time of a ``with`` block; give its URL."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _EmptyNetworks) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


class Tempest:
    """Tempest in a workspace of its own."""

    def __init__(self, directory: Path, deployment: Deployment, image_id: str) -> None:
        """:param directory: an empty directory of its own

        :param deployment: one host with two file backends and a Keystone
        :param image_id: a public image
        """
        self.directory = directory
        self.log = directory / "tempest.out"
        self._home = venvs.environment("tempest", REQUIREMENTS)
        self._deployment = deployment
        self._image_id = image_id

    def configure(self) -> None:
        """Lay out the workspace and write tempest.conf."""
        process.run(
            [
                *(self._home / "bin/tempest", "init", "--workspace-path"),
                *(self.directory / "workspaces.yaml", self.directory / "workspace"),
            ],
            self.directory / "init.out",
        )
        configuration = self.directory / "workspace/etc/tempest.conf"
        configuration.write_text(settings.render({**self._surroundings(), **self._volume()}))

    def _surroundings(self) -> settings.Settings:
        keystone = self._deployment.keystone
        assert keystone is not None
        return {
            "DEFAULT": {"log_dir": self.directory},
            "oslo_concurrency": {"lock_path": self.directory / "lock"},
            "auth": {
                "use_dynamic_credentials": True,
                "create_isolated_networks": False,
                "admin_username": "admin",
                "admin_password": identity.PASSWORD,
                "admin_project_name": "admin",
                "admin_domain_name": "Default",
                "tempest_roles": "member",
            },
            "identity": {
                "uri_v3": keystone.url,
                "auth_version": "v3",
                "region": identity.REGION,
                "v3_endpoint_type": "public",
            },
            "service_available": {
                "nova": False,
                "glance": True,
                "neutron": True,
                "swift": False,
                "cinder": True,
            },
            "compute": {"image_ref": self._image_id, "image_ref_alt": self._image_id},
            "image": {"region": identity.REGION},
            "validation": {"run_validation": False},
        }

    def _volume(self) -> settings.Settings:
        return {
            "volume": {
                "catalog_type": "block-storage",
                "region": identity.REGION,
                "endpoint_type": "public",
                "min_microversion": "3.0",
                "max_microversion": "latest",
                "backend_names": ",".join(self._deployment.backends),
                "storage_protocol": "file",
                "vendor_name": "cinder_lite",
                "manage_volume_ref": "source-name,volume-%s",
                "manage_snapshot_ref": "source-name,snapshot-%s",
                "volume_size": 1,
                "build_interval": 1,
                "build_timeout": 60,
            },
            "volume-feature-enabled": {
                "multi_backend": True,
                "backup": False,
                "manage_volume": True,
                "manage_snapshot": True,
                "extend_volume_with_snapshot": True,
                "consistency_group": False,
            },
        }

    def run(self, names: Sequence[str]) -> Results:
        """Run tests and return what came of them.

        :param names: full names without the parts in square brackets
        :raises HarnessError: tempest did not end within :data:`RUN_SECONDS`
        """
        wanted = self.directory / "wanted"
        wanted.write_text("".join(rf"^{re.escape(name)}(\[|$)" + "\n" for name in names))
        child = process.Process(
            "tempest",
            [
                *(self._home / "bin/tempest", "run", "--include-list", wanted),
                *("--concurrency", str(WORKERS)),
            ],
            self.log,
            directory=self.directory / "workspace",
        ).start()
        try:
            child.wait(RUN_SECONDS)
        except process.HarnessError as error:
            child.stop()
            raise process.HarnessError(f"{error}\n{process.tail(self.log)}") from None
        return Results(self.log.read_text(errors="replace"))
