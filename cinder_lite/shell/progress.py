# SPDX-License-Identifier: Apache-2.0
"""Shows how far long work is: a bar on a terminal, lines of percent elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TextIO

from cinder_lite.shell import human

if TYPE_CHECKING:
    from cinder_lite.shell.client import Record

LINE_STEP = 5
"""Percent points between two lines where the output is not a terminal."""


class Progress(Protocol):
    """Something that shows records of work; a context manager that tidies up after itself.

    A record has ``phase`` and ``percent``; a migration's has the bytes, too.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def show(self, record: Record) -> None:
        """Show the record as it is now."""
        ...


def figures(record: Record) -> str:
    """Return how much has been copied and how fast, or nothing where that is not known."""
    total, copied = record.get("bytes_total"), record.get("bytes_copied")
    if not total or copied is None:
        return ""
    done = copied + (record.get("bytes_skipped") or 0)
    text = f"{human.bytes_(done)} of {human.bytes_(total)}"
    speed = record.get("bytes_per_second")
    return f"{text}, {human.rate(speed)}" if speed else text


class Silent:
    """Shows nothing (--quiet)."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, record: Record) -> None:
        """Show nothing."""


class Lines(Silent):
    """A line per phase and per LINE_STEP percent, for logs and pipes.

    :param stdout: where to write
    :param volume: name or id of the volume, as the user gave it
    """

    def __init__(self, stdout: TextIO, volume: str) -> None:
        self._stdout = stdout
        self._volume = volume
        self._phase: str | None = None
        self._percent = -LINE_STEP

    def show(self, record: Record) -> None:
        """Write a line if the phase is new or the percentage has grown enough."""
        phase, percent = record.get("phase"), record.get("percent")
        grown = percent is not None and percent >= self._percent + LINE_STEP
        if phase == self._phase and not grown:
            return
        self._phase = phase
        self._percent = self._percent if percent is None else percent
        known = "" if percent is None else f" {percent}%"
        amount = figures(record)
        print(
            f"Volume {self._volume}: {phase}{known}{f' ({amount})' if amount else ''}",
            file=self._stdout,
            flush=True,
        )


class Bar:
    """A live bar, drawn by rich.

    :param stdout: the terminal
    :param volume: name or id of the volume, as the user gave it
    """

    def __init__(self, stdout: TextIO, volume: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn
        from rich.progress import Progress as RichProgress

        # markup is off for the name, which may hold [brackets]
        self._bar = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[figures]}", markup=False),
            console=Console(file=stdout),
        )
        self._volume = volume
        self._task = self._bar.add_task(f"{volume}: asked", total=None, figures="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, record: Record) -> None:
        """Move the bar; without a percentage it only pulses."""
        percent: Any = record.get("percent")
        self._bar.update(
            self._task,
            description=f"{self._volume}: {record.get('phase')}",
            total=None if percent is None else 100,
            completed=percent or 0,
            figures=figures(record),
        )


def for_output(stdout: TextIO, volume: str, quiet: bool) -> Progress:
    """Return what suits the output.

    :param quiet: show nothing at all
    """
    if quiet:
        return Silent()
    return Bar(stdout, volume) if stdout.isatty() else Lines(stdout, volume)
