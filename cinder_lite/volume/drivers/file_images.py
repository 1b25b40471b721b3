# SPDX-License-Identifier: Apache-2.0
"""Images whose files are on the file system of a directory of volumes."""

from __future__ import annotations

import abc
from typing import Any

from oslo_log import log as logging

from cinder_lite.context import RequestContext
from cinder_lite.image import checks, locations
from cinder_lite.objects import Volume
from cinder_lite.volume.drivers import base
from cinder_lite.volume.drivers.file_manage import explained
from cinder_lite.volume.drivers.filestore import FileStore

LOG = logging.getLogger(__name__)

GIB = 1024**3


class SharedImages(base.VolumeDriver):
    """The part of the file driver that lets a volume share an image's blocks."""

    _store: FileStore

    @property
    @abc.abstractmethod
    def _sparse(self) -> bool:
        """True where files need not take all of their space."""

    def clone_image(
        self,
        context: RequestContext,
        volume: Volume,
        image_location: tuple[str | None, list[Any]],
        image_meta: dict[str, Any],
        image_service: Any,
    ) -> tuple[base.ModelUpdate, bool]:
        """Share the blocks of a raw image's file, where the file system has it and can do that.

        The image is not read, so that its checksum is not compared; its format is found out of the
        volume's own file, which nobody else changes.

        :raises ImageUnacceptable: it is not what it claims to be
        """
        url, known = image_location
        path = locations.local_file({**image_meta, "direct_url": url, "locations": known})
        if path is None or not self._sparse or not checks.is_bare(image_meta):
            return None, False
        with (
            explained(f"volume {volume.id} could not be cloned from image {image_meta['id']}"),
            self._store.new(volume.name) as new,
        ):
            if not new.share_blocks_of(path):
                LOG.debug("Volume %s: %s can not share its blocks", volume.id, path)
                return None, False
            facts = checks.inspect(new.path, checks.RAW, image_meta["id"])
            checks.check_virtual_size(facts.virtual_size, volume.size, image_meta["id"])
            new.resize(volume.size * GIB, sparse=True)
            new.publish()
        LOG.info("Volume %s: shares the blocks of image %s", volume.id, image_meta["id"])
        return None, True
