# SPDX-License-Identifier: Apache-2.0
"""The stock OpenStack clients, unmodified, pointed at a deployment."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from tests.functional.harness.deployment import Deployment, program

if TYPE_CHECKING:
    from openstack.connection import Connection

COMMAND_SECONDS = 90


class ClientFailed(AssertionError):
    """A client ended with a status other than zero.

    ``status`` is that status, ``stdout`` and ``stderr`` what it said.
    """

    def __init__(self, command: list[str], result: subprocess.CompletedProcess[str]) -> None:
        self.status = result.returncode
        self.stdout = result.stdout
        self.stderr = result.stderr
        super().__init__(
            f"{' '.join(command)} ended with {result.returncode}:\n{result.stdout}{result.stderr}"
        )


class Clients:
    """python-cinderclient, python-openstackclient, openstacksdk and our own command line."""

    def __init__(self, deployment: Deployment, user: str = "admin") -> None:
        """:param user: whom the clients act for"""
        self._deployment = deployment
        self._user = user

    def _environment(self, extra: dict[str, str]) -> dict[str, str]:
        """This process's environment without anybody's OpenStack credentials."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("OS_")}
        return {**kept, "COLUMNS": "200", **extra}

    def _run(self, name: str, words: list[str], extra: dict[str, str]) -> str:
        command = [str(program(name)), *words]
        result = subprocess.run(
            command,
            env=self._environment(extra),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        if result.returncode != 0:
            raise ClientFailed(command, result)
        return result.stdout

    def _keystone(self) -> dict[str, str]:
        assert self._deployment.keystone is not None
        return self._deployment.keystone.client_environment(self._user)

    def cinder(self, *words: str, microversion: str = "3.71") -> str:
        """Run ``cinder`` and return its standard output.

        :raises ClientFailed: its exit status is not zero
        """
        options = ["--os-volume-api-version", microversion]
        if self._deployment.keystone is not None:
            return self._run("cinder", [*options, *words], self._keystone())
        options += [
            *("--os-auth-type", "noauth"),
            *("--os-user-id", self._user),
            *("--os-project-id", self._deployment.project),
            *("--os-endpoint", f"{self._deployment.root_url}/v3"),
        ]
        return self._run("cinder", [*options, *words], {})

    def openstack(self, *words: str, microversion: str | None = None) -> str:
        """Run ``openstack`` and return its standard output.

        :raises ClientFailed: its exit status is not zero
        """
        options = ["--os-volume-api-version", microversion] if microversion else []
        return self._run("openstack", [*options, *words], self._openstack_environment())

    def openstack_json(self, *words: str, microversion: str | None = None) -> Any:
        """Run ``openstack … -f json`` and return the decoded output."""
        return json.loads(self.openstack(*words, "-f", "json", microversion=microversion))

    def cinder_lite(self, *words: str) -> str:
        """Run ``cinder-lite`` and return its standard output.

        :raises ClientFailed: its exit status is not zero
        """
        return self._run("cinder-lite", list(words), self._openstack_environment())

    def _openstack_environment(self) -> dict[str, str]:
        if self._deployment.keystone is not None:
            return self._keystone()
        return {"OS_AUTH_TYPE": "none", "OS_ENDPOINT": self._deployment.url}

    def sdk(self) -> Connection:
        """Return an openstacksdk connection."""
        import openstack

        if self._deployment.keystone is not None:
            return openstack.connection.Connection(
                **self._deployment.keystone.sdk_options(self._user)
            )
        return openstack.connection.Connection(
            auth_type="none", auth={"endpoint": self._deployment.url}
        )


def fields(table: str) -> dict[str, str]:
    """Return a client's two-column table as a dictionary."""
    rows = (line.split("|") for line in table.splitlines() if line.startswith("|"))
    return {row[1].strip(): row[2].strip() for row in rows if len(row) >= 4}


def column(table: str, name: str) -> list[str]:
    """Return one column of a client's table."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table.splitlines()
        if line.startswith("|")
    ]
    position = rows[0].index(name)
    return [row[position] for row in rows[1:]]
