# SPDX-License-Identifier: Apache-2.0
"""Child processes that cannot outlive the tests: started, watched and ended by pid."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

MARKER = "CINDER_LITE_TEST_RUN"


class HarnessError(AssertionError):
    """The tests' surroundings did not come up, or something was left running."""


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_open(port: int) -> bool:
    """Tell whether something accepts connections on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(
    ready: Callable[[], object], timeout: float, what: str, interval: float = 0.05
) -> None:
    """Ask ``ready`` again and again until it says yes.

    :param timeout: seconds
    :param what: names the thing waited for, for the sentence of the failure
    :param interval: seconds between two questions
    :raises HarnessError: it did not say yes in time
    """
    deadline = time.monotonic() + timeout
    while not ready():
        if time.monotonic() > deadline:
            raise HarnessError(f"{what}: not within {timeout:g} seconds")
        time.sleep(interval)


def tail(path: Path, lines: int = 40) -> str:
    """Return the last lines of a file, or nothing when it is not there."""
    if not path.exists():
        return ""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - lines * 400))
        return "\n".join(stream.read().decode(errors="replace").splitlines()[-lines:])


class Process:
    """One child in a session of its own, with its output in a file.

    The kernel ends the child when the thread that started it dies, so that even a killed test run
    leaves nothing behind. Start it from a thread that lives as long as the child shall.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        user: int | None = None,
        death_signal: str = "KILL",
        directory: Path | None = None,
    ) -> None:
        """Describe the child; :meth:`start` starts it.

        :param log: file that receives its standard output and error
        :param environment: additions to this process's environment
        :param user: numeric user (and group) to run as; None for the same user
        :param death_signal: what the kernel sends when the tests die
        """
        self.name = name
        self.log = log
        self._command = [str(word) for word in command]
        self._environment = {**os.environ, **(environment or {})}
        self._user = user
        self._death_signal = death_signal
        self._directory = directory
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The child's process id."""
        if self._popen is None:
            raise HarnessError(f"{self.name} was not started")
        return self._popen.pid

    @property
    def alive(self) -> bool:
        """True while the child runs."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def returncode(self) -> int | None:
        """The exit status (negative: the signal), None while it runs."""
        return None if self._popen is None else self._popen.poll()

    def start(self) -> Process:
        """Start the child."""
        setpriv = [shutil.which("setpriv") or "/usr/bin/setpriv", "--pdeathsig", self._death_signal]
        if self._user is not None:
            identity = str(self._user)
            setpriv += ["--reuid", identity, "--regid", identity, "--clear-groups"]
        with self.log.open("ab") as log:
            self._popen = subprocess.Popen(
                [*setpriv, "--", *self._command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=self._directory,
                start_new_session=True,
            )
        return self

    def send(self, number: signal.Signals) -> None:
        """Send the child a signal; nothing happens when it has ended."""
        if self._popen is not None and self._popen.poll() is None:
            self._popen.send_signal(number)

    def wait(self, timeout: float) -> int:
        """Wait for the child's end and return its exit status.

        :raises HarnessError: it still runs after ``timeout`` seconds
        """
        if self._popen is None:
            return 0
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise HarnessError(f"{self.name} did not end within {timeout:g} seconds") from None

    def stop(self, timeout: float = 15, first: signal.Signals = signal.SIGTERM) -> None:
        """End the child politely, then by force."""
        self.send(first)
        try:
            self.wait(timeout)
        except HarnessError:
            self.kill()

    def kill(self) -> None:
        """End the child at once (SIGKILL)."""
        self.send(signal.SIGKILL)
        self.wait(10)

    def wait_ready(self, ready: Callable[[], object], timeout: float) -> None:
        """Wait until the child serves.

        :param ready: says whether it does
        :param timeout: seconds
        :raises HarnessError: it ended or did not get ready; carries the end of its log
        """

        def check() -> object:
            if not self.alive:
                raise HarnessError(
                    f"{self.name} ended with status {self.returncode}:\n{tail(self.log)}"
                )
            return ready()

        try:
            wait_until(check, timeout, self.name)
        except HarnessError as error:
            raise HarnessError(f"{error}\n{tail(self.log)}") from None


def run(command: Sequence[str | Path], log: Path, user: int | None = None) -> None:
    """Run a command to its end.

    :raises HarnessError: its exit status is not zero; carries the end of its output
    """
    child = Process(Path(command[0]).name, command, log, user=user).start()
    if child.wait(120) != 0:
        raise HarnessError(f"{child.name} failed ({child.returncode}):\n{tail(log)}")


def marked(value: str) -> Iterator[tuple[int, str]]:
    """Find the processes that carry :data:`MARKER` with ``value`` in their environment.

    :returns: pairs of process id and command line
    """
    wanted = f"{MARKER}={value}".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if wanted not in (entry / "environ").read_bytes().split(b"\0"):
                continue
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        except OSError:
            continue
        if command:
            yield int(entry.name), command


def end_marked(value: str, timeout: float = 5) -> list[str]:
    """Wait for the marked processes to go, end those that stay, and name them.

    :param timeout: seconds to wait before the rest is killed
    :returns: the command lines of those that had to be killed
    """
    deadline = time.monotonic() + timeout
    while (left := list(marked(value))) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid, _ in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return [f"{pid} {command}" for pid, command in left]
