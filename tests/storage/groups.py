# SPDX-License-Identifier: Apache-2.0
"""Volume groups on disks of the machine, and what is on them.

Whatever is long work for the machine's processor is done outside: bytes of a logical volume are
brought to the scratch disk, where they are summed up, and come from there; a group's free space is
soiled in the file of its disk.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import random
import subprocess
import threading
from typing import Any, NamedTuple

from tests.storage.vm.machine import Machine

DEVICE_PROGRAM = "/opt/cinder_lite/guest/device.py"
DEVICE_SECONDS = 600.0
GIB, MIB, PAGE, SECTOR = 1024**3, 1024**2, 4096, 512
SCRATCH, RANDOM = "scratch", "random"
SUPPORT_DISKS = {SCRATCH: 4.0, RANDOM: 0.25}
"""The disks that :class:`Groups` itself needs, GiB."""
LAB_DISKS = {"iscsi-lab": 1.0, "lab-small": 2.0, "lab-thin": 2.0}
"""The disks of the groups that single tests make, GiB."""
PIECE = 2 * MIB
"""Bytes of the longest piece that is written somewhere."""


class Volume(NamedTuple):
    """A logical volume as ``lvs`` reports it."""

    group: str
    name: str
    size: int
    """Bytes."""
    pool: str
    origin: str
    attributes: str
    data_percent: float
    """How much of a thin volume or a pool is allocated, or of a snapshot is used; 0 for others."""

    @property
    def path(self) -> str:
        """The device's path in the machine."""
        return f"/dev/{self.group}/{self.name}"


class Extent(NamedTuple):
    """A part of a group's disk."""

    volume: str
    """The logical volume that it belongs to; empty: it is free."""
    begin: int
    """Bytes from the disk's start."""
    length: int
    """Bytes."""


class Groups:
    """Makes volume groups and looks at them. A group has the name of its disk."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._scratch = threading.Lock()
        with machine.disk(RANDOM).open("r+b") as file:
            self._random = os.fstat(file.fileno()).st_size
            for _ in range(self._random // MIB):
                file.write(os.urandom(MIB))

    # --- groups ------------------------------------------------------------------------------

    def make(self, *names: str) -> None:
        """Make groups on the disks of their names."""
        self.machine.shell(
            "\n".join(f"vgcreate -q {name} {self.machine.device(name)} >&2" for name in names)
        )

    def remove(self, *names: str) -> None:
        """Remove groups with all that is in them."""
        for name in names:
            self.machine.shell(
                f"vgremove -q -f {name} >&2; pvremove -q {self.machine.device(name)} >&2"
            )

    def volumes(self, group: str | None = None) -> list[Volume]:
        """Return the logical volumes of a group, or of all; the hidden ones are left out."""
        fields = "vg_name,lv_name,lv_size,pool_lv,origin,lv_attr,data_percent"
        rows = self._report("lvs", "lv", fields, *([group] if group else []))
        return [_volume(row) for row in rows]

    def find(self, name: str) -> Volume:
        """Return the logical volume of a name that only one group has."""
        found = [volume for volume in self.volumes() if volume.name == name]
        assert len(found) == 1, f"{name}: {found}"
        return found[0]

    def extents(self, group: str) -> list[Extent]:
        """Return what of a group's disk belongs to which logical volume, in order."""
        fields = "lv_name,pvseg_start,pvseg_size,vg_extent_size,pe_start"
        device = self.machine.device(group)
        found = []
        for row in self._report("pvs", "pvseg", fields, "--segments", device):
            unit = int(row["vg_extent_size"])
            begin = int(row["pe_start"]) + int(row["pvseg_start"]) * unit
            found.append(Extent(row["lv_name"].strip("[]"), begin, int(row["pvseg_size"]) * unit))
        return found

    def _report(self, command: str, key: str, fields: str, *words: str) -> list[dict[str, Any]]:
        options = ("--reportformat", "json", "--units", "b", "--nosuffix", "-o", fields)
        out = self.machine.run(command, *options, *words).out
        found: list[dict[str, Any]] = [
            row for report in json.loads(out)["report"] for row in report.get(key, [])
        ]
        return found

    # --- bytes -------------------------------------------------------------------------------

    def fill(self, path: str, seed: int = 1, mebibytes: int = 64, begin: int = 0) -> str:
        """Write random data to scattered parts of a device and return its digest.

        The pieces begin and end at odd sectors; the first and the last sector are written, too.

        :param begin: bytes at the device's start that are left alone
        """
        source = random.Random(seed)
        size = int(self.machine.run("blockdev", "--getsize64", path).out)
        lines = []
        left = mebibytes * MIB
        lengths = [SECTOR, SECTOR]
        places = [begin, size - SECTOR]
        while left > 0:
            lengths.append(min(left, source.randrange(1, PIECE // SECTOR) * SECTOR))
            last = size - lengths[-1]
            places.append(source.randrange(begin // SECTOR, last // SECTOR) * SECTOR)
            left -= lengths[-1]
        for place, length in zip(places, lengths, strict=True):
            origin = source.randrange(0, (self._random - length) // SECTOR) * SECTOR
            lines.append(f"{origin} {place} {length}\n")
        self.machine.run(
            *("python3", "-I", "-S", DEVICE_PROGRAM, self.machine.device(RANDOM), path),
            input="".join(lines).encode(),
            timeout=DEVICE_SECONDS,
        )
        return self.digest(path)

    def digest(self, path: str, size: int | None = None) -> str:
        """Return the SHA-256 of all bytes of a device, or of the first ``size``."""
        with self._scratch:
            file = self._fetch(path, size)
            try:
                return hashlib.sha256(file).hexdigest()
            finally:
                file.close()

    def write_pattern(self, path: str, text: str) -> None:
        """Write blocks that begin with a text to the whole of a device."""
        size = int(self.machine.run("blockdev", "--getsize64", path).out)
        with self._scratch:
            self._soil(SCRATCH, [Extent("", 0, size)], text)
            self._copy(self.machine.device(SCRATCH), path, size)

    def count_pattern(self, path: str, text: str) -> int:
        """Count the blocks of 4 KiB of a device that begin with a text."""
        with self._scratch:
            file = self._fetch(path)
            try:
                return _count(file, text)
            finally:
                file.close()

    def count_on_disk(self, group: str, text: str) -> int:
        """Count such blocks on the whole disk of a group, whomever they belong to."""
        self.machine.run("sync")
        with self.machine.disk(group).open("rb") as file:
            view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            try:
                return _count(view, text)
            finally:
                view.close()

    def soil(self, group: str, text: str, gibibytes: float = 1.0) -> list[Extent]:
        """Write such blocks to the free space of a group where the next volume will be.

        :returns: where
        """
        left = int(gibibytes * GIB)
        chosen = []
        for extent in self.extents(group):
            if not extent.volume and left > 0:
                chosen.append(extent._replace(length=min(extent.length, left)))
                left -= extent.length
        self._soil(group, chosen, text)
        return chosen

    def _soil(self, disk: str, extents: list[Extent], text: str) -> None:
        block = text.encode().ljust(PAGE, b".") * (MIB // PAGE)
        with self.machine.disk(disk).open("r+b", buffering=0) as file:
            for extent in extents:
                file.seek(extent.begin)
                for first in range(0, extent.length, MIB):
                    file.write(block[: extent.length - first])

    def _fetch(self, path: str, size: int | None = None) -> mmap.mmap:
        """Bring a device's bytes to the scratch disk and return them."""
        size = size or int(self.machine.run("blockdev", "--getsize64", path).out)
        file = self.machine.disk(SCRATCH)
        length = str(file.stat().st_size)
        subprocess.run(["fallocate", "-p", "-o", "0", "-l", length, file], check=True)
        self._copy(path, self.machine.device(SCRATCH), size, ",sparse")
        with file.open("rb") as stream:
            return mmap.mmap(stream.fileno(), size, access=mmap.ACCESS_READ)

    def _copy(self, source: str, target: str, size: int, conversion: str = "") -> None:
        flags = "iflag=direct,count_bytes oflag=direct"
        self.machine.shell(
            f"dd if={source} of={target} bs=1M count={size} {flags} conv=notrunc,fsync{conversion} "
            "status=none",
            timeout=DEVICE_SECONDS,
        )


def _count(data: mmap.mmap, text: str) -> int:
    """Count the blocks of 4 KiB that begin with a text."""
    wanted = text.encode()
    found = 0
    place = data.find(wanted)
    while place >= 0:
        found += place % PAGE == 0
        place = data.find(wanted, place - place % PAGE + PAGE)
    return found


def _volume(row: dict[str, Any]) -> Volume:
    return Volume(
        group=row["vg_name"],
        name=row["lv_name"],
        size=int(row["lv_size"]),
        pool=row["pool_lv"],
        origin=row["origin"],
        attributes=row["lv_attr"],
        data_percent=float(row["data_percent"] or 0),
    )
