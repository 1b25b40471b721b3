# SPDX-License-Identifier: Apache-2.0
"""Copying processes: started, watched while they run, and never left behind.

A copying process ends when it is stopped, when whoever watches it fails, and when this process
dies, even by SIGKILL: ``setpriv --pdeathsig`` (util-linux) has the kernel see to that. The kernel
binds this to the *thread* that started the process. :func:`run` waits for the process in the
thread that starts it, so the thread outlives the copy; do not start one elsewhere.

A service that is not root can neither signal a process that runs as root nor have it killed so.
Such a process, ``cinder-lite-copy`` (:mod:`cinder_lite.cmd.copier`), ends when its standard input
does: its other end is ours.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import io
import os
import re
import selectors
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn, Protocol

from oslo_log import log as logging

from cinder_lite import exception
from cinder_lite.volume.copy.progress import Meter

LOG = logging.getLogger(__name__)

TICK = 0.2
"""Seconds between two looks at the stop event."""
TERM_SECONDS = 2.0
"""How long a process that was asked to end may take before it is killed."""
_KILL_SECONDS = 30.0
_LINE_END = re.compile(rb"[\r\n]")
_LAST_WORDS = 5
_SHELL_SIGNALS = 128


Parse = Callable[[str], tuple[int, int] | None]
"""Turns a line of a copying process into bytes copied and skipped; None: it is a message."""


class Stop(Protocol):
    """Tells a copy to end; a ``threading.Event`` is one."""

    def is_set(self) -> bool:
        """Return True when the copy shall end."""


@dataclasses.dataclass
class Outcome:
    """How a copying process ended."""

    command: Sequence[str]
    status: int
    """Exit status; negative: the number of the signal that killed it."""
    messages: list[str]
    """The last lines of its standard error that are not progress."""

    def error(self) -> str:
        """Return what went wrong, in few words."""
        if self.messages:
            return self.messages[0]  # what follows is mostly its consequence
        # What runs it as root tells of a signal as shells do.
        killed = -self.status if self.status < 0 else self.status - _SHELL_SIGNALS
        if killed in set(signal.Signals):
            return f"the copying process was killed by {signal.Signals(killed).name}"
        return f"the copying process ended with exit status {self.status}"


def execute(*command: str) -> tuple[str, str]:
    """Run a short command.

    :returns: its standard output and standard error
    :raises subprocess.CalledProcessError: it ended with an exit status that is not 0
    """
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=_environment())
    return done.stdout, done.stderr


@functools.cache
def death_prefix() -> tuple[str, ...]:
    """Return the words that have a command killed when the thread that starts it dies.

    Empty where setpriv is missing or too old (util-linux 2.33 knows the option).
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return ()
    words = (setpriv, "--pdeathsig", "KILL", "--")
    try:
        subprocess.run([*words, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        LOG.warning("setpriv does not work here: a copy may outlive a service that is killed")
        return ()
    return words


def assemble(
    command: Sequence[str],
    ionice: str | None,
    root_helper: str | None = None,
) -> list[str]:
    """Return the whole command line of a copy.

    :param command: what copies
    :param ionice: arguments of ionice, such as ``-c3``; root inherits what the user may ask for
    :param root_helper: the words, in one string, that run a command as root; then ``command`` is
        for ``cinder-lite-copy``
    """
    nice = ["ionice", *shlex.split(ionice)] if ionice else []
    if root_helper:
        return [*nice, *shlex.split(root_helper), "cinder-lite-copy", *command]
    return [*nice, *death_prefix(), *command]


def run(
    command: Sequence[str],
    *,
    parse: Parse,
    meter: Meter,
    stop: Stop | None = None,
    tell: Callable[[], str | None] | None = None,
    as_root: bool = False,
) -> Outcome:
    """Run a copying process to its end.

    :param command: from :func:`assemble`; it reports on standard error
    :param parse: understands the lines of its progress
    :param meter: told of the progress, and asked to report, several times a second
    :param stop: when it is set, the process is ended
    :param tell: asked several times a second for a line for the process's standard input; without
        it, that is empty
    :param as_root: the process runs as root, and ends with its standard input
    :raises CopyStopped: ``stop`` was set; the process is gone
    :raises VolumeCopyFailed: the process could not be started
    """
    watch = _Watch(parse, meter)
    with _started(command, listens=tell is not None, as_root=as_root) as (process, report, control):
        with selectors.DefaultSelector() as selector:
            selector.register(report, selectors.EVENT_READ)
            while watch.open:
                if selector.select(TICK):
                    watch.hear(report.read(65536))
                if stop is not None and stop.is_set():
                    raise exception.CopyStopped(reason="it was asked to stop")
                if tell is not None:
                    _pass_on(control, tell())
                meter.tick()
        return Outcome(command, process.wait(), watch.messages)


class _Watch:
    """Understands what a copying process reports."""

    def __init__(self, parse: Parse, meter: Meter) -> None:
        self._parse = parse
        self._meter = meter
        self._pending = b""
        self.messages: list[str] = []
        self.open = True
        """False when the process has closed its end."""

    def hear(self, received: bytes) -> None:
        """Take what was read; nothing means the end."""
        *lines, self._pending = _LINE_END.split(self._pending + received)
        self.open = bool(received)
        for line in lines:
            self._note(line)
        # dd puts the carriage return in front: its newest line has no end yet.
        if not self.open or self._parse(_text(self._pending)):
            self._note(self._pending)

    def _note(self, raw: bytes) -> None:
        line = _text(raw)
        counted = self._parse(line)
        if counted is not None:
            self._meter.update(*counted)
        elif line:
            self.messages = [*self.messages, line][-_LAST_WORDS:]


def fail(outcome: Outcome, src: str, dest: str) -> NoReturn:
    """Log how a copying process failed, and raise it as one sentence.

    :raises VolumeCopyFailed: always
    """
    LOG.error(
        "Copying %(src)s to %(dest)s failed: exit status %(status)s of %(command)s: %(messages)s",
        {
            "src": src,
            "dest": dest,
            "status": outcome.status,
            "command": shlex.join(outcome.command),
            "messages": " | ".join(outcome.messages),
        },
    )
    raise exception.VolumeCopyFailed(reason=f"{src} to {dest}: {outcome.error()}")


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C"}


@contextlib.contextmanager
def _started(
    command: Sequence[str], listens: bool, as_root: bool
) -> Iterator[tuple[subprocess.Popen[bytes], io.FileIO, io.FileIO]]:
    """Start a process; yield it with our ends of its standard error and input; end it at last."""
    # FileIO, because os.write() as eventlet patches it never tells that the reader is gone.
    report_fd, its_stderr = os.pipe()
    its_stdin, control_fd = os.pipe()
    with io.FileIO(report_fd, "r") as report, io.FileIO(control_fd, "w") as control:
        try:
            process = subprocess.Popen(
                command,
                stdin=its_stdin if listens or as_root else subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=its_stderr,
                env=_environment(),
                start_new_session=True,
            )
        except OSError as error:
            raise exception.VolumeCopyFailed(
                reason=f"cannot run {command[0]}: {error.strerror}"
            ) from error
        finally:
            os.close(its_stderr)
            os.close(its_stdin)
        try:
            yield process, report, control
        finally:
            if as_root:
                control.close()
                _wait(process)
            else:
                _end(process)


def _pass_on(control: io.FileIO, line: str | None) -> None:
    if line is not None:
        with contextlib.suppress(BrokenPipeError):  # it has just ended; its status tells how
            control.write(line.encode() + b"\n")


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace").strip()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and everything it has started; return when it is gone."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(TERM_SECONDS)
        return
    os.killpg(process.pid, signal.SIGKILL)
    _wait(process)


def _wait(process: subprocess.Popen[bytes]) -> None:
    """Return when a process that must end now is gone."""
    while True:
        # A process that hangs in the kernel may still write: nobody may go on before it is gone.
        try:
            process.wait(_KILL_SECONDS)
        except subprocess.TimeoutExpired:
            LOG.warning(
                "The copying process %s was ended, but is still there: its storage does not answer",
                process.pid,
            )
        else:
            return
