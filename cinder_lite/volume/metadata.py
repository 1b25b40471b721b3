# SPDX-License-Identifier: Apache-2.0
"""What a tenant notes on a volume: written only while nothing depends on its staying the same."""

from __future__ import annotations

from collections.abc import Mapping

from cinder_lite import exception, states
from cinder_lite.db import conditions as cond
from cinder_lite.db import volume_metadata, volumes
from cinder_lite.objects import Volume

_LOCKED = (states.MAINTENANCE, states.UPLOADING)
_UNLOCKED = (
    cond.In(
        "its status is {volume.status}, in which nothing of it may be changed.",
        "status",
        [status for status in states.VOLUME_STATUSES if status not in _LOCKED],
    ),
)


def write(volume: Volume, items: Mapping[str, str], *, whole: bool) -> dict[str, str]:
    """Set items of a volume's metadata and return all of it.

    :param whole: remove the items that are not named
    :raises InvalidVolume: the volume is locked
    """
    written = volume_metadata.write(volume.id, items, _UNLOCKED, whole=whole)
    if written is None:
        raise _refusal(volume)
    return written


def remove(volume: Volume, key: str) -> None:
    """Remove one item.

    :raises InvalidVolume: the volume is locked
    :raises VolumeMetadataNotFound: there is no such item
    """
    if not volume_metadata.remove(volume.id, key, _UNLOCKED):
        raise _refusal(volume)


def _refusal(volume: Volume) -> exception.InvalidVolume:
    reasons = volumes.refusals(volume.id, _UNLOCKED)
    return exception.InvalidVolume(
        reason=f"the metadata of volume {volume.id} can not be changed: "
        + (" Also, ".join(reasons) or "it is being changed by other requests; try again.")
    )
