# SPDX-License-Identifier: Apache-2.0
"""LVM in memory: understands the command lines of the storage rooms, and no others."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import pathlib
from typing import Any

from oslo_rootwrap import wrapper

from cinder_lite.volume.lvm.executor import CommandFailed, Executor

MIB = 1024**2
GIB = 1024**3
FILTERS = pathlib.Path(__file__).parents[4] / "rootwrap.d"


@functools.cache
def _filters() -> list[Any]:
    return list(wrapper.load_filters([str(FILTERS)]))


@functools.cache
def allowed(words: tuple[str, ...]) -> bool:
    """Tell whether rootwrap would run a command for the service, wherever that is installed."""
    try:
        wrapper.match_filter(_filters(), list(words), ["/usr/sbin", "/usr/bin"])
    except wrapper.FilterMatchNotExecutable:
        return True
    except wrapper.NoFilterMatched:
        return False
    return True


@dataclasses.dataclass
class LV:
    """A logical volume; sizes are bytes."""

    size: int
    kind: str = "linear"
    pool: str = ""
    origin: str = ""
    tags: set[str] = dataclasses.field(default_factory=set)
    active: bool = True
    open: bool = False
    zero: bool = True
    data: str = "stale"
    """What it holds, in one word."""


@dataclasses.dataclass
class VG:
    """A volume group."""

    size: int = 10 * GIB
    extent: int = 4 * MIB
    devices: int = 1
    lvs: dict[str, LV] = dataclasses.field(default_factory=dict)

    @property
    def free(self) -> int:
        """Bytes that nothing has."""
        return self.size - sum(lv.size for lv in self.lvs.values() if lv.kind != "thin")


class FakeLVM(Executor):
    """Stands in for the executor.

    ``groups`` is the node, ``commands`` what was run, ``failing`` maps a command's name to what it
    says instead of working.
    """

    def __init__(self, *groups: str, **options: Any) -> None:
        super().__init__("helper")
        self.groups = {name: VG(**options) for name in groups}
        self.commands: list[tuple[str, ...]] = []
        self.failing: dict[str, str] = {}
        self.dump = ""
        self.reserved = False
        """A snapshot of a pool's metadata is there."""

    def lv(self, path: str) -> LV:
        """Return ``group/name``."""
        group, _, name = path.partition("/")
        if name not in self.groups[group].lvs:
            raise CommandFailed(f"Failed to find logical volume {path}.", 5)
        return self.groups[group].lvs[name]

    def lvm(self, *words: str) -> str:
        assert allowed(words), words
        return self._dispatch(*words)

    def root(self, *words: str, data: str | None = None) -> str:
        assert allowed(words), words
        return self._dispatch(*words)

    def _dispatch(self, *words: str) -> str:
        self.commands.append(words)
        command, *rest = words
        if command in self.failing:
            raise CommandFailed(f"{command} failed: {self.failing[command]}", 5)
        return getattr(self, f"_{command}")(rest) or ""

    # --- reports -----------------------------------------------------------------------------

    def _vgs(self, words: list[str]) -> str:
        rows = [
            {
                "vg_name": name,
                "vg_size": str(vg.size),
                "vg_free": str(vg.free),
                "vg_extent_size": str(vg.extent),
                "lv_count": str(len(vg.lvs)),
                "pv_count": str(vg.devices),
            }
            for name, vg in self.groups.items()
        ]
        return json.dumps({"report": [{"vg": rows}]})

    def _lvs(self, words: list[str]) -> str:
        group = words[-1]
        if group not in self.groups:
            raise CommandFailed(f'Volume group "{group}" not found.', 5)
        only = next((w.partition("=")[2] for w in words if w.startswith("lv_name=")), None)
        lvs = self.groups[group].lvs
        rows = [self._row(name, lv, lvs) for name, lv in lvs.items() if only in (None, name)]
        return json.dumps({"report": [{"lv": rows}]})

    @staticmethod
    def _row(name: str, lv: LV, lvs: dict[str, LV]) -> dict[str, str]:
        is_thick_snapshot = lv.origin and lv.kind != "thin"
        depends = any(other.origin == name and other.kind != "thin" for other in lvs.values())
        return {
            "lv_name": name,
            "lv_size": str(lv.size + (4 * MIB if is_thick_snapshot else 0)),
            "origin_size": str(lv.size) if is_thick_snapshot else "",
            "segtype": lv.kind,
            "pool_lv": lv.pool,
            "origin": lv.origin,
            "data_percent": "25.00" if lv.kind in ("thin", "thin-pool") else "",
            "metadata_percent": "",
            "lv_tags": ",".join(lv.tags),
            "lv_active": "active" if lv.active else "",
            "lv_device_open": "open" if lv.open else "",
            "thin_id": "7" if lv.kind == "thin" else "",
            "chunk_size": "65536" if lv.kind == "thin-pool" else "0",
            "zero": "zero" if lv.zero and lv.kind == "thin-pool" else "",
            "lv_role": "public,origin,thickorigin" if depends else "public",
        }

    # --- changes -----------------------------------------------------------------------------

    def _lvcreate(self, words: list[str]) -> None:
        parser = argparse.ArgumentParser()
        for flag in ("--yes", "--snapshot", "--nosync"):
            parser.add_argument(flag, action="store_true")
        for flag in ("-n", "-L", "-V", "-l", "-m", "--type", "--thinpool", "--addtag", "--zero"):
            parser.add_argument(flag)
        parser.add_argument("--setactivationskip")
        parser.add_argument("place")
        given = parser.parse_args(words)
        group, _, origin = given.place.partition("/")
        vg = self.groups[group]
        if given.n in vg.lvs:
            raise CommandFailed(f'Logical Volume "{given.n}" already exists.', 5)
        lv = self._new(vg, given, origin)
        lv.tags |= {given.addtag} if given.addtag else set()
        if lv.kind != "thin" and lv.size > vg.free:
            raise CommandFailed(f'Volume group "{group}" has insufficient free space.', 5)
        vg.lvs[given.n] = lv

    @staticmethod
    def _new(vg: VG, given: argparse.Namespace, origin: str) -> LV:
        if given.snapshot:
            source = vg.lvs[origin]
            kind = "thin" if source.kind == "thin" else "linear"
            return LV(source.size, kind, source.pool, origin, data=source.data)
        if given.V:
            assert vg.lvs[given.thinpool].kind == "thin-pool"
            return LV(int(given.V[:-1]) * GIB, "thin", given.thinpool, data="zeros")
        if given.type == "thin-pool":
            return LV(vg.free * 95 // 100, "thin-pool", zero=given.zero == "y")
        size = int(given.L[:-1]) * GIB
        return LV(-(-size // vg.extent) * vg.extent, given.type or "linear")

    def _lvextend(self, words: list[str]) -> None:
        flag, size, path = words
        assert flag == "-L"
        self.lv(path).size = int(size[:-1]) * GIB

    def _lvrename(self, words: list[str]) -> None:
        group, old, new = words
        lvs = self.groups[group].lvs
        if new in lvs:
            raise CommandFailed(f'Logical Volume "{new}" already exists.', 5)
        lvs[new] = lvs.pop(old)

    def _lvremove(self, words: list[str]) -> None:
        path = words[-1]
        if self.lv(path).open:
            raise CommandFailed(f"Logical volume {path} in use.", 5)
        group, _, name = path.partition("/")
        lvs = self.groups[group].lvs
        for other in [n for n, lv in lvs.items() if lv.origin == name and lv.kind != "thin"]:
            del lvs[other]
        del lvs[name]

    def _lvchange(self, words: list[str]) -> None:
        lv = self.lv(words[-1])
        if "--deltag" in words:
            lv.tags.discard(words[words.index("--deltag") + 1])
        if "-a" in words:
            lv.active = words[words.index("-a") + 1] == "y"

    def _lvconvert(self, words: list[str]) -> None:
        assert "--splitsnapshot" in words
        snapshot = self.lv(words[-1])
        snapshot.origin, snapshot.data = "", "former data"

    # --- maps --------------------------------------------------------------------------------

    def _dmsetup(self, words: list[str]) -> None:
        assert words[0] == "message"
        wanted = words[-1] == "reserve_metadata_snap"
        if self.reserved == wanted:
            text = "Device or resource busy" if wanted else "Invalid argument"
            raise CommandFailed(f"dmsetup failed: {text}", 1)
        self.reserved = wanted

    def _thin_dump(self, words: list[str]) -> str:
        assert self.reserved
        return self.dump
