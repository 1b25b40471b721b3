# SPDX-License-Identifier: Apache-2.0
"""The switch between green and native threads; a patched interpreter is a process of its own."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

_PROGRAM = """
import sys
from cinder_lite import concurrency
concurrency.setup(sys.argv[1])
seen = []
def use():
    seen.append(concurrency.library("slow_library").READY)
handles = [concurrency.spawn(use) for _ in range(3)]
for handle in handles:
    handle.wait(5)
print(seen)
"""


@pytest.mark.parametrize("backend", ["eventlet", "threading"])
def test_a_library_is_whole_for_everyone_who_imports_it(
    backend: str, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "slow_library.py").write_text("import time\ntime.sleep(0.05)\nREADY = True\n")
    tree = pathlib.Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, backend],
        env={"PYTHONPATH": f"{tree}:{tmp_path}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.strip() == "[True, True, True]", done.stderr
