# SPDX-License-Identifier: Apache-2.0
"""Commands on the processes that make up the service."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from cinder_lite.shell import base, human
from cinder_lite.shell.errors import attempt

COLUMNS = {
    "Binary": "binary",
    "Host": "host",
    "Zone": "zone",
    "Status": "status",
    "State": "state",
    "Updated At": "updated_at",
    "Backend State": "backend_state",
    "Disabled Reason": "disabled_reason",
}
"""Columns of the list and the API's fields."""


class List(base.Lister):
    """List services, and whether they are up."""

    kinds = {"Updated At": human.moment}

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the filters."""
        parser.add_argument("--host", help="only those on this host or host@backend")
        parser.add_argument("--binary", help="only cinder-volume, for example")

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Ask for the services."""
        query = {"host": parsed_args.host, "binary": parsed_args.binary}
        with attempt("Services cannot be listed"):
            services = self.client.get("os-services", "services", query)
        return tuple(COLUMNS), [tuple(s.get(key) for key in COLUMNS.values()) for s in services]


def _add_service(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("host", metavar="HOST", help="host or host@backend of the service")
    parser.add_argument("binary", metavar="BINARY", help="cinder-volume, for example")


class Enable(base.ShowOne):
    """Let the scheduler use a service again."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the service."""
        _add_service(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Sequence[Any]]:
        """Ask for it."""
        service = {"host": parsed_args.host, "binary": parsed_args.binary}
        with attempt(f"Service {parsed_args.binary} on {parsed_args.host} cannot be enabled"):
            self.client.put("os-services/enable", service)
        return self.fields(service | {"status": "enabled"})


class Disable(base.ShowOne):
    """Keep the scheduler from using a service.

    Its volumes stay in use; no new volume is created on it and none is migrated to it.
    """

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the service and the reason."""
        _add_service(parser)
        parser.add_argument("--reason", help="why, for the other administrators")

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Sequence[Any]]:
        """Ask for it."""
        service = {"host": parsed_args.host, "binary": parsed_args.binary}
        path = "os-services/disable"
        if parsed_args.reason:
            service["disabled_reason"] = parsed_args.reason
            path = "os-services/disable-log-reason"
        with attempt(f"Service {parsed_args.binary} on {parsed_args.host} cannot be disabled"):
            self.client.put(path, service)
        return self.fields(service | {"status": "disabled"})
