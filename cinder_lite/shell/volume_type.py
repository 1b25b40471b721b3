# SPDX-License-Identifier: Apache-2.0
"""Commands on volume types and their extra specs."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cinder_lite.shell import arguments, base, find
from cinder_lite.shell.errors import UsageError, attempt

if TYPE_CHECKING:
    from cinder_lite.shell.client import Record

COLUMNS = {
    "ID": "id",
    "Name": "name",
    "Public": "is_public",
    "Description": "description",
    "Extra Specs": "extra_specs",
}
"""Columns of the list and the API's fields."""

_ACCESS = "os-volume-type-access:is_public"


def _add_type(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("type", metavar="TYPE", help="volume type, by id or name")


def _fields(record: Record) -> Record:
    """Return what show prints: is_public once, although the API has it under two names."""
    return {name: value for name, value in record.items() if name != _ACCESS}


class List(base.Lister):
    """List volume types."""

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Ask for the types, for administrators the private ones too."""
        with attempt("Volume types cannot be listed"):
            types = list(self.client.pages("types", "volume_types", {"is_public": "None"}))
        return tuple(COLUMNS), [tuple(t.get(key) for key in COLUMNS.values()) for t in types]


class Show(base.ShowOne):
    """Show a volume type."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the type."""
        _add_type(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Sequence[Any]]:
        """Ask for the type."""
        with attempt(f"Volume type {parsed_args.type} cannot be shown"):
            return self.fields(_fields(find.volume_type(self.client, parsed_args.type)))


class Create(base.ShowOne):
    """Create a volume type."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add what the type shall be."""
        parser.add_argument("name", metavar="NAME", help="name of the type")
        parser.add_argument("--description", help="free text")
        parser.add_argument(
            "--private", action="store_true", help="only for projects that are given access"
        )
        arguments.add_pairs(
            parser, "--extra-specs", "extra specs, for example volume_backend_name=fast"
        )

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Sequence[Any]]:
        """Ask for the type."""
        wanted: dict[str, Any] = {"name": parsed_args.name, _ACCESS: not parsed_args.private}
        if parsed_args.description is not None:
            wanted["description"] = parsed_args.description
        if parsed_args.extra_specs:
            wanted["extra_specs"] = parsed_args.extra_specs
        with attempt(f"Volume type {parsed_args.name} cannot be created"):
            made = self.client.post("types", {"volume_type": wanted}).body["volume_type"]
        return self.fields(_fields(made))


class Delete(base.Command):
    """Delete a volume type."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the type."""
        _add_type(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Ask for the removal."""
        with attempt(f"Volume type {parsed_args.type} cannot be deleted"):
            self.client.delete(f"types/{find.volume_type(self.client, parsed_args.type)['id']}")


class Key(base.Command):
    """Set or unset extra specs of a volume type.

    For example: type-key fast set volume_backend_name=nvme, type-key fast unset compression.
    """

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the type and its extra specs."""
        _add_type(parser)
        parser.add_argument("action", choices=("set", "unset"), help="what to do")
        parser.add_argument(
            "specs", nargs="+", metavar="KEY[=VALUE]", help="KEY=VALUE to set, KEY to unset"
        )

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Ask for the change."""
        pairs = [text.partition("=") for text in parsed_args.specs]
        if parsed_args.action == "set":
            self._check_pairs(parsed_args.specs)
        with attempt(f"The extra specs of volume type {parsed_args.type} cannot be changed"):
            path = f"types/{find.volume_type(self.client, parsed_args.type)['id']}/extra_specs"
            if parsed_args.action == "set":
                specs = {key: value for key, _, value in pairs}
                self.client.post(path, {"extra_specs": specs})
                return
            for key, _, _ in pairs:
                self.client.delete(f"{path}/{quote(key, safe=':')}")

    def _check_pairs(self, specs: list[str]) -> None:
        for text in specs:
            key, equals, _ = text.partition("=")
            if not key or not equals:
                raise UsageError(
                    f"'{text}' is not of the form KEY=VALUE", f"{self.app.NAME} {self.cmd_name}"
                )
