# SPDX-License-Identifier: Apache-2.0
"""Tests of the control groups that limit what a process reads and writes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cinder_lite import cgroup

PID = 2**22 + 1
"""More than the kernel gives."""
SOURCE, TARGET = os.makedev(7, 1), os.makedev(253, 4)


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """A kernel with version 2."""
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    return tmp_path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A kernel with version 1, and version 2 beside it without the controller."""
    (tmp_path / "blkio").mkdir()
    (tmp_path / "blkio" / "tasks").touch()
    return tmp_path


def test_a_kernel_without_groups_has_none(tmp_path: Path) -> None:
    assert cgroup.base(str(tmp_path)) is None
    (tmp_path / "cgroup.controllers").write_text("cpu memory\n")
    assert cgroup.base(str(tmp_path)) is None


def test_version_2_is_told_of_both_devices(new: Path) -> None:
    group = cgroup.Group("copies", PID, None, TARGET, str(new))
    group.limit(1000)
    path = new / "copies" / str(PID)
    assert (path / "io.max").read_text() == "253:4 wbps=1000"
    assert (path / "cgroup.procs").read_text() == str(PID)
    assert (new / "cgroup.subtree_control").read_text() == "+io"
    assert (new / "copies" / "cgroup.subtree_control").read_text() == "+io"
    group.limit(0)
    assert (path / "io.max").read_text() == "253:4 wbps=max"


def test_version_1_is_told_of_both_devices(old: Path) -> None:
    group = cgroup.Group("copies", PID, SOURCE, TARGET, str(old))
    group.limit(1000)
    path = old / "blkio" / "copies" / str(PID)
    assert (path / "blkio.throttle.read_bps_device").read_text() == "7:1 1000"
    assert (path / "blkio.throttle.write_bps_device").read_text() == "253:4 1000"
    group.limit(0)
    assert (path / "blkio.throttle.read_bps_device").read_text() == "7:1 0"


def test_without_a_limit_there_is_no_group(new: Path) -> None:
    cgroup.Group("copies", PID, SOURCE, TARGET, str(new)).limit(0)
    assert not (new / "copies").exists()


def test_groups_of_processes_that_are_gone_go(new: Path) -> None:
    for name in (str(PID + 1), str(os.getpid()), "another"):
        (new / "copies" / name).mkdir(parents=True)
    cgroup.Group("copies", PID, SOURCE, TARGET, str(new)).limit(1)
    left = {path.name for path in (new / "copies").iterdir() if path.is_dir()}
    assert left == {str(PID), str(os.getpid()), "another"}


def test_an_ended_group_leaves_nothing(new: Path) -> None:
    group = cgroup.Group("copies", PID, None, TARGET, str(new))
    group.limit(1)
    for path in (new / "copies").rglob("*"):
        if path.is_file():  # the kernel removes these with their directory
            path.unlink()
    group.remove()
    group.remove()
    assert not (new / "copies").exists()


def test_a_kernel_without_groups_says_so(tmp_path: Path) -> None:
    group = cgroup.Group("copies", PID, SOURCE, TARGET, str(tmp_path))
    with pytest.raises(OSError, match="no control group"):
        group.limit(1)
    assert not any(tmp_path.iterdir())
