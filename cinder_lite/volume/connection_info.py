# SPDX-License-Identifier: Apache-2.0
"""What Nova and os-brick are told of a connection beside what the driver says."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception
from cinder_lite.context import RequestContext
from cinder_lite.db import qos_specs, volume_admin_metadata, volume_types
from cinder_lite.objects import Volume, VolumeType

READ_WRITE, READ_ONLY = "rw", "ro"
_TUNED = tuple(
    f"{kind}_{unit}_sec" for kind in ("read", "write", "total") for unit in ("iops", "bytes")
)
"""Limits that may be given per GiB."""


def access_mode(volume: Volume, connector: dict[str, Any]) -> str:
    """Return how a connector may use a volume, ``rw`` or ``ro``.

    A volume that is marked read-only is so for everybody. Otherwise the connector's ``mode``
    counts, which an attachment puts there, and without one the mode of the last ``os-attach``.
    """
    notes = volume_admin_metadata.get(volume.id)
    if notes.get("readonly") == "True":
        return READ_ONLY
    mode = connector.get("mode") or notes.get("attached_mode") or READ_WRITE
    if mode not in (READ_WRITE, READ_ONLY):
        raise exception.InvalidInput(
            reason=f"the mode of a connection to volume {volume.id} must be rw or ro, not {mode!r}."
        )
    return str(mode)


def complete(
    context: RequestContext,
    volume: Volume,
    connector: dict[str, Any],
    info: dict[str, Any],
    *,
    mode: str,
    discard: bool,
) -> dict[str, Any]:
    """Return a driver's answer with what every driver's answer has.

    :param info: ``{'driver_volume_type': …, 'data': {…}}``
    :param mode: ``rw`` or ``ro``
    :param discard: the backend's ``report_discard_supported``
    """
    volume_type = _type_of(context, volume)
    data = {
        "encrypted": bool(volume.encryption_key_id),
        **info["data"],
        "qos_specs": _qos_specs(volume, volume_type),
        "access_mode": mode,
        "enforce_multipath": bool(connector.get("enforce_multipath", False)),
    }
    if volume_type is not None:
        wanted = volume_type.extra_specs.get("cacheable") == "<is> True"
        data["cacheable"] = wanted and bool(data.get("cacheable", True))
    if discard:
        data.setdefault("discard", True)
    return {**info, "data": data}


def _type_of(context: RequestContext, volume: Volume) -> VolumeType | None:
    if volume.volume_type_id is None:
        return None
    try:
        return volume_types.get(context.elevated(), volume.volume_type_id)
    except exception.VolumeTypeNotFound:  # deleted since
        return None


def _qos_specs(volume: Volume, volume_type: VolumeType | None) -> dict[str, str | int] | None:
    """Return the limits that the compute node shall keep; None where there are none for it."""
    if volume_type is None or volume_type.qos_specs_id is None:
        return None
    try:
        found = qos_specs.get(volume_type.qos_specs_id)
    except exception.NotFound:  # deleted since
        return None
    if found.consumer not in ("front-end", "both"):
        return None
    specs: dict[str, str | int] = dict(found.specs)
    for limit in _TUNED:
        if f"{limit}_per_gb" in specs:
            wanted = int(specs.pop(f"{limit}_per_gb")) * volume.size
            wanted = max(wanted, int(specs.pop(f"{limit}_per_gb_min", 0)))
            specs[limit] = min(wanted, int(specs.pop(f"{limit}_max", wanted)))
    return specs


def same_node(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell whether two connectors are one node's: by its initiator, or without any by its name."""
    for key in ("initiator", "nqn", "host"):
        if one.get(key) or other.get(key):
            return str(one.get(key)).lower() == str(other.get(key)).lower()
    return False
