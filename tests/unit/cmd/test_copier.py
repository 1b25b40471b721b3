# SPDX-License-Identifier: Apache-2.0
"""cinder-lite-copy between files: whose they may be, and what is copied."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

DATA = os.urandom(1024**2)


@pytest.fixture
def source(tmp_path: pathlib.Path) -> pathlib.Path:
    """A file of the caller's."""
    path = tmp_path / "source"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def target(tmp_path: pathlib.Path) -> pathlib.Path:
    """An empty one."""
    path = tmp_path / "target"
    path.write_bytes(bytes(len(DATA)))
    return path


def copy(source: pathlib.Path, target: pathlib.Path) -> subprocess.CompletedProcess[str]:
    """Run cinder-lite-copy as sudo does."""
    size = f"size={len(DATA)}"
    words = [f"source={source}", f"target={target}", size, "holes=0", "zeros=0", "fill=1"]
    return run("native", *words)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run cinder-lite-copy, with these words, as sudo does."""
    env = {**os.environ, "SUDO_UID": str(os.getuid())}
    command = [sys.executable, "-m", "cinder_lite.cmd.copier", *words]
    with subprocess.Popen(
        command,
        env=env,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout and process.stderr and process.stdin
        said = process.stderr.read()  # its standard input stays open, or the copy would end
        out = process.stdout.read()
        return subprocess.CompletedProcess(command, process.wait(), out, said)


def test_files_of_the_caller(source: pathlib.Path, target: pathlib.Path) -> None:
    done = copy(source, target)
    assert done.returncode == 0, done.stderr
    assert target.read_bytes() == DATA


@pytest.mark.parametrize("side", ["source", "target"])
def test_files_of_somebody_else(side: str, source: pathlib.Path, target: pathlib.Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root gives files away")
    os.chown(source if side == "source" else target, 12345, -1)
    done = copy(source, target)
    assert done.returncode == 1
    assert "does not belong to the caller" in done.stderr
    assert target.read_bytes() == bytes(len(DATA))


def test_a_link_is_not_followed(source: pathlib.Path, target: pathlib.Path) -> None:
    link = source.with_name("link")
    link.symlink_to(source)
    done = copy(link, target)
    assert done.returncode == 1
    assert "is no block device" in done.stderr
    assert target.read_bytes() == bytes(len(DATA))


def test_dd_copies_devices_only(source: pathlib.Path, target: pathlib.Path) -> None:
    done = run("dd", "group=g", "limit=0", f"if={source}", f"of={target}")
    assert done.returncode == 1
    assert f"{source} is no block device" in done.stderr


def test_neither_a_device_nor_a_file(source: pathlib.Path, tmp_path: pathlib.Path) -> None:
    done = copy(source, tmp_path)
    assert done.returncode == 1
    assert "is no block device" in done.stderr
