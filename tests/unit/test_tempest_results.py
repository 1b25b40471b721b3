# SPDX-License-Identifier: Apache-2.0
"""What the tests with tempest read out of its output."""

from __future__ import annotations

from tests.functional.harness.tempest import Results
from tests.tempest import required

OUTPUT = """
{0} setUpClass (tempest.api.volume.test_a.Skipped) ... SKIPPED: Nova is not available
{1} tempest.api.volume.test_b.Tests.test_one [2.379901s] ... ok
{0} tempest.api.volume.test_b.Tests.test_two [0.128223s] ... FAILED

Captured traceback:
~~~~~~~~~~~~~~~~~~~
    testtools.matchers._impl.MismatchError: 'foo' is missing

{1} setUpClass (tempest.api.volume.test_c.Broken) [0.000000s] ... FAILED

Captured traceback:
~~~~~~~~~~~~~~~~~~~
    tempest.lib.exceptions.Unauthorized: Unauthorized

{1} tempest.api.volume.test_d.Tests.test_last [0.100000s] ... ok

==============================
Failed 2 tests - output below:
==============================

tempest.api.volume.test_b.Tests.test_two[id-94607eb0-43a5-47ca-82aa-736b41bd2e2c]
---------------------------------------------------------------------------------
{0} tempest.api.volume.test_d.Tests.test_last [0.100000s] ... FAILED
"""


def test_outcomes() -> None:
    results = Results(OUTPUT)
    assert results.of("tempest.api.volume.test_b.Tests.test_one").outcome == "ok"
    assert results.of("tempest.api.volume.test_d.Tests.test_last").outcome == "ok"
    assert results.of("tempest.api.volume.test_a.Skipped.test_x").outcome == "SKIPPED"
    assert results.of("tempest.api.volume.test_e.Unknown.test_x").outcome == "not run"


def test_a_failure_comes_with_its_words() -> None:
    report = Results(OUTPUT).of("tempest.api.volume.test_b.Tests.test_two")
    assert report.outcome == "FAILED"
    assert "'foo' is missing" in report.text
    assert "Unauthorized" not in report.text


def test_a_test_fails_with_its_class() -> None:
    results = Results(OUTPUT)
    report = results.of("tempest.api.volume.test_c.Broken.test_x")
    assert report.outcome == "FAILED"
    assert "Unauthorized" in report.text
    assert set(results.failed()) == {
        "tempest.api.volume.test_b.Tests.test_two",
        "setUpClass (tempest.api.volume.test_c.Broken)",
    }


def test_nothing_was_printed() -> None:
    assert Results("").of("tempest.api.volume.test_b.Tests.test_one").outcome == "not run"


def test_every_required_name_is_whole_and_there_once() -> None:
    names = required.names()
    assert len(names) == len(set(names))
    for name in names:
        module, class_name, test = name.rsplit(".", 2)
        assert module.startswith("tempest.api.volume.")
        assert class_name[0].isupper()
        assert test.startswith("test_")
