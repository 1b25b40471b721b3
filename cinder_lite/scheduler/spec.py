# SPDX-License-Identifier: Apache-2.0
"""The request spec: what a request says of its volume."""

from __future__ import annotations

from typing import Any

from cinder_lite.context import RequestContext
from cinder_lite.db import volumes
from cinder_lite.volume.create.spec import request_spec, volume_type_of


def complete(context: RequestContext, spec: dict[str, Any]) -> None:
    """Fill in what a request did not say of its volume, from the volume's row.

    :param spec: with ``volume_id``
    :raises VolumeNotFound: there is no such volume
    """
    if not spec.get("volume_properties"):
        volume = volumes.get(context.elevated(), spec["volume_id"])
        of_row = request_spec(volume, volume_type_of(context, volume))
        spec |= {**of_row, **spec}
