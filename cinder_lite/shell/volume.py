# SPDX-License-Identifier: Apache-2.0
"""Commands on volumes."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from cinder_lite import states
from cinder_lite.shell import arguments, base, find, human
from cinder_lite.shell.errors import (
    Ambiguous,
    NotFound,
    RequestRefused,
    SeveralFailed,
    ShellError,
    UsageError,
    attempt,
)

if TYPE_CHECKING:
    from cinder_lite.shell.client import Record

COLUMNS = {
    "ID": "id",
    "Name": "name",
    "Status": "status",
    "Size": "size",
    "Type": "volume_type",
    "Host": "os-vol-host-attr:host",
    "Migration Status": "os-vol-mig-status-attr:migstat",
}
"""Columns of the list and the API's fields; host and migration status are the administrator's."""

LONG_COLUMNS = {
    "Bootable": "bootable",
    "Attached To": "attachments",
    "Availability Zone": "availability_zone",
    "Project ID": "os-vol-tenant-attr:tenant_id",
    "Created At": "created_at",
    "Metadata": "metadata",
}

KINDS = {
    "size": human.gigabytes,
    "attachments": human.attachments,
    "created_at": human.moment,
    "updated_at": human.moment,
}
"""How a volume's fields read in a table."""


def fields(volume: Record) -> Record:
    """Return the fields that show prints: all but the links."""
    return {name: value for name, value in volume.items() if name != "links"}


class List(base.Lister):
    """List volumes."""

    kinds = {
        "Size": human.gigabytes,
        "Attached To": human.attachments,
        "Created At": human.moment,
    }

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the filters."""
        parser.add_argument("--all-projects", action="store_true", help="those of every project")
        parser.add_argument("--status", help="only those with this status")
        parser.add_argument("--name", help="only those with this name")
        parser.add_argument("--host", help="only those on this host@backend#pool")
        arguments.add_paging(parser, "volume")
        parser.add_argument(
            "--sort", metavar="KEY[:asc|desc]", help="keys to sort by, joined by commas"
        )
        parser.add_argument("--long", action="store_true", help="more columns")

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Ask for the volumes."""
        query = {
            "all_tenants": 1 if parsed_args.all_projects else None,
            "status": parsed_args.status,
            "name": parsed_args.name,
            "host": parsed_args.host,
            "marker": parsed_args.marker,
            "sort": parsed_args.sort,
        }
        columns = COLUMNS | LONG_COLUMNS if parsed_args.long else COLUMNS
        with attempt("Volumes cannot be listed"):
            volumes = list(self.client.pages("volumes/detail", "volumes", query, parsed_args.limit))
        return tuple(columns), [tuple(v.get(key) for key in columns.values()) for v in volumes]


class Show(base.ShowOne):
    """Show a volume."""

    kinds = KINDS

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the volume."""
        arguments.add_volume(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Sequence[Any]]:
        """Ask for the volume."""
        with attempt(f"Volume {parsed_args.volume} cannot be shown"):
            return self.fields(fields(find.volume(self.client, parsed_args.volume)))


class Delete(base.Command):
    """Delete volumes.

    The service removes the data after this command has ended.
    """

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the volumes."""
        parser.add_argument("volumes", nargs="+", metavar="VOLUME", help="volume, by id or name")
        parser.add_argument(
            "--force", action="store_true", help="whatever the volume's status (administrators)"
        )

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Ask for each removal, also after one was refused."""
        failures: list[tuple[str, ShellError]] = []
        for reference in parsed_args.volumes:
            try:
                self._delete(reference, parsed_args.force)
            except (RequestRefused, NotFound, Ambiguous) as error:
                if len(parsed_args.volumes) == 1:
                    raise
                failures.append((reference, error))
        if failures:
            count = f"{len(failures)} of {len(parsed_args.volumes)}"
            raise SeveralFailed(f"{count} volumes cannot be deleted", failures)

    def _delete(self, reference: str, force: bool) -> None:
        with attempt(f"Volume {reference} cannot be deleted"):
            path = f"volumes/{find.volume(self.client, reference)['id']}"
            if force:
                self.client.post(f"{path}/action", {"os-force_delete": {}})
            else:
                self.client.delete(path)
        self.say(f"Volume {reference} is being deleted.")


class ResetState(base.Command):
    """Write a volume's statuses into the database, without doing anything else.

    For administrators, to put a volume right after a failure. It does not stop work that
    still runs on the volume.
    """

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the volume and its statuses."""
        arguments.add_volume(parser)
        parser.add_argument("--state", help="status, for example available or error")
        parser.add_argument(
            "--attach-status", choices=(states.ATTACHED, states.DETACHED), help="attach status"
        )
        migration = parser.add_mutually_exclusive_group()
        migration.add_argument(
            "--migration-status",
            metavar="STATUS",
            help="migration status: none, starting, migrating, completing, success or error",
        )
        migration.add_argument(
            "--reset-migration-status",
            action="store_const",
            const="none",
            dest="migration_status",
            help="clear the migration status",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Ask for the statuses."""
        wanted = {
            "status": parsed_args.state,
            "attach_status": parsed_args.attach_status,
            "migration_status": parsed_args.migration_status,
        }
        body = {name: value for name, value in wanted.items() if value is not None}
        if not body:
            raise UsageError(
                "At least one of --state, --attach-status, --migration-status and "
                "--reset-migration-status is needed",
                f"{self.app.NAME} {self.cmd_name}",
            )
        with attempt(f"The state of volume {parsed_args.volume} cannot be reset"):
            volume = find.volume(self.client, parsed_args.volume)
            self.client.post(f"volumes/{volume['id']}/action", {"os-reset_status": body})
