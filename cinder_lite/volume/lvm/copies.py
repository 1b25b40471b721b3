# SPDX-License-Identifier: Apache-2.0
"""Snapshots, and volumes that begin with the data of something else in their group.

What kind a logical volume is, LVM says, not the backend's options: those may have been changed
since it was made.
"""

from __future__ import annotations

from oslo_log import log as logging

from cinder_lite import exception
from cinder_lite.volume.copy import CopyResult, Report, copy_volume
from cinder_lite.volume.copy.process import Stop
from cinder_lite.volume.lvm import thin
from cinder_lite.volume.lvm.executor import CommandFailed
from cinder_lite.volume.lvm.group import VolumeGroup
from cinder_lite.volume.lvm.location import Location
from cinder_lite.volume.lvm.report import THIN, LogicalVolume
from cinder_lite.volume.lvm.wipe import Wiper

LOG = logging.getLogger(__name__)

_GIB = 1024**3
_MIB_OF_A_GIB = 1024


def copy_data(
    wiper: Wiper,
    source: tuple[VolumeGroup, LogicalVolume],
    target: tuple[VolumeGroup, str],
    size: int,
    *,
    to_thin: bool,
    compare: bool = False,
    progress: Report | None = None,
    stop: Stop | None = None,
) -> CopyResult:
    """Copy what a logical volume holds; whether zeros may be left out is the target's to say.

    A new thin volume reads as zero, so that zeros need not be written. What a new thick one
    holds is an earlier tenant's, so that every byte is written, the holes of a thin source as
    zeros.

    :param source: where the data is
    :param target: where it goes: a new volume, by name
    :param size: GiB to copy
    :param to_thin: the target is thin
    :param compare: write only what the target does not hold already
    :param progress: told at least once a second how far the copy is
    :param stop: when it is set, the copy is stopped
    :raises VolumeCopyFailed: the data could not be copied
    :raises CopyStopped: ``stop`` was set
    """
    group, volume = source
    target_group, name = target
    if not volume.active:
        group.activate(volume.name)
    extents = None
    if volume.kind == THIN:
        extents = thin.mapped_extents(wiper.executor, group, volume)
    if extents is None and to_thin:
        extents = [(0, size * _GIB)]  # read all, write what is not zero
    return copy_volume(
        group.path(volume.name),
        target_group.path(name),
        size * _MIB_OF_A_GIB,
        wiper.blocksize,
        sync=True,
        throttle=wiper.throttle,
        sparse=to_thin,
        progress=progress,
        stop=stop,
        extents=extents,
        compare=compare,
        root_helper=wiper.executor.root_helper,
    )


class Copies:
    """Snapshots and copies in one group.

    :param group: the group
    :param location: what new volumes are like
    :param wiper: clears what is removed, and knows how to copy
    """

    def __init__(self, group: VolumeGroup, location: Location, wiper: Wiper) -> None:
        self._group = group
        self._location = location
        self._wiper = wiper

    def create(self, name: str, size: int) -> None:
        """Make an empty volume of ``size`` GiB as the backend's volumes are."""
        if self._location.is_thin:
            self._group.create_thin(name, size, thin.pool_name(self._group.name))
        else:
            self._group.create_thick(name, size, mirrors=self._location.mirrors)

    def snapshot(self, origin: str, name: str) -> None:
        """Keep a volume's present data under another name.

        :raises VolumeBackendAPIException: LVM refused, or there is no such volume
        """
        if self._group.require(origin).kind == THIN:
            self._group.snapshot_thin(origin, name)
        else:
            self._group.snapshot_thick(origin, name)

    def duplicate(
        self, origin: str, name: str, *, size: int, data: int, progress: Report | None = None
    ) -> None:
        """Make a volume with the data of a snapshot, or of a volume that nobody writes to.

        :param size: GiB of the new volume
        :param data: GiB of the old one; the rest reads as zero
        :param progress: told how far it is, where bytes are copied
        :raises VolumeBackendAPIException: LVM refused; nothing is left
        :raises VolumeCopyFailed: the data could not be copied; nothing is left
        """
        source = self._group.require(origin)
        shares = source.kind == THIN and self._location.is_thin
        if shares:
            self._group.snapshot_thin(origin, name)
        else:
            self.create(name, size)
        try:
            if not shares:
                self._fill(source, name, size, data, progress)
            elif size > data:
                self._group.extend(name, size)
        except BaseException:
            self._undo(name)
            raise

    def clone(
        self,
        origin: str,
        name: str,
        *,
        temporary: str,
        size: int,
        data: int,
        progress: Report | None = None,
    ) -> None:
        """Make a volume with the data that another, in use or not, has at this moment.

        :param temporary: name for a snapshot for the time of the copy, where bytes are copied
        :param size: GiB of the new volume
        :param data: GiB of the old one; the rest reads as zero
        :param progress: told how far it is, where bytes are copied
        :raises VolumeBackendAPIException: LVM refused; nothing is left
        :raises VolumeCopyFailed: the data could not be copied; nothing is left
        """
        is_thin = self._group.require(origin).kind == THIN
        if is_thin and self._location.is_thin:
            self.duplicate(origin, name, size=size, data=data)
            return
        self._undo(temporary)  # of a clone that a killed service has begun
        make = self._group.snapshot_thin if is_thin else self._group.snapshot_thick
        make(origin, temporary, temporary=True)
        try:
            self.duplicate(temporary, name, size=size, data=data, progress=progress)
        finally:
            self._undo(temporary)

    def revert(self, origin: str, snapshot: str, size: int) -> None:
        """Give a closed volume the data of its snapshot again; the snapshot stays.

        May be repeated after a crash. A thick snapshot is copied onto its volume: LVM could merge
        it, but then it would be gone, and its space be given away with what the volume held before.

        :param size: GiB
        :raises NotImplementedError: the one is not a snapshot of the other
        :raises VolumeBackendAPIException: LVM refused, or one of the two is missing or in use
        :raises VolumeCopyFailed: the data could not be copied; the snapshot is whole
        """
        source = self._group.require(snapshot)
        if source.kind == THIN:
            self._exchange(origin, source)
            return
        if source.origin != origin:
            raise NotImplementedError
        self._refuse_if_open(self._group.require(origin))
        # The snapshot has kept all that differs, and needs no more room; what is the same would be
        # kept in it now, if it were written again.
        result = copy_data(
            self._wiper,
            (self._group, source),
            (self._group, origin),
            size,
            to_thin=False,
            compare=True,
        )
        LOG.info("%s: reverted to %s: %s", origin, snapshot, result)

    def _exchange(self, name: str, source: LogicalVolume) -> None:
        """Put a volume that shares a thin snapshot's data in the place of a thin volume.

        LVM could merge the snapshot, too, but then no other snapshot would be the volume's any
        more, and this one would have to be made anew.
        """
        former = f"reverted-{name}"
        present = self._group.volumes()
        if name in present:
            self._refuse_if_open(present[name], source)
        if former not in present:
            self._group.rename(name, former)
        elif name in present:  # made before a crash; it may have been written since
            self._wiper.remove(self._group, present[name])
        try:
            self._group.snapshot_thin(source.name, name)
        except CommandFailed:
            self._group.rename(former, name)
            raise
        self._wiper.remove(self._group, self._group.require(former))

    def _refuse_if_open(self, *volumes: LogicalVolume) -> None:
        for volume in volumes:
            if volume.open:
                raise exception.VolumeBackendAPIException(
                    data=f"{self._group.name}/{volume.name} is in use on this node."
                )

    def _fill(
        self, source: LogicalVolume, name: str, size: int, data: int, progress: Report | None
    ) -> None:
        """Copy the data to a new volume."""
        is_thin = self._location.is_thin
        if size > data and not is_thin:
            self._wiper.zero(self._group, self._group.require(name))
        result = copy_data(
            self._wiper,
            (self._group, source),
            (self._group, name),
            data,
            to_thin=is_thin,
            progress=progress,
        )
        LOG.info("%s: copied from %s: %s", name, source.name, result)

    def _undo(self, name: str) -> None:
        """Remove what is of no use, if it is there; failures are logged: what led here counts."""
        try:
            found = self._group.find(name)
            if found is not None:
                self._wiper.remove(self._group, found)
        except exception.CinderLiteException as error:
            LOG.error("%s/%s is left over: %s", self._group.name, name, error)
