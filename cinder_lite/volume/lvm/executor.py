# SPDX-License-Identifier: Apache-2.0
"""Runs the commands of the storage rooms: argument lists, no shells; as root through rootwrap."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from oslo_concurrency import processutils
from oslo_log import log as logging

from cinder_lite import exception
from cinder_lite.cmd import rootwrap

LOG = logging.getLogger(__name__)

ATTEMPTS = 5
"""How often a command that fails for a passing reason is run."""
_PAUSE = 0.5
_PASSING = re.compile(
    r"Device or resource busy"
    r"|\bin use\b|is used by another device"
    r"|Can't get lock for"
    r"|Failed to (suspend|resume|deactivate)"
    r"|Unable to deactivate"
    r"|Resource temporarily unavailable",
    re.IGNORECASE,
)
"""What LVM says when udev or another command holds a device for a moment."""
_SEGFAULT = 128 + 11
"""LVM's reports die so now and then when a group changes under them (LP 1901783)."""
# oslo.rootwrap's own exit statuses.
_NOT_ALLOWED, _BAD_CONFIGURATION, _NOT_INSTALLED = 99, 97, 96
_REFUSALS = {_NOT_ALLOWED: "Unauthorized command", _NOT_INSTALLED: "Executable not found"}
"""What its daemon means by exit statuses without a word."""
_ENV_NOT_FOUND = 127
_LASTING = frozenset({"thin_dump"})
_SHOWN = 3


class CommandFailed(exception.VolumeBackendAPIException):
    """A command ended with an error, or could not be run.

    :param sentence: what went wrong, for a person
    :param status: the command's exit status; None where it did not run
    """

    def __init__(self, sentence: str, status: int | None) -> None:
        super().__init__(data=sentence)
        self.sentence = sentence
        self.status = status

    @property
    def passing(self) -> bool:
        """True when the same command may succeed in a moment."""
        return self.status == _SEGFAULT or bool(_PASSING.search(self.sentence))


@contextlib.contextmanager
def explained(what: str) -> Iterator[None]:
    """Say what could not be done when a command fails.

    :param what: "volume … could not be …"
    """
    try:
        yield
    except CommandFailed as failure:
        raise exception.VolumeBackendAPIException(data=f"{what}: {failure.sentence}") from failure


class Executor:
    """Runs commands and waits for their end.

    :param root_helper: the words, in one string, that run a command as root; not used by a service
        that is root itself
    :param environment: variables for LVM's commands, beside ``LC_ALL=C``
    :param daemon: have short commands run by a helper that stays
    """

    def __init__(
        self, root_helper: str, environment: Sequence[str] = (), *, daemon: bool = False
    ) -> None:
        self.root_helper = root_helper
        self.environment = tuple(environment)
        self._daemon = Daemon(root_helper) if daemon and os.geteuid() != 0 else None

    def lvm(self, *words: str) -> str:
        """Run one of LVM's commands as root; what fails for a passing reason is tried again.

        :returns: its standard output
        :raises CommandFailed: it failed
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self.root("env", "LC_ALL=C", *self.environment, *words)
            except CommandFailed as failure:
                if attempt == ATTEMPTS or not failure.passing:
                    raise
                LOG.info("%s; it is tried again", failure.sentence)
                time.sleep(_PAUSE * attempt)
        raise AssertionError("unreachable")

    def root(self, *words: str, data: str | None = None) -> str:
        """Run a command as root.

        :param data: for its standard input; what must not stand on a command line, such as secrets
        :returns: its standard output
        :raises CommandFailed: it failed
        """
        return self._run(words, data, as_root=True)

    def user(self, *words: str) -> str:
        """Run a command as the service's own user; otherwise as :meth:`root`."""
        return self._run(words, None, as_root=False)

    def _run(self, words: Sequence[str], data: str | None, *, as_root: bool) -> str:
        try:
            # The daemon does one thing at a time, so what may last long is not for it.
            if as_root and self._daemon is not None and not _LASTING.intersection(words):
                return self._daemon.execute(words, data)
            out, _ = processutils.execute(
                *words,
                process_input=data,
                run_as_root=as_root,
                root_helper=self.root_helper,
                log_errors=processutils.LOG_FINAL_ERROR,
                cwd="/",
            )
        except processutils.ProcessExecutionError as error:
            raise CommandFailed(explain(words, error), _status(error)) from error
        except OSError as error:
            helper = shlex.split(self.root_helper)
            missing = helper[0] if as_root and os.geteuid() != 0 and helper else words[0]
            raise CommandFailed(f"cannot run {missing}: {error.strerror}", None) from error
        return str(out)


class Daemon:
    """A helper that stays: started at the first command, and again when it has ended.

    :param root_helper: the words, in one string, that run a command as root
    """

    def __init__(self, root_helper: str) -> None:
        self._words = [*shlex.split(root_helper), rootwrap.DAEMON]
        self._lock = threading.Lock()
        self._client: Any = None

    def execute(self, words: Sequence[str], data: str | None) -> str:
        """Run a command as root and return its standard output.

        :raises processutils.ProcessExecutionError: it failed, or no helper can be started
        """
        with self._lock:
            if self._client is None:
                from oslo_rootwrap import client  # looks whether sockets are patched

                self._client = client.Client(self._words)
        try:
            status, out, err = self._client.execute(list(words), data)
        except OSError:
            raise
        except Exception as error:  # oslo.rootwrap raises nothing more telling
            sentence = str(error).rpartition("stderr:")[2].strip() or "the helper does not start"
            raise processutils.ProcessExecutionError(stderr=sentence, exit_code=1) from error
        if status:
            err = err or _REFUSALS.get(status, "")
            raise processutils.ProcessExecutionError(stdout=out, stderr=err, exit_code=status)
        return str(out)


def _status(error: processutils.ProcessExecutionError) -> int | None:
    status = error.exit_code
    if isinstance(status, int) and status < 0:
        return 128 - status
    return status if isinstance(status, int) else None


def explain(words: Sequence[str], error: processutils.ProcessExecutionError) -> str:
    """Return what went wrong with a command in one sentence."""
    command = next((word for word in words if word != "env" and "=" not in word), words[0])
    said = " ".join(_lines(str(error.stderr or "") or str(error.stdout or "")))
    status = _status(error)
    if status == _NOT_ALLOWED and "Unauthorized command" in said:
        return (
            f"cinder-lite-rootwrap does not allow the command {shlex.join(words)}: volume.filters "
            "in the filters_path of rootwrap.conf is missing or does not fit this release"
        )
    if status == _NOT_INSTALLED and "Executable not found" in said:
        return f"{command} is not installed, or not in exec_dirs of rootwrap.conf"
    if status == _BAD_CONFIGURATION and "onfiguration" in said:
        return f"the configuration of cinder-lite-rootwrap is wrong: {said}"
    if status == _ENV_NOT_FOUND:
        return f"{command} is not installed on this node"
    if said.startswith("sudo:"):
        return f"this service's user may not run cinder-lite-rootwrap by sudo ({said})"
    return f"{command} failed: {said or f'exit status {status}'}"


def _lines(text: str) -> list[str]:
    """Return the last lines that a command said, without LVM's warnings where it has errors."""
    lines = [line.strip().rstrip(".") + "." for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if not line.startswith(("WARNING", "File descriptor"))]
    return (errors or lines)[-_SHOWN:]
