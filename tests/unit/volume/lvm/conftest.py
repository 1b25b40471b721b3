# SPDX-License-Identifier: Apache-2.0
"""A node with volume groups in memory, and drivers on them."""

from __future__ import annotations

import dataclasses
import pathlib
import types
from collections.abc import Callable
from typing import Any

import pytest

from cinder_lite import context as request_context
from cinder_lite import exception
from cinder_lite.context import RequestContext
from cinder_lite.objects import Snapshot, Volume
from cinder_lite.volume import targets
from cinder_lite.volume.copy import CopyResult
from cinder_lite.volume.drivers.lvm import LVMVolumeDriver
from cinder_lite.volume.lvm import copies, setup, wipe
from tests.unit.conftest import SetOption
from tests.unit.volume.lvm.fake import FakeLVM

ID = "11111111-2222-3333-4444-555555555555"
NAME = f"volume-{ID}"


@dataclasses.dataclass
class Copy:
    """What :func:`copy_volume` was asked for."""

    src: str
    dest: str
    size: int
    options: dict[str, Any]

    @property
    def clears(self) -> bool:
        """True for zeros written over everything."""
        return self.src == "/dev/zero" and self.options["extents"] == ()


class Copier:
    """Stands in for :func:`copy_volume`: data is a word in the fake LVM."""

    def __init__(self, lvm: FakeLVM) -> None:
        self._lvm = lvm
        self.calls: list[Copy] = []
        self.error: Exception | None = None

    def __call__(self, src: str, dest: str, size: int, blocksize: str, **options: Any) -> Any:
        self.calls.append(Copy(src, dest, size, options))
        if self.error is not None:
            raise self.error
        data = "zeros" if src == "/dev/zero" else self._at(src).data
        target = self._at(dest)
        assert target.active
        target.data = data
        return CopyResult("dd", size, size, 0, 1, 1.0)

    def _at(self, path: str) -> Any:
        for group, vg in self._lvm.groups.items():
            for name, lv in vg.lvs.items():
                if path == f"/dev/mapper/{group}-{name.replace('-', '--')}":
                    return lv
        raise exception.VolumeCopyFailed(reason=f"cannot open {path}")


class Target:
    """Stands in for what exports volumes."""

    def __init__(self) -> None:
        self.events: list[tuple[str, ...]] = []
        self.fixed: set[str] = set()
        """Names of targets whose devices must not grow."""

    def set_up(self) -> None:
        self.events.append(("set up",))

    def iqn(self, volume: Volume | Snapshot) -> str:
        return f"iqn.x:{volume.name}"

    def create_export(self, volume: Volume | Snapshot) -> dict[str, str]:
        return {"provider_location": self.iqn(volume)}

    def initialize_connection(
        self, volume: Volume | Snapshot, device: str, connector: dict[str, str]
    ) -> dict[str, str]:
        self.events.append(("connect", self.iqn(volume), device, connector["mode"]))
        return {"target_iqn": self.iqn(volume)}

    def remove(self, iqn: str) -> None:
        self.events.append(("remove", iqn))

    def check_resizable(self, iqn: str) -> None:
        if iqn in self.fixed:
            raise exception.VolumeBackendAPIException(data=f"the target {iqn} is in use")


@pytest.fixture
def context() -> RequestContext:
    """Return an administrator's context."""
    return request_context.admin_context()


@pytest.fixture
def lvm(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, option: SetOption) -> FakeLVM:
    """Return a node with two groups, ``va`` and ``vb``."""
    option("state_path", str(tmp_path / "state"))
    fake = FakeLVM("va", "vb")
    monkeypatch.setattr(setup, "executor", lambda configuration: fake)
    monkeypatch.setattr(targets, "create", lambda *_: Target())
    return fake


@pytest.fixture
def copier(lvm: FakeLVM, monkeypatch: pytest.MonkeyPatch) -> Copier:
    """Return what copies between logical volumes of the node."""
    fake = Copier(lvm)
    monkeypatch.setattr(copies, "copy_volume", fake)
    monkeypatch.setattr(wipe, "copy_volume", fake)
    return fake


MakeDriver = Callable[..., LVMVolumeDriver]


@pytest.fixture
def make(lvm: FakeLVM, copier: Copier, context: RequestContext) -> MakeDriver:
    """Return ``make(group, **options)``, which sets a driver up."""

    def driver(group: str, **options: Any) -> LVMVolumeDriver:
        values: dict[str, Any] = {
            "volume_backend_name": group,
            "volume_group": group,
            "lvm_type": "default",
            "lvm_mirrors": 0,
            "lvm_max_over_subscription_ratio": None,
            "max_over_subscription_ratio": "20.0",
            "reserved_percentage": 5,
            "volume_clear": "zero",
            "volume_clear_size": 0,
            "volume_clear_ionice": None,
            "dd_blocksize": "1M",
            "volume_copy_bps_limit": 0,
            **options,
        }
        made = LVMVolumeDriver(configuration=types.SimpleNamespace(**values), host=f"node@{group}")
        made.do_setup(context)
        made.check_for_setup_error()
        made.set_initialized()
        return made

    return driver


def volume_of(size: int = 1, **values: Any) -> Volume:
    """Return a volume's row."""
    return Volume(**{"id": ID, "size": size, "host": "node@va#va", "status": "available", **values})


def host_of(driver: LVMVolumeDriver) -> dict[str, Any]:
    """Return a backend as the destination of a move."""
    return {"host": f"{driver.host}#x", "capabilities": driver.get_volume_stats(refresh=True)}
