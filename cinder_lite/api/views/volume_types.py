# SPDX-License-Identifier: Apache-2.0
"""What a volume type looks like in answers."""

from __future__ import annotations

from typing import Any

from cinder_lite import policy
from cinder_lite.api.request import Request
from cinder_lite.objects import VolumeType
from cinder_lite.policies import volume_types as rules

_IS_PUBLIC = "os-volume-type-access:is_public"

USER_VISIBLE_SPECS = frozenset({"RESKEY:availability_zones", "multiattach", "replication_enabled"})
"""Extra specs that tell a user what a volume of the type can do; the others name backends."""


def extra_specs(request: Request, volume_type: VolumeType) -> dict[str, str]:
    """Return the extra specs that the caller may see."""
    specs = volume_type.extra_specs
    if policy.allowed(request.context, rules.SPECS_SENSITIVE):
        return dict(specs)
    return {key: value for key, value in specs.items() if key in USER_VISIBLE_SPECS}


def show(request: Request, volume_type: VolumeType, *, with_access: bool = True) -> dict[str, Any]:
    """Return a type as lists and GET show it.

    :param with_access: with os-volume-type-access:is_public, which /types/default lacks
    """
    context = request.context
    answer: dict[str, Any] = {
        "id": volume_type.id,
        "name": volume_type.name,
        "is_public": volume_type.is_public,
        "description": volume_type.description,
    }
    if policy.allowed(context, rules.SEE_EXTRA_SPECS):
        answer["extra_specs"] = extra_specs(request, volume_type)
    if policy.allowed(context, rules.SEE_QOS_SPECS):
        answer["qos_specs_id"] = volume_type.qos_specs_id
    if with_access and policy.allowed(context, rules.ACCESS):
        answer[_IS_PUBLIC] = volume_type.is_public
    return answer


def changed(volume_type: VolumeType, *, with_access: bool) -> dict[str, Any]:
    """Return a type as the answers to POST and PUT show it."""
    answer: dict[str, Any] = {
        "id": volume_type.id,
        "name": volume_type.name,
        "is_public": volume_type.is_public,
        "extra_specs": dict(volume_type.extra_specs),
        "description": volume_type.description,
    }
    if with_access:
        answer[_IS_PUBLIC] = volume_type.is_public
    return answer
