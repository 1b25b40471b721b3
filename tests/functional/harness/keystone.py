# SPDX-License-Identifier: Apache-2.0
"""A real Keystone from PyPI, in a virtual environment of its own, on SQLite.

Users ``admin`` (role admin) and ``demo`` (roles member and reader) share the project ``demo``, so
that both sides of a policy can be seen on the same volumes; ``other`` is a member elsewhere.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import requests

from tests.functional.harness import process, settings, venvs

PASSWORD = "keystone-tests"
REGION = "RegionOne"
SERVICE_USER = "cinder"
REQUIREMENTS = ("keystone", "pyuwsgi", "setuptools")


class Keystone:
    """A Keystone that serves on a loopback port, with a catalogue entry for the volume service."""

    def __init__(self, directory: Path) -> None:
        """:param directory: an empty directory of its own"""
        self.directory = directory
        self.port = process.free_port()
        self.url = f"http://127.0.0.1:{self.port}/v3"
        self._tokens: dict[str, str] = {}
        self._projects: dict[str, str] = {}
        self._child: process.Process | None = None

    # --- the server --------------------------------------------------------------------------

    def start(self) -> None:
        """Install, set up and start Keystone, and create the accounts.

        :raises HarnessError: it does not come up
        """
        home = venvs.environment("keystone", REQUIREMENTS)
        self._write_settings()
        manage: list[str | Path] = [
            *(home / "bin/keystone-manage", "--config-file", self.directory / "keystone.conf")
        ]
        owner = ["--keystone-user", str(os.getuid()), "--keystone-group", str(os.getgid())]
        endpoint = [
            f"--bootstrap-{face}-url={self.url}" for face in ("admin", "internal", "public")
        ]
        for words in (
            ["db_sync"],
            ["fernet_setup", *owner],
            ["bootstrap", "--bootstrap-password", PASSWORD, *endpoint]
            + ["--bootstrap-region-id", REGION],
        ):
            process.run([*manage, *words], self.directory / "manage.log")
        self._child = process.Process(
            "keystone",
            venvs.uwsgi(home, self.port, "keystone.wsgi.api:application"),
            self.directory / "keystone.log",
            environment={"OS_KEYSTONE_CONFIG_DIR": str(self.directory)},
        ).start()
        self._child.wait_ready(self._serves, 60)
        self._populate()

    def stop(self) -> None:
        """End Keystone."""
        if self._child is not None:
            self._child.stop()

    def _write_settings(self) -> None:
        text = settings.render(
            {
                "database": {"connection": f"sqlite:///{self.directory}/keystone.sqlite"},
                "token": {"provider": "fernet", "expiration": 36000},
                "fernet_tokens": {"key_repository": self.directory / "fernet"},
                "fernet_receipts": {"key_repository": self.directory / "fernet"},
                "credential": {"key_repository": self.directory / "credential"},
                "identity": {"password_hash_rounds": 4},
                "cache": {"enabled": "true", "backend": "dogpile.cache.memory"},
            }
        )
        (self.directory / "keystone.conf").write_text(text)

    def _serves(self) -> bool:
        try:
            return requests.get(self.url, timeout=10).ok
        except requests.RequestException:
            return False

    def _populate(self) -> None:
        """Create projects, users and roles, all in the domain Default."""
        roles = {role["name"]: role["id"] for role in self._call("GET", "/roles")["roles"]}
        self._projects = {
            entry["name"]: entry["id"] for entry in self._call("GET", "/projects")["projects"]
        }
        for name in ("demo", "other", "service"):
            body = {"project": {"name": name, "domain_id": "default"}}
            self._projects[name] = self._call("POST", "/projects", body)["project"]["id"]
        users = {entry["name"]: entry["id"] for entry in self._call("GET", "/users")["users"]}
        for name in ("demo", "other", SERVICE_USER):
            body = {"user": {"name": name, "domain_id": "default", "password": PASSWORD}}
            users[name] = self._call("POST", "/users", body)["user"]["id"]
        for user, project, role in (
            ("admin", "demo", "admin"),
            ("demo", "demo", "member"),
            ("demo", "demo", "reader"),
            ("other", "other", "member"),
            (SERVICE_USER, "service", "admin"),
            (SERVICE_USER, "service", "service"),
        ):
            path = f"/projects/{self._projects[project]}/users/{users[user]}/roles/{roles[role]}"
            self._call("PUT", path)

    def _call(self, method: str, path: str, body: object = None) -> Any:
        token = self._issue("admin", "admin")
        answer = requests.request(
            method, self.url + path, json=body, headers={"X-Auth-Token": token}, timeout=30
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    # --- what tests ask for ------------------------------------------------------------------

    def _issue(self, user: str, project: str) -> str:
        key = f"{user}/{project}"
        if key not in self._tokens:
            domain = {"id": "default"}
            scope = {"project": {"name": project, "domain": domain}} if project else "unscoped"
            body = {
                "auth": {
                    "identity": {
                        "methods": ["password"],
                        "password": {
                            "user": {"name": user, "domain": domain, "password": PASSWORD}
                        },
                    },
                    "scope": scope,
                }
            }
            answer = requests.post(f"{self.url}/auth/tokens", json=body, timeout=30)
            assert answer.status_code == 201, answer.text
            self._tokens[key] = answer.headers["X-Subject-Token"]
        return self._tokens[key]

    @staticmethod
    def project_of(user: str) -> str:
        """Return the name of the project in which a user acts."""
        return "other" if user == "other" else "demo"

    def token(self, user: str) -> str:
        """Return a token of ``admin``, ``demo`` or ``other``."""
        return self._issue(user, self.project_of(user))

    def unscoped_token(self, user: str) -> str:
        """Return a token of no project, which every user can have."""
        return self._issue(user, "")

    def project_id(self, name: str) -> str:
        """Return the id of a project."""
        return self._projects[name]

    def register(self, root_url: str) -> None:
        """Put a volume service into the catalogue, under the types that the clients look for."""
        self.publish("block-storage", f"{root_url}/v3")
        self.publish("volumev3", f"{root_url}/v3/$(project_id)s")

    def publish(self, kind: str, url: str) -> None:
        """Put a service into the catalogue, in the place of one of the same type."""
        for entry in self._call("GET", "/services")["services"]:
            if entry["type"] == kind:
                self._call("DELETE", f"/services/{entry['id']}")
        body = {"service": {"type": kind, "name": kind}}
        service = self._call("POST", "/services", body)["service"]["id"]
        for interface in ("public", "internal", "admin"):
            values = {
                "service_id": service,
                "interface": interface,
                "url": url,
                "region_id": REGION,
            }
            self._call("POST", "/endpoints", {"endpoint": values})

    def service_settings(self) -> settings.Settings:
        """Return what a service needs to check tokens here."""
        account: dict[str, object] = {
            "auth_url": self.url,
            "auth_type": "password",
            "project_name": "service",
            "project_domain_name": "Default",
            "user_domain_name": "Default",
            "username": SERVICE_USER,
            "password": PASSWORD,
            "region_name": REGION,
        }
        return {
            "DEFAULT": {"auth_strategy": "keystone"},
            "keystone_authtoken": {
                "www_authenticate_uri": self.url,
                "service_token_roles_required": "true",
                "service_token_roles": "service",
                **account,
            },
        }

    def client_environment(self, user: str) -> dict[str, str]:
        """Return the OS_* variables of a user."""
        return {
            "OS_AUTH_URL": self.url,
            "OS_USERNAME": user,
            "OS_PASSWORD": PASSWORD,
            "OS_PROJECT_NAME": self.project_of(user),
            "OS_USER_DOMAIN_NAME": "Default",
            "OS_PROJECT_DOMAIN_NAME": "Default",
            "OS_IDENTITY_API_VERSION": "3",
            "OS_REGION_NAME": REGION,
        }

    def sdk_options(self, user: str) -> dict[str, Any]:
        """Return the arguments of openstacksdk's Connection for a user."""
        return {
            "auth": {
                "auth_url": self.url,
                "username": user,
                "password": PASSWORD,
                "project_name": self.project_of(user),
                "user_domain_name": "Default",
                "project_domain_name": "Default",
            },
            "region_name": REGION,
        }
