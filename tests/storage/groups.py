# SPDX-License-Identifier: Apache-2.0
"""Volume groups on loop files in the machine, and what is on them."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from tests.storage.vm.client import Client

DEVICE_PROGRAM = "/opt/cinder_lite/guest/device.py"
DEVICE_SECONDS = 300.0


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


class Groups:
    """Makes volume groups and looks at them; the names are the tests'."""

    def __init__(self, machine: Client) -> None:
        self._machine = machine

    def make(self, name: str, gibibytes: float) -> str:
        """Make a volume group on a sparse file and return its name."""
        self._machine.shell(
            f"truncate -s {int(gibibytes * 1024)}M /srv/{name}.img\n"
            f"device=$(losetup --show -f --direct-io=on /srv/{name}.img)\n"
            f"vgcreate -q {name} $device >/dev/null"
        )
        return name

    def bring_back(self, *names: str) -> None:
        """Make the groups' devices appear again after a boot."""
        lines = [f"losetup -f --direct-io=on /srv/{name}.img" for name in names]
        self._machine.shell(
            "\n".join(
                [*lines, "vgscan -q >/dev/null", f"vgchange -q -ay {' '.join(names)} >/dev/null"]
            )
        )

    def remove(self, *names: str) -> None:
        """Remove groups with all that is in them."""
        for name in names:
            self._machine.shell(
                f"device=$(losetup -n -O NAME -j /srv/{name}.img)\n"
                f"vgremove -q -f {name} >/dev/null\n"
                f"losetup -d $device\nrm /srv/{name}.img"
            )

    def volumes(self, group: str | None = None) -> list[Volume]:
        """Return the logical volumes of a group, or of all; the hidden ones are left out."""
        fields = "vg_name,lv_name,lv_size,pool_lv,origin,lv_attr,data_percent"
        command = ["lvs", "--reportformat", "json", "--units", "b", "--nosuffix", "-o", fields]
        out = self._machine.run(*command, *([group] if group else [])).out
        return [_volume(row) for row in json.loads(out)["report"][0]["lv"]]

    def find(self, name: str) -> Volume:
        """Return the logical volume of a name that only one group has."""
        found = [volume for volume in self.volumes() if volume.name == name]
        assert len(found) == 1, f"{name}: {found}"
        return found[0]

    def digest(self, path: str) -> str:
        """Return a SHA-256 over all bytes of a device (see guest/device.py)."""
        return self._device("digest", path)

    def fill(self, path: str, seed: int = 1, mebibytes: int = 64) -> str:
        """Write random data to parts of a device and return its digest."""
        self._device("fill", path, str(seed), str(mebibytes))
        return self.digest(path)

    def write_pattern(self, path: str, text: str) -> None:
        """Write blocks that begin with a text to the whole of a device."""
        self._device("pattern", path, text)

    def count_pattern(self, path: str, text: str) -> int:
        """Count the blocks of 4 KiB of a device that begin with a text."""
        return int(self._device("count", path, text))

    def _device(self, *words: str) -> str:
        command = ("python3", "-I", DEVICE_PROGRAM, *words)
        return self._machine.run(*command, timeout=DEVICE_SECONDS).out.strip()


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
