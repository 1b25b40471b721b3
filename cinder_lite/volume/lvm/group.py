# SPDX-License-Identifier: Apache-2.0
"""What can be done in one volume group."""

from __future__ import annotations

from cinder_lite import exception
from cinder_lite.volume.lvm import names, report
from cinder_lite.volume.lvm.executor import CommandFailed, Executor
from cinder_lite.volume.lvm.report import Group, LogicalVolume

MOVING = "cinder_lite.moving"
"""Tag of a logical volume that a move is filling: it is nobody's data yet."""
TEMPORARY = "cinder_lite.temporary"
"""Tag of a snapshot that exists for the time of a copy."""


class VolumeGroup:
    """A volume group of this node. Sizes are GiB, as those of volumes.

    LVM's own lock lets one command at a time change a group, in whatever process.

    :param name: the group's name
    :param executor: runs LVM's commands
    """

    def __init__(self, name: str, executor: Executor) -> None:
        self.name = names.check(name)
        self._executor = executor

    # --- what there is -----------------------------------------------------------------------

    def facts(self) -> Group:
        """Return the group's sizes.

        :raises VolumeBackendAPIException: there is no such group on this node
        """
        known = report.groups(self._executor)
        if self.name not in known:
            others = ", ".join(sorted(known)) or "none"
            raise exception.VolumeBackendAPIException(
                data=f"there is no volume group {self.name} on this node (there are: {others})."
            )
        return known[self.name]

    def exists(self) -> bool:
        """Tell whether the node has this group."""
        return self.name in report.groups(self._executor)

    def volumes(self) -> dict[str, LogicalVolume]:
        """Return the group's logical volumes by name."""
        return report.volumes(self._executor, self.name)

    def find(self, name: str) -> LogicalVolume | None:
        """Return a logical volume, None where the group has none of that name."""
        return report.volumes(self._executor, self.name, names.check(name)).get(name)

    def require(self, name: str) -> LogicalVolume:
        """Return a logical volume.

        :raises VolumeBackendAPIException: the group has none of that name
        """
        found = self.find(name)
        if found is None:
            raise exception.VolumeBackendAPIException(
                data=f"the volume group {self.name} has no logical volume {name}."
            )
        return found

    def path(self, name: str) -> str:
        """Return the path of a logical volume's device."""
        return names.device(self.name, names.check(name))

    # --- volumes -----------------------------------------------------------------------------

    def create_thick(self, name: str, size: int, *, mirrors: int = 0, moving: bool = False) -> None:
        """Make a volume with all of its space; it holds whatever lay there before.

        :param mirrors: further copies of the data
        :param moving: tag it as a move's target, which will be written from end to end; then its
            copies need not be made alike first
        """
        words = ["lvcreate", "--yes", "-n", names.check(name), "-L", f"{size}g"]
        if mirrors:
            words += ["--type", "raid1", "-m", str(mirrors)]
            words += ["--nosync"] if moving else []
        self._lvm(*words, *self._tag(moving), self.name)

    def create_thin(self, name: str, size: int, pool: str, *, moving: bool = False) -> None:
        """Make a volume that takes space from a pool as it is written; it reads as zero.

        :param moving: tag it as a move's target
        """
        words = ["lvcreate", "--yes", "-n", names.check(name), "-V", f"{size}g"]
        self._lvm(*words, "--thinpool", pool, *self._tag(moving), self.name)

    def snapshot_thick(self, origin: str, name: str, *, temporary: bool = False) -> None:
        """Keep a thick volume's present data, with room for all of it to change.

        :param temporary: tag it as what a copy needs and removes
        """
        words = ["lvcreate", "--yes", "-n", names.check(name), "--snapshot", "-l", "100%ORIGIN"]
        words += ["--addtag", TEMPORARY] if temporary else []
        self._lvm(*words, self._full(origin))

    def snapshot_thin(self, origin: str, name: str, *, temporary: bool = False) -> None:
        """Make a volume that shares a thin volume's present data; either may be written.

        :param temporary: tag it as what a copy needs and removes
        """
        words = ["lvcreate", "--yes", "-n", names.check(name), "--snapshot"]
        words += ["--setactivationskip", "n", *(["--addtag", TEMPORARY] if temporary else [])]
        self._lvm(*words, self._full(origin))

    def extend(self, name: str, size: int) -> None:
        """Grow a volume, in use or not; one that is as large already stays as it is.

        The kernel can not grow a thick volume with snapshots while it is open.
        """
        volume = self.require(name)
        if volume.size >= size * 1024**3:
            return
        if volume.has_snapshots:
            self.deactivate(name)
        try:
            self._lvm("lvextend", "-L", f"{size}g", self._full(name))
        finally:
            if volume.has_snapshots:
                self.activate(name)

    def rename(self, old: str, new: str) -> None:
        """Give a volume another name; its device, even when open, follows."""
        self._lvm("lvrename", self.name, names.check(old), names.check(new))

    def rename_unless_taken(self, old: str, new: str) -> bool:
        """Give a volume another name; False where that is another's. May be repeated."""
        if old == new:
            return True
        present = self.volumes()
        if new in present:
            return old not in present  # or it was renamed before a crash
        self.rename(old, new)
        return True

    def remove(self, name: str) -> None:
        """Remove a volume; it must be closed. One that is absent is removed already."""
        try:
            self._lvm("lvremove", "--yes", self._full(name))
        except CommandFailed:
            if self.find(name) is not None:
                raise

    def settled(self, name: str) -> None:
        """Take the tag of a move's target away: from now on it is a volume's data."""
        self._lvm("lvchange", "--deltag", MOVING, self._full(name))

    def activate(self, name: str) -> None:
        """Make the device of a volume appear."""
        self._lvm("lvchange", "--yes", "-a", "y", "-K", self._full(name))

    def deactivate(self, name: str) -> None:
        """Make the device of a volume, and of its thick snapshots, vanish; it must be closed."""
        self._lvm("lvchange", "--yes", "-a", "n", self._full(name))

    # --- snapshots ---------------------------------------------------------------------------

    def split_snapshot(self, name: str) -> None:
        """Turn the space in which a thick snapshot kept its data into a volume of that name."""
        self._lvm("lvconvert", "--yes", "--splitsnapshot", self._full(name))

    # --- details -----------------------------------------------------------------------------

    def make_pool(self, name: str) -> None:
        """Make a thin pool of nearly all free space; it clears the chunks that it gives out."""
        words = ["lvcreate", "--yes", "--type", "thin-pool", "--zero", "y", "-l", "95%FREE"]
        self._lvm(*words, "-n", names.check(name), self.name)

    def _full(self, name: str) -> str:
        return f"{self.name}/{names.check(name)}"

    @staticmethod
    def _tag(moving: bool) -> tuple[str, ...]:
        return ("--addtag", MOVING) if moving else ()

    def _lvm(self, *words: str) -> None:
        self._executor.lvm(*words)
