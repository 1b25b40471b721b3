# SPDX-License-Identifier: Apache-2.0
"""Arguments that several commands take."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import Any


def positive(text: str) -> int:
    """A whole number above 0."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number above 0")
    return number


def seconds(text: str) -> float:
    """A number of seconds, 0 or more."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds")
    return number


class Pairs(argparse.Action):
    """Collects KEY=VALUE arguments into a dictionary."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Add the pairs to those given before."""
        pairs = dict(getattr(namespace, self.dest) or {})
        for text in values or ():
            key, equals, value = text.partition("=")
            if not key or not equals:
                raise argparse.ArgumentError(self, f"'{text}' is not of the form KEY=VALUE")
            pairs[key] = value
        setattr(namespace, self.dest, pairs)


def add_pairs(parser: argparse.ArgumentParser, option: str, text: str) -> None:
    """Add an option that takes one or more KEY=VALUE."""
    parser.add_argument(option, nargs="+", action=Pairs, default={}, metavar="KEY=VALUE", help=text)


def add_volume(parser: argparse.ArgumentParser) -> None:
    """Add the volume as an argument."""
    parser.add_argument("volume", metavar="VOLUME", help="volume, by id or name")


def add_paging(parser: argparse.ArgumentParser, kind: str) -> None:
    """Add the options that cut a list.

    :param kind: what is listed, for the help
    """
    parser.add_argument("--limit", type=positive, metavar="N", help="at most this many")
    parser.add_argument("--marker", metavar="ID", help=f"begin after the {kind} with this id")


def add_wait(parser: argparse.ArgumentParser, until: str) -> None:
    """Add --wait and --timeout.

    :param until: what ends the wait, for the help
    """
    parser.add_argument("--wait", action="store_true", help=f"end only when {until}, or has failed")
    parser.add_argument(
        "--timeout",
        type=seconds,
        metavar="S",
        help="with --wait, end after this many seconds with status 4; the work goes on",
    )
