# SPDX-License-Identifier: Apache-2.0
"""Turns a failure into the one sentence that the user reads on stderr."""

from __future__ import annotations

from functools import singledispatch

from cinder_lite.shell import errors


def sentence(error: BaseException) -> str:
    """Return one line that says what failed and why, ending in a full stop."""
    text = " ".join(explain(error).split()).rstrip(".")
    request_id = getattr(error, "request_id", None)
    return f"{text} ({request_id})." if request_id else f"{text}."


@singledispatch
def explain(error: BaseException) -> str:
    """Return the failure in words; without the request id, which ``sentence`` adds."""
    return (
        f"cinder-lite itself has failed, which is a bug ({type(error).__name__}: {error}); "
        "the same command with --debug shows where"
    )


@explain.register
def _(error: errors.UsageError) -> str:
    return f"{error.problem}; see '{error.program} --help'"


@explain.register
def _(error: errors.NotConfigured) -> str:
    return (
        "The address of the volume service is not known: give --endpoint URL, or --os-cloud NAME "
        "for a cloud in clouds.yaml, or set CINDER_LITE_ENDPOINT or the OS_* variables"
    )


@explain.register
def _(error: errors.BadConfiguration) -> str:
    return f"The connection settings cannot be used: {error.reason}"


@explain.register
def _(error: errors.ServiceUnreachable) -> str:
    return f"{error.where} cannot be reached ({error.reason}): check {error.check}"


@explain.register
def _(error: errors.UnexpectedAnswer) -> str:
    return (
        f"What answers at {error.where} is not a Volume API v3 ({error.answer}): "
        "check the address and its path"
    )


@explain.register
def _(error: errors.RequestRefused) -> str:
    return f"{error.what or 'The service refused the request'}: {error.message}"


@explain.register
def _(error: errors.NotFound) -> str:
    return f"No {error.kind} that you may see has the name or id '{error.reference}'"


@explain.register
def _(error: errors.Ambiguous) -> str:
    return (
        f"More than one {error.kind} is called '{error.name}'; use one of the ids "
        f"{', '.join(error.ids)}"
    )


@explain.register
def _(error: errors.NoMigrationRecords) -> str:
    return "This service keeps no migration records; 'cinder-lite show' has the migration status"


@explain.register
def _(error: errors.CreateFailed) -> str:
    return f"Volume {error.volume} could not be created: {error.reason}"


@explain.register
def _(error: errors.MigrationFailed) -> str:
    return f"The migration of volume {error.volume} failed: {error.reason}"


@explain.register
def _(error: errors.SeveralFailed) -> str:
    parts = [f"{name}: {sentence(failure).rstrip('.')}" for name, failure in error.failures]
    return f"{error.what}: {'; '.join(parts)}"


@explain.register
def _(error: errors.WaitTimedOut) -> str:
    return (
        f"After {error.seconds:g} s {error.work} has not ended; it goes on in the service, "
        f"and '{error.look}' shows it"
    )


@explain.register
def _(error: errors.WaitInterrupted) -> str:
    return f"Interrupted; {error.work} goes on in the service, and '{error.look}' shows it"


@explain.register
def _(error: KeyboardInterrupt) -> str:
    return "Interrupted"
