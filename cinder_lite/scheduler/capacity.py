# SPDX-License-Identifier: Apache-2.0
"""How much more a pool can take: the arithmetic that CapacityFilter and CapacityWeigher share.

All sizes are GiB. The terms are those of Cinder's specification "provisioning improvements".
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

INFINITE = "infinite"
UNKNOWN = "unknown"
UNLIMITED = (INFINITE, UNKNOWN)
"""What a backend reports in place of a number that it can not or need not give."""

DEFAULT_RATIO = 20.0
"""max_over_subscription_ratio of a thin pool that reports none; Cinder's default."""

Figure = float | str | None
"""A capacity: GiB, or one of ``UNLIMITED``, or None where nothing was reported."""


def figure(value: Any) -> Figure:
    """Return a reported capacity as a number where it is one.

    :param value: a number, its text, ``infinite``, ``unknown`` or None
    :returns: ``unknown`` for text that means nothing
    """
    if value is None or value in UNLIMITED:
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return UNKNOWN
    if math.isnan(number):
        return UNKNOWN
    return number if math.isfinite(number) else INFINITE


def number(value: Any, default: float = 0.0) -> float:
    """Return a reported figure as a number, ``default`` where it is none."""
    result = figure(value)
    return result if isinstance(result, float) else default


def over_subscription_ratio(
    reported: Any, *, thin_support: bool, total: Figure, free: Figure, provisioned: float
) -> float:
    """Return the ratio of provisioned to physical capacity that a pool allows.

    :param reported: a number, its text, ``auto`` or None
    :returns: 1.0 for a pool that is not thin. ``auto`` gives Cinder's estimate: one more than
        what is provisioned per GiB in use, and the default while nothing is provisioned
    """
    if not thin_support:
        return 1.0
    if reported == "auto":
        if not provisioned or not isinstance(total, float) or not isinstance(free, float):
            return DEFAULT_RATIO
        return 1.0 + provisioned / (total - free + 1.0)
    return number(reported, DEFAULT_RATIO)


def wants_thin(filter_properties: Mapping[str, Any]) -> bool:
    """Tell whether a volume may be thin: unless its type says ``provisioning:type`` thick."""
    volume_type = filter_properties.get("volume_type") or {}
    extra_specs = volume_type.get("extra_specs") or {}
    return bool(extra_specs.get("provisioning:type") != "thick")


@dataclasses.dataclass(frozen=True, slots=True)
class Room:
    """What a pool of known capacity has left for volumes, in GiB."""

    total: float
    reserved: float
    """Kept free by ``reserved_percentage``, whole GiB."""
    physical: float
    """Free on the storage itself beyond the reserved part."""
    virtual: float
    """What may still be provisioned."""
    thin: bool
    """True when ``virtual`` counts on over-subscription."""


def room(
    *,
    total: float,
    free: float,
    provisioned: float,
    reserved_percentage: float,
    ratio: float,
    thin: bool,
) -> Room:
    """Work out what a pool has left.

    A thin pool gives out ``ratio`` times its size less the reserved part. Any other gives out its
    size less the reserved part once, and never more than is physically free: what others keep on
    the same storage counts as well.

    :param provisioned: sum of the sizes of what the pool holds
    :param reserved_percentage: 0 to 100
    :param thin: the volume may be thin and the pool can be
    """
    reserved = float(math.floor(total * reserved_percentage / 100))
    physical = free - reserved
    if thin:
        virtual = (total - reserved) * ratio - provisioned
    else:
        virtual = min(physical, total - reserved - provisioned)
    return Room(total, reserved, round(physical, 2), round(virtual, 2), thin)
