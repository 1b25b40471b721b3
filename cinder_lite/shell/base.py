# SPDX-License-Identifier: Apache-2.0
"""What the commands have in common: cliff's command classes without their slow start.

cliff searches the entry points of every installed package for hooks and formatters, and asks
which package each command came from; that takes longer than most commands do.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from cliff import command, complete, lister, show

from cinder_lite.shell import formats
from cinder_lite.shell.errors import UsageError
from cinder_lite.shell.options import Parser

if TYPE_CHECKING:
    from cinder_lite.shell.client import Client, Record
    from cinder_lite.shell.main import Shell


class Command(command.Command):
    """A command that prints sentences, or nothing."""

    def _load_hooks(self) -> None:
        self._hooks = []

    def get_epilog(self) -> str:
        """Return what follows the options in the help."""
        return self._epilog or ""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the command's own arguments."""
        parser = Parser(
            prog=prog_name, description=self.get_description(), epilog=self.get_epilog()
        )
        self.add_arguments(parser)
        return parser

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's own arguments; by default there are none."""

    @property
    def shell(self) -> Shell:
        """The program."""
        return cast("Shell", self.app)

    @property
    def client(self) -> Client:
        """The service, connected when first used."""
        return self.shell.client

    def say(self, text: str) -> None:
        """Print a remark on stdout, unless --quiet was given."""
        if not self.shell.options.quiet:
            print(text, file=self.app.stdout)


class Lister(lister.Lister, Command):
    """A command that prints a list of things; ``kinds`` says how figures read in a table."""

    kinds: ClassVar[formats.Kinds] = {}

    def _load_formatter_plugins(self) -> Any:
        return formats.list_formats()

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Iterable[Sequence[Any]],
    ) -> int:
        """Print one line per thing."""
        _prepare(self, parsed_args, column_names)
        return super().produce_output(parsed_args, column_names, data)


class ShowOne(show.ShowOne, Command):
    """A command that prints one thing; ``kinds`` says how figures read in a table."""

    kinds: ClassVar[formats.Kinds] = {}

    def _load_formatter_plugins(self) -> Any:
        return formats.show_formats()

    def produce_output(
        self, parsed_args: argparse.Namespace, column_names: Sequence[str], data: Sequence[Any]
    ) -> int:
        """Print one line per field."""
        _prepare(self, parsed_args, column_names)
        return super().produce_output(parsed_args, column_names, data)

    def fields(self, record: Record) -> tuple[Sequence[str], Sequence[Any]]:
        """Return a record of the API as cliff wants it."""
        return tuple(record), tuple(record.values())


class Complete(complete.CompleteCommand, Command):
    """Print the bash completion of this program.

    For one session: source <(cinder-lite complete). For good, put the output into
    /etc/bash_completion.d/cinder-lite. It needs the bash-completion package.
    """


class Help(Command):
    """Show the help of a command, or the list of commands."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the name of the command."""
        parser.add_argument("command", nargs="?", help="name of the command")

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Print the help."""
        if not parsed_args.command:
            self.shell.print_help()
            return
        factory, name = self.shell.find([parsed_args.command])[:2]
        helped = factory(self.app, self.app_args, cmd_name=name)
        helped.get_parser(f"{self.app.NAME} {name}").print_help(self.app.stdout)


class Version(Command):
    """Show the version of this program."""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Print the version."""
        from cinder_lite.version import __version__

        print(f"{self.app.NAME} {__version__}", file=self.app.stdout)


def _prepare(
    shown: Lister | ShowOne, parsed_args: argparse.Namespace, column_names: Sequence[str]
) -> None:
    """Tell the table how to write the figures, and refuse a -c that names no column."""
    if isinstance(shown.formatter, formats.Table):
        shown.formatter.kinds = shown.kinds
    known = [_folded(name) for name in column_names]
    for wanted in parsed_args.columns:
        if _folded(wanted) not in known:
            raise UsageError(
                f"There is no column '{wanted}', only {', '.join(column_names)}",
                f"{shown.app.NAME} {shown.cmd_name}",
            )


def _folded(column: str) -> str:
    return column.lower().strip().replace(" ", "_")
