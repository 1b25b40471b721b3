# SPDX-License-Identifier: Apache-2.0
"""Everything that can go wrong on the command line, one class per failure.

The classes carry facts; ``reporting`` turns them into sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

EXIT_FAILED = 1
"""The service refused the request, or the work it began has failed."""
EXIT_USAGE = 2
"""The command line or the configuration is wrong; nothing was asked of the service."""
EXIT_UNREACHABLE = 3
"""The service, or Keystone, cannot be reached."""
EXIT_TIMED_OUT = 4
"""The time given with --timeout is over; the work goes on in the service."""
EXIT_INTERRUPTED = 130
"""Stopped by the user (128 + SIGINT)."""
EXIT_BROKEN_PIPE = 141
"""The reader of the output went away (128 + SIGPIPE)."""


class ShellError(Exception):
    """A failure that the command line explains in one sentence."""

    exit_status = EXIT_FAILED


class UsageError(ShellError):
    """The command line cannot be understood.

    :param problem: what is wrong, in words
    :param program: the command as it is typed, for example ``cinder-lite migrate``
    """

    exit_status = EXIT_USAGE

    def __init__(self, problem: str, program: str = "cinder-lite") -> None:
        super().__init__(problem)
        self.problem = problem
        self.program = program


class NotConfigured(ShellError):
    """Nothing says where the service is."""

    exit_status = EXIT_USAGE


class BadConfiguration(ShellError):
    """clouds.yaml, the OS_* variables or the --os-* options cannot be used.

    :param reason: what is wrong with them, in words
    """

    exit_status = EXIT_USAGE

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ServiceUnreachable(ShellError):
    """No connection to the service, or to Keystone.

    :param where: address that was tried
    :param reason: the system's reason, for example "connection refused"
    :param check: what the user should look at
    """

    exit_status = EXIT_UNREACHABLE

    def __init__(self, where: str, reason: str, check: str) -> None:
        super().__init__(where, reason, check)
        self.where = where
        self.reason = reason
        self.check = check


class UnexpectedAnswer(ShellError):
    """Something answers at the address, but not as a Volume API does.

    :param where: address that was asked
    :param answer: what came back, in words
    """

    exit_status = EXIT_UNREACHABLE

    def __init__(self, where: str, answer: str) -> None:
        super().__init__(where, answer)
        self.where = where
        self.answer = answer


class RequestRefused(ShellError):
    """The service answered with an error.

    :param status: HTTP status
    :param message: the service's own words
    :param request_id: the request's id in the service's logs, if it gave one
    :param what: what could not be done, for example "Volume vol1 cannot be migrated"
    """

    def __init__(
        self, status: int, message: str, request_id: str | None = None, what: str = ""
    ) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.request_id = request_id
        self.what = what


class NotFound(ShellError):
    """Nothing of this kind has the name or id.

    :param kind: "volume", "volume type" or "migration"
    :param reference: what the user typed
    """

    def __init__(self, kind: str, reference: str) -> None:
        super().__init__(kind, reference)
        self.kind = kind
        self.reference = reference


class Ambiguous(ShellError):
    """Several things have the name.

    :param kind: "volume" or "volume type"
    :param name: what the user typed
    :param ids: the ids to choose from
    """

    def __init__(self, kind: str, name: str, ids: Sequence[str]) -> None:
        super().__init__(kind, name, ids)
        self.kind = kind
        self.name = name
        self.ids = list(ids)


class NoMigrationRecords(ShellError):
    """The service is a Volume API that keeps no migration records (Cinder itself, for one)."""


class CreateFailed(ShellError):
    """The service accepted a volume and could not make it.

    :param volume: name or id of the volume
    :param reason: why, in words
    """

    def __init__(self, volume: str, reason: str) -> None:
        super().__init__(volume, reason)
        self.volume = volume
        self.reason = reason


class MigrationFailed(ShellError):
    """A migration that the service accepted has failed.

    :param volume: name or id of the volume
    :param reason: the reason on the migration record
    :param request_id: id of the request that asked for the move, if known
    """

    def __init__(self, volume: str, reason: str, request_id: str | None = None) -> None:
        super().__init__(volume, reason)
        self.volume = volume
        self.reason = reason
        self.request_id = request_id


class SeveralFailed(ShellError):
    """Some of the things that one command named could not be done.

    :param what: for example "2 of 3 volumes cannot be deleted"
    :param failures: what the user typed and the failure, in the order typed
    """

    def __init__(self, what: str, failures: Sequence[tuple[str, ShellError]]) -> None:
        super().__init__(what)
        self.what = what
        self.failures = list(failures)


class WaitEnded(ShellError):
    """Waiting ended before the work did; the work goes on in the service.

    :param work: for example "the migration of volume vol1"
    :param look: the command that shows how it goes on
    """

    def __init__(self, work: str, look: str) -> None:
        super().__init__(work, look)
        self.work = work
        self.look = look


class WaitTimedOut(WaitEnded):
    """The time given with --timeout is over.

    :param seconds: the time that was given
    """

    exit_status = EXIT_TIMED_OUT

    def __init__(self, work: str, look: str, seconds: float) -> None:
        super().__init__(work, look)
        self.seconds = seconds


class WaitInterrupted(WaitEnded):
    """The user pressed ^C while the command only waited."""

    exit_status = EXIT_INTERRUPTED


@contextmanager
def attempt(what: str) -> Iterator[None]:
    """Say what was being done when the service refuses a request in this block.

    :param what: the first half of the sentence, for example "Volume vol1 cannot be shown"
    """
    try:
        yield
    except RequestRefused as error:
        error.what = error.what or what
        raise
