# SPDX-License-Identifier: Apache-2.0
"""Other services and tools from PyPI, each in a virtual environment that is kept between runs."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.functional.harness import process, settings

CONSTRAINTS = settings.TREE / "tools/constraints.txt"
INSTALL_SECONDS = 900
KEPT_SECONDS = 7 * 24 * 3600


def cache_directory() -> Path:
    """Return where virtual environments are kept between runs (outside the tree)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path(os.environ.get("HOME") or "/tmp") / ".cache"
    return Path(base) / "cinder_lite"


def environment(name: str, requirements: Sequence[str]) -> Path:
    """Return a virtual environment with some packages in it; made at the first call.

    The versions are those of ``tools/constraints.txt``.

    :param name: begins the name of its directory
    :param requirements: packages, as pip knows them
    :raises HarnessError: it can not be made
    """
    decides = CONSTRAINTS.read_bytes() + " ".join([*requirements, sys.version]).encode()
    home = cache_directory() / f"{name}-{hashlib.sha256(decides).hexdigest()[:12]}"
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "ready").exists():
            _fill(home, requirements)
        (home / "ready").touch()
        _forget_old(home.parent, name)
    return home


def _forget_old(cache: Path, name: str) -> None:
    """Remove environments of a name that nobody has used for a week."""
    for ready in cache.glob(f"{name}-*/ready"):
        if time.time() - ready.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(ready.parent)
            ready.parent.with_name(f"{ready.parent.name}.lock").unlink(missing_ok=True)


def _fill(home: Path, requirements: Sequence[str]) -> None:
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(home)],
        [
            *(str(home / "bin/pip"), "install", "-q", "--disable-pip-version-check"),
            *("-c", str(CONSTRAINTS), *requirements),
        ],
    ):
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
        if result.returncode != 0:
            raise process.HarnessError(f"{' '.join(command)}:\n{result.stderr}")


def uwsgi(home: Path, port: int, module: str, *options: str) -> list[str | Path]:
    """Return the command that serves a WSGI application of an environment on a loopback port.

    :param module: ``package.module:callable``
    :param options: more options of uWSGI
    """
    return [
        *(home / "bin/uwsgi", "--master", "--processes", "1", "--threads", "1"),
        *("--enable-threads", "--lazy-apps", "--die-on-term", "--need-app", "--no-orphans"),
        *("--http-socket", f"127.0.0.1:{port}", "--add-header", "Connection: close"),
        *("--buffer-size", "65535", "--disable-logging", *options, "--module", module),
    ]
