# SPDX-License-Identifier: Apache-2.0
"""The output formats, known by name so that no entry points are searched at start."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, TextIO

from cliff.formatters import commaseparated, json_format, shell, table, value, yaml_format
from cliff.formatters.base import Formatter

from cinder_lite.shell import human

Kinds = Mapping[str, Callable[[Any], str]]
"""How a column's values read in a table, by the column's title."""


class Table(table.TableFormatter):
    """cliff's table with the figures written for people; the other formats keep raw values."""

    def __init__(self) -> None:
        self.kinds: Kinds = {}

    def _human(self, titles: Sequence[str], row: Iterable[Any]) -> list[str]:
        return [
            self.kinds.get(title, human.plain)(item)
            for title, item in zip(titles, row, strict=True)
        ]

    def emit_list(
        self,
        column_names: Sequence[str],
        data: Iterable[Sequence[Any]],
        stdout: TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        """Print one line per row."""
        rows = [self._human(column_names, row) for row in data]
        super().emit_list(column_names, rows, stdout, parsed_args)

    def emit_one(
        self,
        column_names: Sequence[str],
        data: Sequence[Any],
        stdout: TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        """Print one line per field."""
        super().emit_one(column_names, self._human(column_names, data), stdout, parsed_args)


class Formats:
    """What cliff asks of its plugin manager, over a fixed set of formats."""

    def __init__(self, formats: dict[str, Formatter]) -> None:
        self._formats = {name: SimpleNamespace(name=name, obj=obj) for name, obj in formats.items()}

    def names(self) -> list[str]:
        """The names that -f accepts."""
        return list(self._formats)

    def __iter__(self) -> Iterator[SimpleNamespace]:
        return iter(self._formats.values())

    def __getitem__(self, name: str) -> SimpleNamespace:
        return self._formats[name]


def list_formats() -> Formats:
    """Formats of a list of things."""
    return Formats(
        {
            "csv": commaseparated.CSVLister(),
            "json": json_format.JSONFormatter(),
            "table": Table(),
            "value": value.ValueFormatter(),
            "yaml": yaml_format.YAMLFormatter(),
        }
    )


def show_formats() -> Formats:
    """Formats of one thing."""
    return Formats(
        {
            "json": json_format.JSONFormatter(),
            "shell": shell.ShellFormatter(),
            "table": Table(),
            "value": value.ValueFormatter(),
            "yaml": yaml_format.YAMLFormatter(),
        }
    )
