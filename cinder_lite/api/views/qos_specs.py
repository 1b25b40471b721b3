# SPDX-License-Identifier: Apache-2.0
"""What QoS specs look like in answers."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.request import Request
from cinder_lite.api.views import common
from cinder_lite.objects import QosSpecs


def show(specs: QosSpecs) -> dict[str, Any]:
    """Return QoS specs as lists show them."""
    return {
        "id": specs.id,
        "name": specs.name,
        "consumer": specs.consumer,
        "specs": dict(specs.specs),
    }


def detail(request: Request, specs: QosSpecs) -> dict[str, Any]:
    """Return QoS specs as POST and GET answer."""
    return {"qos_specs": show(specs), "links": common.links(request, "qos-specs", specs.id)}
