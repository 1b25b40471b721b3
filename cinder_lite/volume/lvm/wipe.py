# SPDX-License-Identifier: Apache-2.0
"""Data cleared before its space is given to somebody else."""

from __future__ import annotations

import dataclasses

from oslo_log import log as logging

from cinder_lite import exception
from cinder_lite.volume.copy import Throttle, copy_volume
from cinder_lite.volume.lvm.executor import Executor
from cinder_lite.volume.lvm.group import VolumeGroup
from cinder_lite.volume.lvm.report import THIN, LogicalVolume

LOG = logging.getLogger(__name__)

_MIB = 1024**2
_ZEROS = "/dev/zero"
_NOTHING: tuple[tuple[int, int], ...] = ()
"""The extents of a source that holds nothing but zeros."""


@dataclasses.dataclass(frozen=True)
class Wiper:
    """Clears thick volumes as the backend's options say.

    :param method: ``volume_clear``
    :param limit: ``volume_clear_size``, MiB; 0 clears all
    :param ionice: ``volume_clear_ionice``
    :param blocksize: as :func:`cinder_lite.volume.copy.copy_volume` takes it
    :param throttle: the limit of the backend's copies, which clearing keeps, too
    """

    executor: Executor
    method: str
    limit: int
    ionice: str | None
    blocksize: str | None
    throttle: Throttle

    def remove(self, group: VolumeGroup, volume: LogicalVolume) -> None:
        """Clear a volume or snapshot and remove it.

        LVM would remove the thick snapshots of a volume with it, so those must have gone before.

        :raises VolumeBackendAPIException: it can not be removed, it is open for one
        :raises VolumeCopyFailed: it can not be cleared; then it is not removed either
        """
        if volume.has_snapshots:
            raise exception.VolumeBackendAPIException(
                data=f"{group.name}/{volume.name} has snapshots, which would be lost with it."
            )
        if self.method != "none" and volume.kind != THIN:
            self._clear(group, volume)
        group.remove(volume.name)

    def _clear(self, group: VolumeGroup, volume: LogicalVolume) -> None:
        if volume.thick_snapshot:
            # What lies in the snapshot's own space is its origin's former data. As a volume it can
            # be cleared and, should this be interrupted, found again under its name.
            group.split_snapshot(volume.name)
            volume = group.require(volume.name)
        size = volume.size // _MIB
        self.zero(group, volume, min(size, self.limit) if self.limit else size)

    def zero(self, group: VolumeGroup, volume: LogicalVolume, size: int | None = None) -> None:
        """Overwrite a volume with zeros, whatever the backend does with deleted ones.

        The kernel is asked for it (``BLKZEROOUT``): storage that can write zeros by itself does
        that, and everything else gets them written.

        :param size: MiB at the start; None for all
        :raises VolumeCopyFailed: it can not be written
        """
        if not volume.active:
            group.activate(volume.name)
        result = copy_volume(
            _ZEROS,
            group.path(volume.name),
            volume.size // _MIB if size is None else size,
            self.blocksize,
            ionice=self.ionice,
            throttle=self.throttle,
            extents=_NOTHING,
            root_helper=self.executor.root_helper,
        )
        LOG.info("%s/%s: cleared: %s", group.name, volume.name, result)
