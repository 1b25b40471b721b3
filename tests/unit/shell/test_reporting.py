# SPDX-License-Identifier: Apache-2.0
"""Each failure has its sentence and its exit status."""

from __future__ import annotations

import inspect

import pytest

from cinder_lite.shell import errors, reporting

CLASSES = [
    cls
    for _, cls in inspect.getmembers(errors, inspect.isclass)
    if issubclass(cls, errors.ShellError) and cls not in (errors.ShellError, errors.WaitEnded)
]


@pytest.mark.parametrize("cls", CLASSES)
def test_every_class_has_its_own_sentence(cls: type[errors.ShellError]) -> None:
    assert reporting.explain.dispatch(cls) is not reporting.explain.dispatch(Exception)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (errors.RequestRefused(400, "No.", None), "The service refused the request: No."),
        (errors.RequestRefused(400, "No.", "req-1", "It failed"), "It failed: No (req-1)."),
        (errors.RequestRefused(400, "one\n  two"), "The service refused the request: one two."),
        (errors.MigrationFailed("v", "full", "req-1"), "The migration of volume v failed: full"),
    ],
)
def test_sentences(error: errors.ShellError, sentence: str) -> None:
    assert reporting.sentence(error).startswith(sentence)
    assert reporting.sentence(error).endswith(".")


def test_attempt_keeps_the_innermost_description() -> None:
    with (
        pytest.raises(errors.RequestRefused) as caught,
        errors.attempt("outer"),
        errors.attempt("inner"),
    ):
        raise errors.RequestRefused(400, "No.")
    assert caught.value.what == "inner"
