# SPDX-License-Identifier: Apache-2.0
"""Making a volume's data, by what it is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oslo_log import log as logging

from cinder_lite import concurrency
from cinder_lite.context import RequestContext
from cinder_lite.objects import Volume
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.create import spec
from cinder_lite.volume.create.progress import Progress
from cinder_lite.volume.create.spec import VolumeSpec

LOG = logging.getLogger(__name__)

Maker = Callable[[Backend, RequestContext, Volume, VolumeSpec, Progress], dict[str, Any] | None]
"""Makes a volume's data; returns the columns of its row to change.

What fails leaves nothing behind, or something under the volume's name, which the flow removes.
"""

_MAKERS = {
    spec.SNAP: "cinder_lite.volume.create.sources:from_snapshot",
    spec.SOURCE_VOL: "cinder_lite.volume.create.sources:from_volume",
    spec.IMAGE: "cinder_lite.volume.create.from_image:from_image",
}
"""Where the makers are; each brings imports that only its kind of volume needs."""


def create(
    backend: Backend, context: RequestContext, volume: Volume, volume_spec: VolumeSpec
) -> dict[str, Any]:
    """Make a volume's data; return the columns of its row to change."""
    LOG.debug("Volume %s: being created as %s", volume.id, volume_spec)
    make = _maker(volume_spec.type)
    with Progress(volume.id) as progress:
        return make(backend, context, volume, volume_spec, progress) or {}


def _maker(kind: str) -> Maker:
    if kind == spec.RAW:
        return _raw
    module, _, name = _MAKERS[kind].partition(":")
    made: Maker = getattr(concurrency.library(module), name)
    return made


def _raw(
    backend: Backend,
    context: RequestContext,
    volume: Volume,
    volume_spec: VolumeSpec,
    progress: Progress,
) -> dict[str, Any] | None:
    return backend.driver.create_volume(volume)
