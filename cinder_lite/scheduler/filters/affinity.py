# SPDX-License-Identifier: Apache-2.0
"""Put a volume where other volumes are, or where they are not."""

from __future__ import annotations

import contextlib

from oslo_utils import uuidutils

from cinder_lite import exception
from cinder_lite.db import volumes
from cinder_lite.scheduler.filters import BaseHostFilter, FilterProperties
from cinder_lite.scheduler.host_state import HostState


class _AffinityFilter(BaseHostFilter):
    """What both filters share: reading the hint and finding the volumes it names."""

    hint = ""
    """Name of the scheduler hint: one volume id, or a list of them."""

    def refusal(self, host_state: HostState, filter_properties: FilterProperties) -> str | None:
        """Return a sentence why a pool may not take the volume, None where it may."""
        named = (filter_properties.get("scheduler_hints") or {}).get(self.hint) or []
        ids = named if isinstance(named, list) else [named]
        strange = [str(one) for one in ids if not uuidutils.is_uuid_like(one)]
        if strange:
            # Serving a request that was misunderstood would be worse than refusing it.
            return f"the hint {self.hint} is not a volume's id: {', '.join(strange)}"
        if not ids:
            return None
        places = _places(ids, filter_properties)
        here = [volume_id for volume_id in ids if places.get(volume_id) == host_state.host]
        return self.judge(ids, here)

    def judge(self, ids: list[str], here: list[str]) -> str | None:
        """Return a sentence, or None where the pool will do.

        :param ids: the volumes that the hint names
        :param here: those of them that are in this pool
        """
        raise NotImplementedError


def _places(ids: list[str], filter_properties: FilterProperties) -> dict[str, str | None]:
    """Return where volumes are; those the caller may not see are left out.

    The answer is kept among the request's properties, so that it is asked once for all pools.
    """
    known: dict[str, str | None] = filter_properties.setdefault("_places", {})
    for volume_id in ids:
        if volume_id not in known:
            known[volume_id] = None
            with contextlib.suppress(exception.VolumeNotFound):
                known[volume_id] = volumes.get(filter_properties["context"], volume_id).host
    return known


class SameBackendFilter(_AffinityFilter):
    """Refuse pools that hold none of the volumes in the hint ``same_host``."""

    hint = "same_host"

    def judge(self, ids: list[str], here: list[str]) -> str | None:
        """Return a sentence, or None where the pool will do."""
        return None if here else f"it holds none of the volumes to be with: {', '.join(ids)}"


class DifferentBackendFilter(_AffinityFilter):
    """Refuse pools that hold any of the volumes in the hint ``different_host``."""

    hint = "different_host"

    def judge(self, ids: list[str], here: list[str]) -> str | None:
        """Return a sentence, or None where the pool will do."""
        return f"it holds volumes to keep away from: {', '.join(here)}" if here else None
