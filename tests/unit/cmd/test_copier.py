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


def copy(
    program: str, source: pathlib.Path, target: pathlib.Path, caller: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run cinder-lite-copy as sudo does."""
    if program == "dd":
        words = [f"if={source}", f"of={target}", "bs=65536", "conv=notrunc"]
    else:
        size = f"size={len(DATA)}"
        words = [f"source={source}", f"target={target}", size, "holes=0", "zeros=0", "fill=1"]
    env = {**os.environ, "SUDO_UID": str(os.getuid() if caller is None else caller)}
    command = [sys.executable, "-m", "cinder_lite.cmd.copier", program, *words]
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


@pytest.mark.parametrize("program", ["dd", "native"])
def test_files_of_the_caller(program: str, source: pathlib.Path, target: pathlib.Path) -> None:
    done = copy(program, source, target)
    assert done.returncode == 0, done.stderr
    assert target.read_bytes() == DATA


@pytest.mark.parametrize("program", ["dd", "native"])
@pytest.mark.parametrize("side", ["source", "target"])
def test_files_of_somebody_else(
    program: str, side: str, source: pathlib.Path, target: pathlib.Path
) -> None:
    if os.getuid() != 0:
        pytest.skip("only root gives files away")
    os.chown(source if side == "source" else target, 12345, -1)
    done = copy(program, source, target)
    assert done.returncode == 1
    assert "does not belong to the caller" in done.stderr
    assert target.read_bytes() == bytes(len(DATA))


def test_a_link_is_not_followed(source: pathlib.Path, target: pathlib.Path) -> None:
    link = source.with_name("link")
    link.symlink_to(source)
    done = copy("native", link, target)
    assert done.returncode == 1
    assert "cannot open" in done.stderr
    assert target.read_bytes() == bytes(len(DATA))


def test_neither_a_device_nor_a_file(source: pathlib.Path, tmp_path: pathlib.Path) -> None:
    done = copy("native", source, tmp_path)
    assert done.returncode == 1
    assert "is neither a block device nor a file" in done.stderr
