# SPDX-License-Identifier: Apache-2.0
"""Moving a volume's file from one directory of this node to another.

Within a file system the file gets a second name in the other directory, and no bytes move.
Otherwise its data is copied, but not its holes. Either way the file has its old name until
:meth:`LocalMove.finish`, so every step may be repeated, or undone, after a crash.
"""

from __future__ import annotations

import os

from cinder_lite import exception
from cinder_lite.volume.copy import CopyProgress, Report, process, sparse_copy_file
from cinder_lite.volume.drivers.filestore import FileStore


class LocalMove:
    """The move of one volume between two directories.

    :param name: the volume's name, in both
    :param source: where it is
    :param target: where it goes
    """

    def __init__(self, name: str, source: FileStore, target: FileStore) -> None:
        self._name = name
        self._source = source
        self._target = target

    def run(
        self, *, sparse: bool, progress: Report | None = None, stop: process.Stop | None = None
    ) -> None:
        """Bring the data to the target; the source keeps it, too.

        :param sparse: a copy shall take the space of its data only
        :param progress: told at least once a second how far the move is
        :param stop: when it is set, the move is undone and CopyStopped raised
        :raises FileNotFoundError: the source has no such file
        :raises FileExistsError: the target has a different file of that name
        :raises VolumeCopyFailed: the data could not be copied
        """
        size = self._source.size(self._name)
        if size is None:
            raise FileNotFoundError(2, os.strerror(2), self._source.path(self._name))
        if self._target.link_from(self._source, self._name):
            if progress is not None:
                progress(CopyProgress(size, 0, size, 0, 0.0))
            return
        if self._target.size(self._name) is not None:
            raise FileExistsError(17, os.strerror(17), self._target.path(self._name))
        with self._target.new(self._name) as new:
            new.resize(size, sparse)
            path = self._source.path(self._name)
            sparse_copy_file(path, new.path, size, progress, stop, offload=sparse)
            new.publish()

    def finish(self) -> None:
        """Remove the source's name, once the target has the data.

        :raises VolumeBackendAPIException: the target has not got it
        """
        size = self._source.size(self._name)
        if size is None:
            return
        at_target = self._target.size(self._name)
        if at_target is None or at_target < size:
            raise exception.VolumeBackendAPIException(
                data=f"{self._source.path(self._name)} is kept, because {self._target.directory} "
                "has not got its data."
            )
        self._source.delete(self._name)

    def cancel(self) -> None:
        """Remove what :meth:`run` has made at the target.

        :raises BlockingIOError: a copy still runs
        :raises VolumeBackendAPIException: the source has not got the data: the target is kept
        """
        self._target.discard_partial(self._name)
        if self._target.size(self._name) is None:
            return
        if self._source.size(self._name) is None:
            raise exception.VolumeBackendAPIException(
                data=f"{self._target.path(self._name)} is kept, because {self._source.directory} "
                "has not got its data."
            )
        self._target.delete(self._name)
