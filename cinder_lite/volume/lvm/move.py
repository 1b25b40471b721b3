# SPDX-License-Identifier: Apache-2.0
"""Moving a volume from one volume group of this node to another.

The target is made under the volume's own name and tagged as being filled. The tag is what tells a
crashed move's remains, which :meth:`LocalMove.cancel` removes, from a volume that somebody has; it
goes in :meth:`LocalMove.finish`, when the volume's new place has been recorded.
"""

from __future__ import annotations

from oslo_log import log as logging

from cinder_lite import exception
from cinder_lite.volume.copy import Report
from cinder_lite.volume.copy.process import Stop
from cinder_lite.volume.lvm import thin
from cinder_lite.volume.lvm.copies import copy_data
from cinder_lite.volume.lvm.group import MOVING, VolumeGroup
from cinder_lite.volume.lvm.report import LogicalVolume
from cinder_lite.volume.lvm.wipe import Wiper

LOG = logging.getLogger(__name__)

_GIB = 1024**3


class LocalMove:
    """The move of one volume between two groups.

    :param name: the volume's name, in both
    :param size: its size, GiB
    :param is_thin: the target takes space from the thin pool of its group
    :param mirrors: further copies that a thick target keeps
    :param wiper: clears what is removed, and knows how to copy
    """

    def __init__(
        self,
        name: str,
        size: int,
        source: VolumeGroup,
        target: VolumeGroup,
        *,
        is_thin: bool,
        mirrors: int,
        wiper: Wiper,
    ) -> None:
        self._name = name
        self._size = size
        self._source = source
        self._target = target
        self._thin = is_thin
        self._mirrors = mirrors
        self._wiper = wiper

    def run(self, progress: Report | None = None, stop: Stop | None = None) -> None:
        """Bring the data to the target, flushed; the source keeps it, too.

        :param progress: told at least once a second how far the move is
        :param stop: when it is set, the move is undone and CopyStopped raised
        :raises VolumeBackendAPIException: LVM refused, or the target has a volume of that name
        :raises VolumeCopyFailed: the data could not be copied
        """
        volume = self._source.require(self._name)
        present = self._target.find(self._name)
        if present is not None and MOVING in present.tags:  # of a move that nobody has ended
            self._wiper.remove(self._target, present)
        elif present is not None:
            raise exception.VolumeBackendAPIException(
                data=f"the volume group {self._target.name} has a logical volume {self._name} "
                "already; if no volume of this name is on that backend, remove it."
            )
        try:
            self._create()
            self._copy(volume, progress, stop)
        except BaseException:
            self._undo()
            raise

    def finish(self) -> None:
        """Make the target an ordinary volume and remove the source, cleared.

        :raises VolumeBackendAPIException: the target has not got the volume: then the source is
            the only one and is kept
        """
        volume = self._source.find(self._name)
        copy = self._target.find(self._name)
        if copy is not None and MOVING in copy.tags:
            self._target.settled(self._name)
        if volume is None:
            return
        if copy is None or copy.size < self._size * _GIB:
            raise exception.VolumeBackendAPIException(
                data=f"{self._source.name}/{self._name} is kept, because the volume group "
                f"{self._target.name} has not got all of the volume."
            )
        self._wiper.remove(self._source, volume)

    def cancel(self) -> None:
        """Remove what :meth:`run` has made at the target, cleared; other volumes are let alone."""
        copy = self._target.find(self._name)
        if copy is not None and MOVING in copy.tags:
            self._wiper.remove(self._target, copy)

    def _create(self) -> None:
        """Make the target; what will not be written reads as zero."""
        if self._thin:
            pool = thin.ensure_pool(self._target)
            self._target.create_thin(self._name, self._size, pool.name, moving=True)
            return
        self._target.create_thick(self._name, self._size, mirrors=self._mirrors, moving=True)
        made = self._target.require(self._name)
        if made.size > self._size * _GIB:  # where extents are odd, the last one is only begun
            self._wiper.zero(self._target, made)

    def _copy(self, volume: LogicalVolume, progress: Report | None, stop: Stop | None) -> None:
        result = copy_data(
            self._wiper,
            (self._source, volume),
            (self._target, self._name),
            self._size,
            to_thin=self._thin,
            progress=progress,
            stop=stop,
        )
        LOG.info(
            "%s: moved from the volume group %s to %s: %s",
            self._name,
            self._source.name,
            self._target.name,
            result,
        )

    def _undo(self) -> None:
        """Remove the target of a copy that failed; the failure that led here counts."""
        try:
            self.cancel()
        except exception.CinderLiteException as error:
            LOG.error("%s in %s is left over: %s", self._name, self._target.name, error)
