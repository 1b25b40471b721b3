#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run every check that needs no test: formatting, lint, types, scripts, generated files, headers.

All checks run, several at the same time, and what they found is printed at the end; the exit status
is 1 when any of them found something.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

TREE = Path(__file__).resolve().parent.parent
SOURCES = ("cinder_lite", "tests", "tools", "benchmarks", "doc")
HEADER = "# SPDX-License-Identifier: Apache-2.0"
BASHATE_IGNORED = "E003,E006,E040,E042"
"""Indent not a multiple of 4 (heredocs), long lines, and two that misread modern bash."""


class Check(NamedTuple):
    """One check: its name, and the sentence or output of what it found (empty: nothing)."""

    name: str
    found: str


def tool(name: str) -> str:
    """Return the path of a program of the running virtual environment."""
    return str(Path(sys.executable).parent / name)


def command(name: str, *words: str) -> Check:
    """Run a command; its output counts only when its exit status is not zero."""
    result = subprocess.run(
        words, cwd=TREE, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    found = (result.stdout + result.stderr).strip() or f"exit status {result.returncode}"
    return Check(name, found if result.returncode else "")


def tracked(*suffixes: str) -> list[Path]:
    """Return the tree's files with one of the suffixes, leaving out what git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TREE,
        capture_output=True,
        text=True,
        check=False,
    )
    names = listed.stdout.split("\0") if listed.returncode == 0 else []
    paths = [TREE / name for name in names if name]
    if listed.returncode != 0:  # an unpacked archive
        paths = [path for path in TREE.rglob("*") if ".git" not in path.parts]
    return sorted(path for path in paths if path.suffix in suffixes and path.is_file())


def shell_scripts() -> list[Path]:
    """Return every shell script of the tree, whatever its name."""
    others = [TREE / ".ci/run", TREE / "devstack/settings"]  # without a suffix
    return [path for path in [*tracked(".sh"), *others] if path.exists()]


def headers() -> Check:
    """Every source file begins with its licence."""
    bare = []
    for path in [*tracked(".py"), *shell_scripts()]:
        lines = path.read_text().splitlines()[:2]
        if lines and HEADER not in lines:
            bare.append(str(path.relative_to(TREE)))
    return Check("licence header", "\n".join(f"{name}: no SPDX line on top" for name in bare))


def scripts() -> Check:
    """Every shell script parses, and bashate has nothing to say."""
    paths = [str(path) for path in shell_scripts()]
    found = [command("bash -n", "bash", "-n", path).found for path in paths]
    found.append(command("bashate", tool("bashate"), "-i", BASHATE_IGNORED, *paths).found)
    return Check("shell scripts", "\n".join(text for text in found if text))


def samples() -> Check:
    """The sample configuration and policy are what the code generates now."""
    return command("generated samples", sys.executable, "tools/generate_samples.py", "--check")


def main() -> int:
    """Run the checks and return the exit status."""
    sources = [name for name in SOURCES if (TREE / name).exists()]
    os.environ["NO_COLOR"] = "1"
    jobs = (
        lambda: command("ruff check", tool("ruff"), "check", "-q", *sources),
        lambda: command("ruff format", tool("ruff"), "format", "--check", "-q", *sources),
        lambda: command("mypy", tool("mypy"), "--no-error-summary"),
        headers,
        scripts,
        samples,
    )
    with ThreadPoolExecutor(max_workers=3) as pool:
        checks = list(pool.map(lambda job: job(), jobs))
    for check in checks:
        print(f"{check.name}: {'ok' if not check.found else 'FAILED'}")
    for check in checks:
        if check.found:
            print(f"\n--- {check.name}\n{check.found}")
    return 1 if any(check.found for check in checks) else 0


if __name__ == "__main__":
    sys.exit(main())
