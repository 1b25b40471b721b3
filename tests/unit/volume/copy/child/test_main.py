# SPDX-License-Identifier: Apache-2.0
"""Tests of the copying process as a process: its words, its exit status, its end."""

from __future__ import annotations

import subprocess
import sys

from cinder_lite.volume.copy import native
from tests.unit.volume.copy.conftest import MIB, digest


def start(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", native.CHILD, *words],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_it_copies_and_tells_how_much(image: str, blank: str) -> None:
    words = (f"source={image}", f"target={blank}", f"size={4 * MIB}", "holes=1")
    with start(*words) as process:
        assert process.stderr is not None
        report = process.stderr.read()
    assert process.returncode == 0
    assert report.splitlines()[-1] == f"{2 * MIB} {2 * MIB}".encode()
    assert digest(blank) == digest(image)


def test_a_path_with_an_equals_sign_is_a_path(image: str, blank: str) -> None:
    with start(f"source={image}=x", f"target={blank}", "size=1") as process:
        _, report = process.communicate()
    assert process.returncode == 1
    assert report.decode() == f"cannot open {image}=x: No such file or directory\n"


def test_it_ends_when_nobody_holds_its_standard_input(image: str, blank: str) -> None:
    words = (f"source={image}", f"target={blank}", f"size={4 * MIB}", "limit=1")
    process = start(*words)
    assert process.stdin is not None and process.stderr is not None
    process.stdin.close()
    assert process.wait(10) == 1
    process.stderr.close()


def test_a_new_limit_is_obeyed(image: str, blank: str) -> None:
    words = (f"source={image}", f"target={blank}", f"size={4 * MIB}", "limit=1")
    with start(*words) as process:
        assert process.stdin is not None and process.stderr is not None
        # At one byte per second it would take weeks.
        process.stdin.write(b"limit 0\n")
        process.stdin.flush()
        assert process.wait(10) == 0
    assert digest(blank) == digest(image)
