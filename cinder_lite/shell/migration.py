# SPDX-License-Identifier: Apache-2.0
"""Commands that move volumes and look at the moves."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from cinder_lite.shell import arguments, base, find, human, progress, records
from cinder_lite.shell.errors import NotFound, attempt

if TYPE_CHECKING:
    from cinder_lite.shell.client import Client, Record

COLUMNS = {
    "ID": "id",
    "Volume ID": "volume_id",
    "Source": "source_host",
    "Destination": "dest_host",
    "Mode": "mode",
    "Status": "status",
    "Phase": "phase",
    "Done": "percent",
    "Created At": "created_at",
}
"""Columns of the list and the fields of a record."""


class Migrate(base.Command):
    """Move a volume to another backend.

    The command ends when the service has accepted the move; with --wait it shows the progress
    and ends when the volume is on its new host, or the move has failed.
    """

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the volume, where it goes, and how."""
        arguments.add_volume(parser)
        parser.add_argument("host", metavar="HOST", help="destination, host@backend#pool")
        parser.add_argument(
            "--force-host-copy",
            action="store_true",
            help="copy the data through a host, although the driver could move it by itself",
        )
        parser.add_argument(
            "--lock-volume",
            action="store_true",
            help="put the volume into maintenance, so that nothing else can begin on it",
        )
        parser.add_argument(
            "--offline-servers",
            action="store_true",
            help="have a server that is shut off let go of the volume meanwhile; it stays locked "
            "until it has the volume back",
        )
        arguments.add_wait(parser, "the volume has been moved")

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Ask for the move, and follow it if told to."""
        name, host = parsed_args.volume, parsed_args.host
        move = {
            "host": host,
            "force_host_copy": parsed_args.force_host_copy,
            "lock_volume": parsed_args.lock_volume,
        }
        if parsed_args.offline_servers:
            move["offline_servers"] = True
        with attempt(f"Volume {name} cannot be migrated"):
            volume_id = find.volume(self.client, name)["id"]
            answer = self.client.post(f"volumes/{volume_id}/action", {"os-migrate_volume": move})
        if not parsed_args.wait:
            self.say(
                f"Volume {name} is being migrated to {host}; "
                f"'cinder-lite migration-show {name}' shows how far it is."
            )
            return
        fetch = records.Asked(self.client, volume_id, answer.request_id)
        shown = progress.for_output(self.app.stdout, name, self.shell.options.quiet)
        self.say(_ended(name, records.follow(name, fetch, shown, parsed_args.timeout)))


class List(base.Lister):
    """List migrations, newest first."""

    kinds = {"Done": human.percent, "Created At": human.moment}

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the filters."""
        parser.add_argument("--volume", help="only those of this volume, by id or name")
        parser.add_argument("--status", help="only those running, success or error")
        parser.add_argument("--source-host", metavar="HOST", help="only those from this host")
        parser.add_argument("--dest-host", metavar="HOST", help="only those to this host")
        arguments.add_paging(parser, "migration")

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Ask for the records."""
        with attempt("Migrations cannot be listed"):
            query = {
                "volume_id": _volume_id(self.client, parsed_args.volume),
                "status": parsed_args.status,
                "source_host": parsed_args.source_host,
                "dest_host": parsed_args.dest_host,
                "marker": parsed_args.marker,
            }
            found = records.listed(self.client, query, parsed_args.limit)
        return tuple(COLUMNS), [tuple(r.get(key) for key in COLUMNS.values()) for r in found]


class Show(base.ShowOne):
    """Show a migration, or the latest one of a volume."""

    kinds = {
        "bytes_total": human.bytes_,
        "bytes_copied": human.bytes_,
        "bytes_skipped": human.bytes_,
        "bytes_per_second": human.rate,
        "percent": human.percent,
        "created_at": human.moment,
        "started_at": human.moment,
        "updated_at": human.moment,
        "finished_at": human.moment,
    }

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the migration."""
        parser.add_argument(
            "migration",
            metavar="MIGRATION",
            help="migration by id, or volume by id or name: its latest migration",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Sequence[Any]]:
        """Ask for the record."""
        with attempt(f"Migration {parsed_args.migration} cannot be shown"):
            return self.fields(_find(self.client, parsed_args.migration))


class Abort(base.Command):
    """Abort a migration: the volume stays where it was.

    What has gone too far is not aborted: the command then says why.
    """

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the migration."""
        parser.add_argument(
            "migration",
            metavar="MIGRATION",
            help="migration by id, or volume by id or name: its latest migration",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Ask for the end of the move."""
        with attempt(f"Migration {parsed_args.migration} cannot be aborted"):
            record = _find(self.client, parsed_args.migration)
            self.client.delete(f"os-volume-migrations/{record['id']}")
        self.say(
            f"Migration {record['id']} is being aborted; 'cinder-lite migration-show "
            f"{record['id']}' shows when that is done."
        )


def _find(client: Client, reference: str) -> Record:
    """Return a record by its own id, or the newest one of the volume with that id or name."""
    if find.looks_like_id(reference) or reference.isdigit():
        record = records.get(client, reference)
        if record:
            return record
    record = records.newest(client, _volume_id(client, reference) or reference)
    if record is None:
        raise NotFound("migration, or volume with a migration,", reference)
    return record


def _volume_id(client: Client, reference: str | None) -> str | None:
    """Return the id of the volume; an id is not looked up, as records outlive their volumes."""
    if reference is None or find.looks_like_id(reference):
        return reference
    volume_id: str = find.volume(client, reference)["id"]
    return volume_id


def _ended(volume: str, record: Record) -> str:
    """Return the sentence on a move that ended well."""
    parts = [f"Volume {volume} is on {record.get('dest_host')} now"]
    if record.get("bytes_copied"):
        parts.append(f"{human.bytes_(record['bytes_copied'])} copied")
    if record.get("bytes_skipped"):
        parts.append(f"{human.bytes_(record['bytes_skipped'])} skipped as empty")
    if record.get("bytes_copied") and record.get("bytes_per_second"):
        parts.append(human.rate(record["bytes_per_second"]))
    return ", ".join(parts) + "."
