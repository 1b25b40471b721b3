# SPDX-License-Identifier: Apache-2.0
"""The program ``cinder-lite``: finds the command, runs it, and explains what went wrong."""

from __future__ import annotations

import importlib.metadata
import logging
import os
import sys
import traceback
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cliff.app import App
from cliff.commandmanager import CommandManager

from cinder_lite.shell import errors, reporting
from cinder_lite.shell.options import Parser, global_parser

if TYPE_CHECKING:
    from cinder_lite.shell.client import Client

COMMANDS = {
    "create": "volume_create:Create",
    "list": "volume:List",
    "show": "volume:Show",
    "delete": "volume:Delete",
    "reset-state": "volume:ResetState",
    "migrate": "migration:Migrate",
    "migration-abort": "migration:Abort",
    "migration-list": "migration:List",
    "migration-show": "migration:Show",
    "type-create": "volume_type:Create",
    "type-list": "volume_type:List",
    "type-show": "volume_type:Show",
    "type-delete": "volume_type:Delete",
    "type-key": "volume_type:Key",
    "get-pools": "pool:List",
    "service-list": "service:List",
    "service-enable": "service:Enable",
    "service-disable": "service:Disable",
    "complete": "base:Complete",
    "help": "base:Help",
    "version": "base:Version",
}
"""Each command and the class that runs it, imported only when the command is used."""


class Shell(App):
    """The application: shared options, the table of commands, one connection."""

    NAME = "cinder-lite"

    def __init__(self) -> None:
        # no namespace: cliff would search all installed packages for commands
        super().__init__("Block storage, and moving it between backends.", None, CommandManager())
        self.command_manager.commands.clear()
        for name, place in COMMANDS.items():
            self.command_manager.commands[name] = importlib.metadata.EntryPoint(
                name, f"cinder_lite.shell.{place}", "cinder_lite.shell"
            )

    def build_option_parser(
        self,
        description: str | None,
        version: str | None,
        argparse_kwargs: dict[str, Any] | None = None,
    ) -> Parser:
        """Return the parser of the shared options."""
        return global_parser(self.NAME, description or "")

    @cached_property
    def client(self) -> Client:
        """The service that the options name."""
        from cinder_lite.shell.connect import connect

        return connect(self.options)

    def run(self, argv: list[str]) -> int:
        """Run the command that the arguments name.

        :returns: the exit status
        :raises ShellError: whatever went wrong; nothing has been printed about it
        """
        self.options, rest = self.parser.parse_known_args(argv)
        self.configure_logging()
        if self.options.version:
            rest = ["version"]
        elif self.options.help:
            rest = ["help", *rest[:1]]
        if not rest:
            raise errors.UsageError("Say what to do")
        return self.run_subcommand(rest)

    def configure_logging(self) -> None:
        """Keep the libraries' messages off stderr, except with --debug."""
        root = logging.getLogger()
        if self.options.debug:
            root.setLevel(logging.DEBUG)
            root.addHandler(logging.StreamHandler(self.stderr))
        else:
            root.addHandler(logging.NullHandler())

    def run_subcommand(self, argv: list[str]) -> int:
        """Run one command; unlike cliff's own method, leave its failures to ``main``."""
        factory, name, arguments = self.find(argv)
        command = factory(self, self.options, cmd_name=name)
        parsed = command.get_parser(f"{self.NAME} {name}").parse_args(arguments)
        return int(command.run(parsed) or 0)

    def find(self, argv: list[str]) -> tuple[Any, str, list[str]]:
        """Return the class of the command, its name, and its arguments.

        :raises UsageError: there is no such command
        """
        if argv[0].startswith("-"):
            raise errors.UsageError(f"There is no option '{argv[0]}' before a command")
        try:
            factory, name, arguments = self.command_manager.find_command(argv)
        except ValueError as error:
            near = ", ".join(f"'{match}'" for match in self.get_fuzzy_matches(argv[0]))
            hint = f" (perhaps {near})" if near else ""
            raise errors.UsageError(f"There is no command '{argv[0]}'{hint}") from error
        return factory, name, arguments

    def print_help(self) -> None:
        """Print the shared options and one line per command."""
        self.parser.print_help(self.stdout)
        print("\ncommands:", file=self.stdout)
        width = max(len(name) for name in COMMANDS)
        for name, entry in self.command_manager:
            summary = (entry.load().__doc__ or "").partition("\n")[0].rstrip(".")
            print(f"  {name:<{width}}  {summary}", file=self.stdout)
        print(f"\n'{self.NAME} help COMMAND' explains a command.", file=self.stdout)


def main(argv: list[str] | None = None) -> int:
    """Run the command line.

    :param argv: the arguments after the program's name; None for those of the process
    :returns: the exit status, one of those in ``errors``
    """
    argv = sys.argv[1:] if argv is None else argv
    try:
        status = Shell().run(argv)
        sys.stdout.flush()
    except BrokenPipeError:
        # the interpreter flushes stdout once more when it ends; there is nobody to read it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return errors.EXIT_BROKEN_PIPE
    except (Exception, KeyboardInterrupt) as error:
        if "--debug" in argv:
            traceback.print_exc()
        print(reporting.sentence(error), file=sys.stderr)
        if isinstance(error, KeyboardInterrupt):
            return errors.EXIT_INTERRUPTED
        return getattr(error, "exit_status", errors.EXIT_FAILED)
    return status


if __name__ == "__main__":
    sys.exit(main())
