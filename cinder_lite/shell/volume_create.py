# SPDX-License-Identifier: Apache-2.0
"""The command that creates a volume, and follows its making."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cinder_lite import states
from cinder_lite.shell import arguments, base, find, progress, waiting
from cinder_lite.shell.errors import (
    CreateFailed,
    ShellError,
    UsageError,
    WaitInterrupted,
    WaitTimedOut,
    attempt,
)
from cinder_lite.shell.volume import KINDS, fields

if TYPE_CHECKING:
    from cinder_lite.shell.client import Client, Record

_FAR = re.compile(r"(?P<phase>.+) (?P<percent>\d+)%")
"""The service's note on a volume that is being made: ``downloading 43%``."""


class Create(base.ShowOne):
    """Create a volume: empty, or of an image, a snapshot or another volume.

    With --wait the command shows how far the service is, on standard error, and ends when the
    volume can be used, or could not be made.
    """

    kinds = KINDS

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add what the volume shall be."""
        parser.add_argument(
            "size",
            type=arguments.positive,
            metavar="SIZE",
            nargs="?",
            help="size in GiB; that of the snapshot or the other volume where it is left out",
        )
        parser.add_argument("--name", help="name; need not be unique")
        parser.add_argument("--description", help="free text")
        parser.add_argument("--type", metavar="TYPE", help="volume type, by name or id")
        parser.add_argument("--availability-zone", metavar="ZONE", help="availability zone")
        source = parser.add_mutually_exclusive_group()
        source.add_argument("--image", metavar="IMAGE", help="make it of an image, by id")
        source.add_argument("--snapshot", metavar="SNAPSHOT", help="make it of a snapshot, by id")
        source.add_argument("--source", metavar="VOLUME", help="clone a volume, by id or name")
        arguments.add_pairs(parser, "--metadata", "metadata of the volume")
        arguments.add_wait(parser, "the volume can be used")

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Sequence[Any]]:
        """Ask for the volume, and wait for it if told to."""
        if parsed_args.size is None and not (parsed_args.snapshot or parsed_args.source):
            raise UsageError(
                "SIZE may be left out only with --snapshot or --source",
                f"{self.app.NAME} {self.cmd_name}",
            )
        with attempt("The volume cannot be created"):
            source = parsed_args.source
            wanted = {
                "size": parsed_args.size,
                "name": parsed_args.name,
                "description": parsed_args.description,
                "volume_type": parsed_args.type,
                "availability_zone": parsed_args.availability_zone,
                "imageRef": parsed_args.image,
                "snapshot_id": parsed_args.snapshot,
                "source_volid": find.volume(self.client, source)["id"] if source else None,
                "metadata": parsed_args.metadata,
            }
            body = {name: value for name, value in wanted.items() if value not in (None, {})}
            volume = self.client.post("volumes", {"volume": body}).body["volume"]
        if parsed_args.wait:
            label = volume["name"] or volume["id"]
            shown = progress.for_output(self.app.stderr, label, self.shell.options.quiet)
            volume = _wait_until_made(self.client, volume, label, shown, parsed_args.timeout)
        return self.fields(fields(volume))


def _wait_until_made(
    client: Client, volume: Record, label: str, shown: progress.Progress, timeout: float | None
) -> Record:
    """Return the volume when it is available; raise CreateFailed when it never will be."""
    path = f"volumes/{volume['id']}"
    work, look = f"the creation of volume {label}", f"cinder-lite show {volume['id']}"
    try:
        with attempt(f"Volume {label} could not be created"), shown:
            for now in waiting.observe(lambda: client.get(path, "volume"), timeout):
                if now["status"] == states.AVAILABLE:
                    return dict(now)
                if now["status"].startswith(states.ERROR):
                    raise CreateFailed(label, _reason(client, now))
                far = _FAR.fullmatch((now.get("metadata") or {}).get("creation_progress", ""))
                if far is not None:
                    shown.show({"phase": far["phase"], "percent": int(far["percent"])})
    except KeyboardInterrupt as error:
        raise WaitInterrupted(work, look) from error
    raise WaitTimedOut(work, look, timeout or 0)


def _reason(client: Client, volume: Record) -> str:
    """Return the service's newest message on the volume, or just its status."""
    query = {"resource_uuid": volume["id"], "sort": "created_at:desc", "limit": 1}
    try:
        messages = client.get("messages", "messages", query)
    except ShellError:
        messages = []
    if messages:
        return str(messages[0]["user_message"])
    return f"its status is {volume['status']}, and the service gives no reason"
