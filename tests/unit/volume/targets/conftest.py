# SPDX-License-Identifier: Apache-2.0
"""What the targets' tests share: a configuration and an executor that runs nothing."""

from __future__ import annotations

import pathlib
import types
from typing import Any

import pytest

from cinder_lite.objects import Volume
from cinder_lite.volume.lvm.executor import CommandFailed

NAME_ID = "0a5dd8d4-9ea9-4f8f-93e3-6a8c3d7f6a10"
IQN = f"iqn.2010-10.org.openstack:volume-{NAME_ID}"
DEVICE = "/dev/mapper/vg-volume"
ONE, TWO = "iqn.2004-10.com.example:one", "iqn.2004-10.com.example:two"


@pytest.fixture
def configuration(tmp_path: pathlib.Path) -> types.SimpleNamespace:
    """The options of a backend; CHAP by volume."""
    return types.SimpleNamespace(
        target_helper="lioadm",
        target_prefix="iqn.2010-10.org.openstack:",
        target_ip_address="192.0.2.1",
        target_secondary_ip_addresses=[],
        target_port=3260,
        use_chap_auth=False,
        chap_username="",
        chap_password="",
        report_discard_supported=False,
        iscsi_write_cache="on",
        volumes_dir=str(tmp_path / "targets"),
    )


@pytest.fixture
def volume() -> Volume:
    """A volume with a secret."""
    return Volume(id=NAME_ID, provider_auth="CHAP user secret-secret-1")


class Recorder:
    """Takes the place of the executor."""

    def __init__(self) -> None:
        self.commands: list[tuple[str, ...]] = []
        self.inputs: list[str | None] = []
        self.answers: dict[str, str] = {}
        """What a command prints, by its first two words."""
        self.failing: set[str] = set()

    def root(self, *words: str, data: str | None = None) -> str:
        """Note a command; answer as the test wants."""
        self.commands.append(words)
        self.inputs.append(data)
        key = " ".join(words[:2])
        if key in self.failing:
            raise CommandFailed(f"{key} failed", 1)
        return self.answers.get(key, "")


@pytest.fixture
def executor() -> Any:
    """An executor that runs nothing."""
    return Recorder()
